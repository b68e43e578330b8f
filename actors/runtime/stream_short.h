// Whether a stream that ends before what was read of it has really lost its end. A leader that was
// just elected may not know its own end yet, and an election takes up to nine seconds: only what
// was seen short again and again for longer than that, under one leader, and with no look between
// that said otherwise or was not answered, is. Pure; the watchdog's thread.
#ifndef CAVEA_ACTORS_RUNTIME_STREAM_SHORT_H
#define CAVEA_ACTORS_RUNTIME_STREAM_SHORT_H

#include "schemas/id.h"

enum {
    STREAM_SHORT_MS = 12000,
    STREAM_SHORT_ALONE_MS = 2000, // one copy
    STREAM_LOOKS_APART_MS = 5000,
    STREAM_LEADER_BYTES = 64,
};

typedef struct stream_short {
    int64_t patience_ms;         // one of the two above
    int64_t since_us, looked_us; // monotonic; since_us 0: it is not
    char leader[STREAM_LEADER_BYTES];
} stream_short;

// Notes a look: it was answered (by the leader, "" when there is but one server), and the stream
// was short. True: it has lost its end.
MUST_CHECK bool stream_short_note(stream_short *s, bool is_short, const char *leader,
                                  int64_t now_us);
// A look that was not answered, or the stream is another one by now.
void stream_short_forget(stream_short *s);

#endif
