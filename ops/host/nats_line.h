// A connection for sending to NATS, whose messages leave when their author says so. By itself
// nats.c either makes a system call for every message, or has a thread that waits up to a
// millisecond for more of them. On a line, whatever a thread publishes between nats_line_begin and
// nats_line_end leaves in one send. It stands on the event loop interface of nats.c
// (natsOptions_SetEventLoop), whose loop is one thread of the line. Knows nothing of subjects and
// messages. A line is no place to receive: in that mode nats.c 3.4 to 3.10 keeps the half of a
// message that a lost connection has left in its parser, and takes the start of the next connection
// for its end. Threads: any. A thread is inside one line at a time, and does nothing there that
// waits.
#ifndef CAVEA_OPS_HOST_NATS_LINE_H
#define CAVEA_OPS_HOST_NATS_LINE_H

#include "schemas/id.h"

#include <nats/nats.h>

typedef struct nats_line nats_line;

// Connects as the options say (they are borrowed until return). NATS_NOT_YET_CONNECTED with
// natsOptions_SetRetryOnFailedConnect: *ret_line is good, and goes on trying.
MUST_CHECK natsStatus nats_line_open(natsOptions *options, nats_line **ret_line);
natsConnection *nats_line_connection(const nats_line *line);
// Between these two what this thread publishes stays here; the outermost end sends it. What other
// threads publish meanwhile may take it along. While there is no connection it goes where
// natsOptions_SetReconnectBufSize says. When the server has not read for so long that a few
// megabytes wait, the end waits for it, a second at most: the library's own write deadline means
// nothing here.
void nats_line_begin(nats_line *line);
void nats_line_end(nats_line *line);
// Closes the connection and ends the thread.
void nats_line_close(nats_line *line);
void nats_line_free(nats_line **line); // destroys the connection; NULL is fine

// Destroys a message of any connection, at the latest with the 63 that come after it.
// natsMsg_Destroy leaves that to a thread of its own, which it wakes with a system call for each
// message that comes alone; here many go together.
void nats_discard(natsMsg *message);
// Before nats_CloseAndWait: what is left. Nobody discards any more.
void nats_discard_rest(void);

#endif
