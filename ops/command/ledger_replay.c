#include "ops/command/ledger_replay.h"

#include "actors/event/codec.h"
#include "actors/runtime/event_restore.h"
#include "schemas/arena.h"
#include "schemas/digest.h"
#include "store/load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { FACTS_PER_PAGE = 4096, SCRATCH_BYTES = 64 * 1024, FACT_MEMORY_BYTES = 64 * 1024 };

typedef struct replay {
    connection *database;
    const event_id *id;
    progress *shown;
    params scratch;
    arena memory; // of the fact being read
    event_image image;
    plan *plan;
    event_state *facts, *rows; // the state by facts, the state by rows
    digest32 head;
    int64_t now_us;
    ledger_finding *found;
} replay;

static void replay_done(replay *r)
{
    event_state_free(r->facts);
    event_state_free(r->rows);
    plan_free(r->plan);
    event_image_done(&r->image);
    arena_done(&r->memory);
    params_done(&r->scratch);
}

__attribute__((format(printf, 3, 4))) static ledger_verdict verdict(replay *r, ledger_verdict what,
                                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->found->difference, sizeof r->found->difference, format, arguments);
    va_end(arguments);
    return what;
}

static ledger_verdict unreadable(replay *r)
{
    return verdict(r, LEDGER_UNREADABLE, "%s", connection_error(r->database));
}

static ledger_verdict image_load(replay *r)
{
    char problem[PLAN_PROBLEM_BYTES];
    if (connection_prepare(r->database, load_event_statements, LOAD_EVENT_STATEMENTS) != STORE_OK ||
        connection_prepare(r->database, load_statements, LOAD_STATEMENTS) != STORE_OK ||
        load_now(r->database, &r->now_us) != STORE_OK)
        return unreadable(r);
    store_result result = load_event(r->database, &r->scratch, r->id, NULL, 0, &r->image);
    if (result == STORE_REFUSED)
        return verdict(r, LEDGER_BROKEN, "a fact of a refused payment cannot be read");
    if (result != STORE_OK)
        return unreadable(r);
    if (r->image.status == 0)
        return verdict(r, LEDGER_UNKNOWN, "there is no such event");
    if (!plan_decode(r->image.packed_plan, r->image.packed_plan_bytes, &r->plan, problem))
        return verdict(r, LEDGER_BROKEN, "the event's plan is damaged: %s", problem);
    // Every event begins as scheduled; all that came later are facts.
    static const event_terms none;
    event_config config = event_image_config(&r->image, &none);
    event_seats seats = event_plan_seats(r->plan);
    config.status = EVENT_SCHEDULED;
    r->facts = event_state_new(&config, &seats);
    r->rows = event_image_restore(&r->image, r->plan, &none, r->now_us);
    if (r->facts == NULL)
        return verdict(r, LEDGER_UNREADABLE, "out of memory");
    if (r->rows == NULL)
        return verdict(r, LEDGER_BROKEN, "the rows cannot be: a seat is unknown or has two owners");
    return LEDGER_AGREES;
}

static bool seats_available(const replay *r, const event_fact *f)
{
    for (uint32_t i = 0; i < f->seats_count; i++)
        if (event_seat_state(r->facts, f->seats[i]) != SEAT_AVAILABLE)
            return false;
    return true;
}

// What apply takes for granted, because decide made sure of it.
static bool fact_possible(const replay *r, const event_fact *f)
{
    event_reservation before;
    bool known = event_find(r->facts, &f->reservation, &before);
    for (uint32_t i = 0; i < f->seats_count; i++)
        if (f->seats[i] >= r->plan->seats_count)
            return false;
    switch (f->type) {
    case EVENT_FACT_HELD:
        return !known && seats_available(r, f);
    case EVENT_FACT_ENDED:
        return known && before.state == (f->state == RESERVATION_REFUNDED ? RESERVATION_CONFIRMED
                                                                          : RESERVATION_HELD);
    case EVENT_FACT_CHECKOUT_STARTED:
        return known && before.state == RESERVATION_HELD;
    case EVENT_FACT_CONFIRMED:
        return known && (before.state == RESERVATION_HELD ||
                         (before.state == RESERVATION_EXPIRED &&
                          before.seats_count == f->seats_count && seats_available(r, f)));
    case EVENT_FACT_PAYMENT_REFUSED:
    case EVENT_FACT_STATUS_CHANGED:
    case EVENT_FACT_MESSAGE_REJECTED:
        return true;
    }
    return false;
}

static ledger_verdict fact_fold(replay *r, const stored_fact *fact, const uint8_t *payload)
{
    event_fact f;
    int64_t seq = r->found->facts + 1;
    if (fact->seq != seq)
        return verdict(r, LEDGER_BROKEN, "fact %" PRId64 " is missing", seq);
    digest32 hash = fact_hash(&r->head, seq, fact->kind, payload, fact->payload_bytes);
    if (!digest32_equal(&hash, &fact->hash))
        return verdict(r, LEDGER_BROKEN, "fact %" PRId64 " does not have the hash it must have",
                       seq);
    arena_reset(&r->memory);
    if (!event_fact_read(payload, fact->payload_bytes, &r->memory.allocator, &f) ||
        (uint16_t)f.type != fact->kind)
        return verdict(r, LEDGER_BROKEN, "fact %" PRId64 " cannot be read", seq);
    if (!fact_possible(r, &f))
        return verdict(r, LEDGER_BROKEN, "fact %" PRId64 " contradicts those before it", seq);
    if (!event_make_room(r->facts, 1, f.at_us))
        return verdict(r, LEDGER_UNREADABLE, "out of memory");
    event_apply(r->facts, &f);
    r->head = hash;
    r->found->facts = seq;
    return LEDGER_AGREES;
}

// Up to the fact that the rows are the outcome of; later ones came while we read.
static ledger_verdict facts_fold(replay *r)
{
    const actor_ref actor = actor_of_event(r->id);
    ledger_verdict v = LEDGER_AGREES;
    while (v == LEDGER_AGREES && r->found->facts < r->image.last_seq) {
        fact_page page __attribute__((cleanup(fact_page_done))) = {0};
        if (load_facts(r->database, &r->scratch, &actor.id, r->found->facts, FACTS_PER_PAGE,
                       &page) != STORE_OK)
            return unreadable(r);
        if (page.facts_count == 0)
            return verdict(r, LEDGER_BROKEN, "fact %" PRId64 " is missing", r->found->facts + 1);
        for (uint32_t i = 0; v == LEDGER_AGREES && i < page.facts_count; i++)
            if (r->found->facts < r->image.last_seq)
                v = fact_fold(r, &page.facts[i], page.bytes + page.facts[i].payload_at);
        progress_show(r->shown, r->found->facts, r->image.last_seq);
    }
    if (v == LEDGER_AGREES && !digest32_equal(&r->head, &r->image.last_hash))
        return verdict(r, LEDGER_BROKEN,
                       "the event's row has another hash than its last fact, %" PRId64,
                       r->found->facts);
    return v;
}

static const char *seat_word(seat_state state)
{
    static const char *const words[] = {"available", "held", "sold", "blocked"};
    return words[state];
}

static ledger_verdict reservations_compare(replay *r)
{
    char id[UUID_TEXT_BYTES];
    for (uint32_t i = 0; i < r->image.reservations_count; i++) {
        const event_image_reservation *row = &r->image.reservations[i];
        event_reservation by_facts;
        if (row->state != RESERVATION_HELD && row->state != RESERVATION_CONFIRMED)
            continue;
        uuid_format(&row->id.u, id);
        if (!event_find(r->facts, &row->id, &by_facts))
            return verdict(r, LEDGER_BROKEN, "reservation %s has no fact", id);
        if (!uuid_equal(&by_facts.buyer.u, &row->buyer.u))
            return verdict(r, LEDGER_BROKEN, "reservation %s belongs to another buyer by its facts",
                           id);
        if (by_facts.expires_us != row->expires_us)
            return verdict(r, LEDGER_BROKEN, "reservation %s has another deadline by its facts",
                           id);
        if (by_facts.total_minor != row->total_minor)
            return verdict(r, LEDGER_BROKEN,
                           "reservation %s costs %" PRId64 " by its facts, %" PRId64 " by its row",
                           id, by_facts.total_minor, row->total_minor);
        if (!uuid_equal(&by_facts.payment.u, &row->payment.u))
            return verdict(r, LEDGER_BROKEN, "reservation %s has another payment by its facts", id);
    }
    return verdict(r, LEDGER_BROKEN, "the reservations differ in what their keys stand for");
}

// The first difference, in words.
static ledger_verdict states_compare(replay *r)
{
    r->found->head = r->head;
    r->found->replayed = event_digest(r->facts);
    r->found->stored = event_digest(r->rows);
    for (uint32_t seat = 0; seat < r->plan->seats_count; seat++) {
        seat_state by_facts = event_seat_state(r->facts, seat);
        seat_state by_rows = event_seat_state(r->rows, seat);
        r->found->held += by_rows == SEAT_HELD;
        r->found->sold += by_rows == SEAT_SOLD;
        if (by_facts != by_rows)
            return verdict(r, LEDGER_BROKEN, "seat %s is %s by the facts and %s by the rows",
                           plan_seat_id(r->plan, seat), seat_word(by_facts), seat_word(by_rows));
    }
    if (digest32_equal(&r->found->replayed, &r->found->stored))
        return LEDGER_AGREES;
    if (event_config_of(r->facts)->status != event_config_of(r->rows)->status)
        return verdict(r, LEDGER_BROKEN, "the event's status is %d by the facts and %d by its row",
                       (int)event_config_of(r->facts)->status,
                       (int)event_config_of(r->rows)->status);
    return reservations_compare(r);
}

ledger_verdict ledger_replay(connection *c, const event_id *id, progress *p,
                             ledger_finding *ret_finding)
{
    *ret_finding = (ledger_finding){.facts = 0};
    __attribute__((cleanup(replay_done)))
    replay r = {.database = c, .id = id, .shown = p, .found = ret_finding};
    if (!params_init(&r.scratch, SCRATCH_BYTES) || !arena_init(&r.memory, FACT_MEMORY_BYTES))
        return verdict(&r, LEDGER_UNREADABLE, "out of memory");
    ledger_verdict v = image_load(&r);
    if (v == LEDGER_AGREES)
        v = facts_fold(&r);
    return v == LEDGER_AGREES ? states_compare(&r) : v;
}
