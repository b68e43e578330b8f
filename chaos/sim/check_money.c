// Money, after every commit: each payment's balances in the books are those that follow from its
// row, every transaction sums to zero and has a fact of the same commit as its reason, and what was
// captured less what went back is what the sold seats cost, what was kept, and what is undecided.
#include "actors/event/event.h"
#include "actors/payment/posting.h"
#include "chaos/sim/world.h"

static int64_t sum_of(const posting_row *p)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < p->lines_count; i++)
        sum += p->amounts_minor[i];
    return sum;
}

static bool has_reason(const journal *j, const posting_row *p)
{
    for (uint32_t i = 0; i < j->facts_count; i++)
        if (j->facts[i].seq == p->seq && uuid_equal(&j->facts[i].actor.u, &p->actor.u))
            return true;
    return false;
}

const char *postings_refused(const journal *j)
{
    for (uint32_t i = 0; i < j->postings_count; i++) {
        const posting_row *p = &j->postings[i];
        if (p->lines_count < 2 || p->lines_count > POSTING_LINES_MAX || sum_of(p) != 0)
            return "a posting does not sum to zero";
        if (!has_reason(j, p))
            return "a posting has no fact";
        if (i > 0 && p->seq == p[-1].seq && uuid_equal(&p->actor.u, &p[-1].actor.u))
            return "a fact has two postings";
    }
    return NULL;
}

void posting_write(world *w, const posting_row *p)
{
    uint32_t n = key_map_get(&w->by_payment, &p->payment);
    if (n == KEY_MAP_NONE)
        return broken(w, "a posting names a payment that never was");
    if (memcmp(p->currency, w->payments[n].currency, sizeof p->currency) != 0)
        broken(w, "a posting is in %.3s and its payment's money in %.3s", p->currency,
               w->payments[n].currency);
    for (uint32_t i = 0; i < p->lines_count; i++)
        w->books[n].minor[p->accounts[i]] += p->amounts_minor[i];
}

static posting_basis basis_of(const payment_row *p)
{
    return (posting_basis){.state = (payment_state)p->state,
                           .captured_minor = p->captured_minor,
                           .kept_minor = p->kept_minor,
                           .fee_bp = (uint32_t)p->fee_bp,
                           .tax_bp = (uint32_t)p->tax_bp};
}

// Whether seats are sold for this payment; then at their price.
static bool sells(world *w, const payment_row *p)
{
    uint32_t n = key_map_get(&w->by_reservation, &p->reservation);
    if (n == KEY_MAP_NONE)
        return false;
    const event_image_reservation *r = &w->reservations[n].row;
    if (r->state != RESERVATION_CONFIRMED || !uuid_equal(&r->payment.u, &p->id.u))
        return false;
    if (p->captured_minor != r->total_minor)
        broken(w, "seats for %lld are sold for %lld", (long long)r->total_minor,
               (long long)p->captured_minor);
    if (p->state != PAYMENT_CAPTURED && p->state != PAYMENT_CONFIRMED)
        broken(w, "seats are sold for a payment in state %d", p->state);
    return true;
}

static void check_balances(world *w, uint32_t n)
{
    int64_t must_be[ACCOUNTS_END];
    posting_basis b = basis_of(&w->payments[n]);
    posting_balances(&b, must_be);
    for (posting_account a = ACCOUNT_CLEARING; a < ACCOUNTS_END; a++)
        if (w->books[n].minor[a] != must_be[a])
            broken(w, "account %d has %lld of a payment in state %d, not %lld", (int)a,
                   (long long)w->books[n].minor[a], w->payments[n].state, (long long)must_be[a]);
}

void check_money(world *w)
{
    int64_t taken = 0, sold = 0, retained = 0, undecided = 0, seats = 0;
    for (uint32_t i = 0; i < w->payments_count; i++) {
        const payment_row *p = &w->payments[i];
        const int64_t *book = w->books[i].minor;
        check_balances(w, i);
        taken += p->captured_minor - p->refunded_minor;
        retained -= book[ACCOUNT_RETAINED];
        int64_t open = -book[ACCOUNT_UNDECIDED] - book[ACCOUNT_REFUND_DUE];
        int64_t earned = -book[ACCOUNT_ORGANIZER] - book[ACCOUNT_FEES] - book[ACCOUNT_TAX];
        // The seats say first that they are sold, or given back; the payment hears of it.
        bool is_sale = p->captured_minor > 0 && sells(w, p);
        sold += is_sale ? open + earned : 0;
        undecided += is_sale ? 0 : open + earned;
    }
    for (uint32_t i = 0; i < w->reservations_count; i++)
        if (w->reservations[i].row.state == RESERVATION_CONFIRMED)
            seats += w->reservations[i].row.total_minor;
    if (seats != sold)
        broken(w, "seats for %lld are sold, and %lld was taken for them", (long long)seats,
               (long long)sold);
    if (taken != sold + retained + undecided)
        broken(w, "%lld was taken: %lld for seats, %lld kept, %lld undecided", (long long)taken,
               (long long)sold, (long long)retained, (long long)undecided);
}

void check_money_end(world *w)
{
    int64_t clearing = 0, taken = 0;
    for (uint32_t i = 0; i < w->payments_count; i++) {
        const int64_t *book = w->books[i].minor;
        if (book[ACCOUNT_UNDECIDED] != 0 || book[ACCOUNT_REFUND_DUE] != 0)
            broken(w, "in the end a payment in state %d has %lld undecided and %lld due",
                   w->payments[i].state, (long long)-book[ACCOUNT_UNDECIDED],
                   (long long)-book[ACCOUNT_REFUND_DUE]);
        clearing += book[ACCOUNT_CLEARING];
        taken += w->payments[i].captured_minor - w->payments[i].refunded_minor;
    }
    if (clearing != taken)
        broken(w, "the provider has %lld of ours by the books and %lld by the payments",
               (long long)clearing, (long long)taken);
}
