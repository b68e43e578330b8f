#include "actors/runtime/payment_posting.h"

#include "actors/payment/posting.h"

#include <assert.h>

static posting_basis basis_of(const payment *p)
{
    return (posting_basis){.state = p->state,
                           .captured_minor = p->captured_minor,
                           .kept_minor = p->kept_minor,
                           .fee_bp = p->fee_bp,
                           .tax_bp = p->tax_bp};
}

void payment_post(const payment *before, const payment *after, turn *t)
{
    posting_basis old = basis_of(before), new = basis_of(after);
    posting_line lines[POSTING_LINES_MAX];
    uint32_t count = posting_lines(&old, &new, lines);
    if (count == 0)
        return;
    journal *j = turn_journal(t);
    assert(j->facts_count > 0 && j->postings_count < JOURNAL_ROWS_MAX);
    const fact_row *why = &j->facts[j->facts_count - 1];
    posting_row *row = &j->postings[j->postings_count++];
    *row = (posting_row){.actor = why->actor,
                         .seq = why->seq,
                         .event = after->event,
                         .payment = after->id,
                         .at_us = why->at_us,
                         .lines_count = count};
    memcpy(row->currency, after->currency, sizeof row->currency);
    for (uint32_t i = 0; i < count; i++) {
        row->accounts[i] = lines[i].account;
        row->amounts_minor[i] = lines[i].amount_minor;
    }
}
