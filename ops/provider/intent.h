// What can be done to a payment intent, and what it does to the books and the webhooks. Answers in
// Stripe's shape. Wants the books' mutex held; the logbook is committed by the caller.
#ifndef CAVEA_OPS_PROVIDER_INTENT_H
#define CAVEA_OPS_PROVIDER_INTENT_H

#include "ops/provider/answer.h"
#include "ops/provider/books.h"

// amount, currency, metadata, receipt_email, description, payment_method, confirm; other
// parameters are accepted and ignored.
void intent_create(books *b, const form *f, answer *a);
// payment_method: a test method, or NULL for the one the intent has.
void intent_confirm(books *b, intent *i, const char *payment_method, answer *a);
void intent_cancel(books *b, intent *i, const form *f, answer *a);
// A payment that was processing succeeds.
void intent_settle(books *b, intent *i);

// payment_intent, amount, reason, metadata.
void refund_create(books *b, const form *f, answer *a);
void refund_settle(books *b, refund *r);

// Settles what is due; returns when the next one is, INT64_MAX for never.
int64_t books_settle(books *b, int64_t now_us);
int64_t books_settle_next_us(const books *b); // the same without settling anything

#endif
