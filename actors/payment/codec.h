// Payment commands and facts between plain structs and cavea.v1 messages. Refuses what has a wrong
// length, a text that does not fit or an unknown number; allocates nothing. Pure; any thread.
#ifndef CAVEA_ACTORS_PAYMENT_CODEC_H
#define CAVEA_ACTORS_PAYMENT_CODEC_H

#include "actors/payment/payment.h"
#include "schemas/cavea.pb-c.h"

// Reads a command of this kind; now_us is the caller's. ERROR_MALFORMED for anything else.
MUST_CHECK error_code payment_command_read(const Cavea__V1__Command *message,
                                           payment_command *ret_command);
uint16_t payment_fact_kind_of(const payment_fact *f);
// The stored and published form: without the secret, the address to pay at, and the buyer. Borrows
// from f, which must outlive it.
void payment_fact_write(const payment_fact *f, Cavea__V1__PaymentFact *ret_message);
// Reads a stored payload of this kind back; false: not a fact we know. Secrets stay empty.
MUST_CHECK bool payment_fact_read(const Cavea__V1__PaymentFact *message, uint16_t kind,
                                  payment_fact *ret_fact);
// Borrows from p.
void payment_view_write(const payment *p, Cavea__V1__PaymentView *ret_view);

#endif
