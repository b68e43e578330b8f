// Ticket commands and facts between plain structs and cavea.v1 messages. Refuses what has a wrong
// length or does not fit; allocates nothing. Pure; any thread.
#ifndef CAVEA_ACTORS_TICKET_CODEC_H
#define CAVEA_ACTORS_TICKET_CODEC_H

#include "actors/ticket/ticket.h"
#include "schemas/cavea.pb-c.h"

// Reads a command of this kind; its texts are borrowed from the message, now_us is the caller's.
// ERROR_MALFORMED for anything else.
MUST_CHECK error_code ticket_command_read(const Cavea__V1__Command *message,
                                          ticket_command *ret_command);
// The stored and published form, without the signed texts. Borrows from f.
void ticket_fact_write(const ticket_fact *f, Cavea__V1__TicketFact *ret_message);

#endif
