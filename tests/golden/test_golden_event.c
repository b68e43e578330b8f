// Plays event/*.txt: commands to the event core, and the facts and answers they give. Every fact
// takes effect in the form in which it is stored.
#include "actors/event/codec.h"
#include "schemas/digest.h"
#include "tests/golden/transcript.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define START_US (INT64_C(1800000000) * 1000000)

enum { SEATS_MAX = 4096 };

typedef struct stage {
    event_state *state;
    int64_t now_us;
    uint16_t section[SEATS_MAX];
    uint8_t category[SEATS_MAX], flags[SEATS_MAX];
    uint32_t right[SEATS_MAX];
} stage;

typedef struct words {
    char *const *list;
    uint32_t count;
} words;

// Names have up to eight characters and travel in the random bits of their ids, which were all made
// when the sale began.
static uuid id_of(const char *name)
{
    uuid id = uuid_v7_floor(START_US / 1000);
    memcpy(id.bytes + 8, name, strnlen(name, 8));
    return id;
}

static const char *name_of(const uuid *id)
{
    static char names[8][9];
    static unsigned next;
    char *name = names[next++ % 8];
    memcpy(name, id->bytes + 8, 8);
    name[8] = 0;
    return name;
}

static digest16 hash_of(const char *buyer, const char *route, const char *key)
{
    buyer_id id = {id_of(buyer)};
    return idempotency_key_hash(&id, route, key, strlen(key));
}

static double seconds_of(int64_t us)
{
    return (double)(us - START_US) / 1e6;
}

static const char *const status_names[] = {"",       "scheduled", "on_sale",
                                           "paused", "closed",    "cancelled"};
static const char *const state_names[RESERVATION_STATES_END] = {"",        "held",      "confirmed",
                                                                "expired", "cancelled", "refunded"};
static const char *const outcome_names[PAYMENT_OUTCOMES_END] = {"", " as_held", " same_seats_again",
                                                                " other_seats", " sent_back"};

static event_status status_of(const char *name)
{
    for (int i = EVENT_SCHEDULED; i <= EVENT_CANCELLED; i++)
        if (strcmp(name, status_names[i]) == 0)
            return (event_status)i;
    return (event_status)9;
}

static const char *list_of(const uint32_t *seats, uint32_t count)
{
    static char texts[4][128];
    static unsigned next;
    char *text = texts[next++ % 4];
    size_t at = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, sizeof texts[0] - at, "%s%u", i ? "," : "", seats[i]);
    return text;
}

static void held_say(transcript *t, const event_fact *f)
{
    char prices[256] = "";
    size_t at = 0;
    for (uint32_t i = 0; i < f->seats_count; i++)
        at += (size_t)snprintf(prices + at, sizeof prices - at, "%s%lld", i ? "," : "",
                               (long long)f->price_minor[i]);
    transcript_say(t, "fact held %s by %s seats=%s prices=%s until=%g", name_of(&f->reservation.u),
                   name_of(&f->buyer.u), list_of(f->seats, f->seats_count), prices,
                   seconds_of(f->expires_us));
}

static void ended_say(transcript *t, const event_fact *f)
{
    char money[128] = "";
    if (f->state == RESERVATION_REFUNDED)
        snprintf(money, sizeof money, " payment=%s refund=%lld %s", name_of(&f->payment.u),
                 (long long)f->refund_minor, error_info_of(f->reason)->name);
    else if (!uuid_is_zero(&f->payment.u))
        snprintf(money, sizeof money, " gives up payment=%s", name_of(&f->payment.u));
    transcript_say(t, "fact ended %s %s seats=%s%s", name_of(&f->reservation.u),
                   state_names[f->state], list_of(f->seats, f->seats_count), money);
}

static void fact_say(transcript *t, const event_fact *f)
{
    const char *reservation = name_of(&f->reservation.u), *payment = name_of(&f->payment.u);
    switch (f->type) {
    case EVENT_FACT_HELD:
        held_say(t, f);
        return;
    case EVENT_FACT_ENDED:
        ended_say(t, f);
        return;
    case EVENT_FACT_CHECKOUT_STARTED:
        transcript_say(t, "fact checkout_started %s by %s payment=%s %lld %s until=%g%s",
                       reservation, name_of(&f->buyer.u), payment, (long long)f->amount_minor,
                       f->currency, seconds_of(f->expires_us),
                       f->other_seats ? " other_seats" : "");
        return;
    case EVENT_FACT_CONFIRMED:
        transcript_say(t, "fact confirmed %s by %s payment=%s seats=%s%s fee_bp=%u tax_bp=%u",
                       reservation, name_of(&f->buyer.u), payment,
                       list_of(f->seats, f->seats_count), outcome_names[f->outcome], f->fee_bp,
                       f->tax_bp);
        return;
    case EVENT_FACT_PAYMENT_REFUSED:
        transcript_say(t, "fact payment_refused %s payment=%s %s", reservation, payment,
                       error_info_of(f->reason)->name);
        return;
    case EVENT_FACT_STATUS_CHANGED:
        transcript_say(t, "fact status_changed %s", status_names[f->status]);
        return;
    case EVENT_FACT_MESSAGE_REJECTED:
        return;
    }
}

static void reservation_say(stage *s, transcript *t, const reservation_id *id, bool replayed)
{
    event_reservation r;
    if (!event_find(s->state, id, &r))
        return;
    char refund[64] = "";
    if (r.state == RESERVATION_CONFIRMED)
        snprintf(refund, sizeof refund, " refund_now=%lld",
                 (long long)event_refund_now(s->state, &r, s->now_us));
    else if (r.state == RESERVATION_REFUNDED)
        snprintf(refund, sizeof refund, " refund=%lld", (long long)r.refund_minor);
    transcript_say(t, "answer %s %s seats=%s total=%lld until=%g payment=%s%s%s%s",
                   name_of(&r.id.u), state_names[r.state], list_of(r.seats, r.seats_count),
                   (long long)r.total_minor, seconds_of(r.expires_us), name_of(&r.payment.u),
                   outcome_names[r.outcome], refund, replayed ? " replayed" : "");
}

static void refusal_say(transcript *t, const event_effects *e)
{
    if (e->conflicts_count > 0)
        transcript_say(t, "refused %s gone=%s alternatives=%s", error_info_of(e->refusal)->name,
                       list_of(e->conflicts, e->conflicts_count),
                       list_of(e->alternatives, e->alternatives_count));
    else
        transcript_say(t, "refused %s", error_info_of(e->refusal)->name);
}

// Through the stored form and back, as a replay would see it.
static event_fact stored(const event_fact *f)
{
    uint8_t payload[1024];
    event_fact_message storage;
    event_fact read;
    const ProtobufCMessage *m = event_fact_write(f, &storage);
    assert_true(protobuf_c_message_get_packed_size(m) <= sizeof payload);
    assert_true(event_fact_read(payload, protobuf_c_message_pack(m, payload), NULL, &read));
    return read;
}

static void command_run(stage *s, transcript *t, event_command *c)
{
    event_effects e;
    c->now_us = s->now_us;
    assert_true(event_make_room(s->state, 1, s->now_us));
    event_decide(s->state, c, &e);
    if (e.refusal != ERROR_NONE)
        refusal_say(t, &e);
    for (uint32_t i = 0; i < e.facts_count; i++) {
        event_fact f = stored(&e.facts[i]);
        fact_say(t, &f);
        event_apply(s->state, &f);
    }
    if (e.payment_asked)
        transcript_say(t, "payment is started");
    if (e.payment_decided)
        transcript_say(t, "payment is %s", e.payment_confirmed ? "taken" : "sent back");
    if (c->type == EVENT_COMMAND_REFUND_ALL)
        transcript_say(t, "left %u%s", event_confirmed(s->state), e.more ? ", more at once" : "");
    if (e.refusal == ERROR_NONE || e.refusal == ERROR_REFUND_CHANGED)
        reservation_say(s, t, &e.reservation, e.replayed);
}

// "3,5-8"
static void flags_set(stage *s, const char *list, seat_flag flag)
{
    for (char *end; *list; list = *end == ',' ? end + 1 : end) {
        long first = strtol(list, &end, 10), last = *end == '-' ? strtol(end + 1, &end, 10) : first;
        for (long seat = first; seat <= last; seat++)
            s->flags[seat] = (uint8_t)flag;
    }
}

static void house_step(stage *s, words w)
{
    uint32_t count = (uint32_t)transcript_number(w.list, w.count, "seats", 12);
    uint32_t sections = (uint32_t)transcript_number(w.list, w.count, "sections", 1);
    uint32_t categories = (uint32_t)transcript_number(w.list, w.count, "categories", 1);
    uint32_t row = (uint32_t)transcript_number(w.list, w.count, "row", 6);
    const char *blocked = transcript_word(w.list, w.count, "blocked", "");
    const char *special = transcript_word(w.list, w.count, "special", "");
    bool by_row = strcmp(transcript_word(w.list, w.count, "by", ""), "row") == 0;
    event_config config = {
        .status = status_of(transcript_word(w.list, w.count, "status", "on_sale")),
        .sale_starts_us = START_US + 1000000 * transcript_number(w.list, w.count, "sale", 0),
        .starts_us = START_US + 1000000 * transcript_number(w.list, w.count, "starts", 864000),
        .hold_us = 1000000 * transcript_number(w.list, w.count, "hold", 600),
        .payment_extension_us = 1000000 * transcript_number(w.list, w.count, "extension", 0),
        .refunds = {2, {86400, 7200}, {100, 50}},
        .fee_bp = (uint32_t)transcript_number(w.list, w.count, "fee", 0),
        .tax_bp = (uint32_t)transcript_number(w.list, w.count, "tax", 0),
        .currency = "EUR",
    };
    for (int i = 0; i < CATEGORIES_PER_PLAN_MAX; i++)
        config.price_minor[i] = 2500 + 1000 * i;
    memset(s->flags, 0, sizeof s->flags);
    for (uint32_t i = 0; i < count; i++) {
        s->section[i] = (uint16_t)(i * sections / count);
        s->category[i] = (uint8_t)(i % categories);
        if (by_row)
            s->category[i] = (uint8_t)(i / row % categories);
        s->right[i] = (i + 1) % row != 0 && i + 1 < count ? i + 1 : UINT32_MAX;
    }
    flags_set(s, blocked, SEAT_FLAG_BLOCKED);
    flags_set(s, special, SEAT_FLAG_ACCESSIBLE);
    event_seats seats = {count, s->section, s->category, s->flags, s->right};
    event_state_free(s->state);
    s->state = event_state_new(&config, &seats);
    s->now_us = START_US;
    assert_non_null(s->state);
}

static uint32_t seats_read(const char *text, uint32_t ret_seats[static SEATS_PER_RESERVATION_MAX])
{
    uint32_t count = 0;
    for (char *end; *text; text = *end == ',' ? end + 1 : end, count++) {
        uint32_t seat = (uint32_t)strtoul(text, &end, 10);
        if (count < SEATS_PER_RESERVATION_MAX)
            ret_seats[count] = seat;
    }
    return count;
}

static void reserve_step(stage *s, transcript *t, words w)
{
    const char *buyer = transcript_word(w.list, w.count, "by", "ann");
    event_id event = {0};
    event_command c = {
        .type = EVENT_COMMAND_RESERVE,
        .reservation = {id_of(w.list[1])},
        .buyer = {id_of(buyer)},
        .seen = strcmp(w.list[w.count - 1], "seen") == 0,
        // Without a key each command has its own.
        .key_hash = hash_of(buyer, "reserve", transcript_word(w.list, w.count, "key", w.list[1])),
    };
    c.seats_count = seats_read(transcript_word(w.list, w.count, "seats", ""), c.seats);
    if (c.seats_count <= SEATS_PER_RESERVATION_MAX)
        c.body_hash = reserve_body_hash(&event, c.seats, c.seats_count);
    command_run(s, t, &c);
}

static void checkout_step(stage *s, transcript *t, words w)
{
    const char *buyer = transcript_word(w.list, w.count, "by", "ann");
    const char *body = transcript_word(w.list, w.count, "body", w.list[1]);
    bool seen = strcmp(w.list[w.count - 1], "seen") == 0;
    event_command c = {
        .type = EVENT_COMMAND_CHECKOUT,
        .reservation = {id_of(w.list[1])},
        .buyer = {id_of(buyer)},
        .payment = {id_of(transcript_word(w.list, w.count, "payment", "p1"))},
        .key_hash = hash_of(buyer, "checkout", transcript_word(w.list, w.count, "key", "k")),
        .body_hash = digest16_of(body, strlen(body)),
        .other_seats = strcmp(w.list[w.count - 1 - seen], "other_seats") == 0,
        .seen = seen,
    };
    command_run(s, t, &c);
}

static void captured_step(stage *s, transcript *t, words w)
{
    event_command c = {
        .type = EVENT_COMMAND_PAYMENT_CAPTURED,
        .reservation = {id_of(w.list[1])},
        .payment = {id_of(transcript_word(w.list, w.count, "payment", "p1"))},
        .amount_minor = transcript_number(w.list, w.count, "amount", 2500),
    };
    snprintf(c.currency, sizeof c.currency, "%s",
             transcript_word(w.list, w.count, "currency", "EUR"));
    command_run(s, t, &c);
}

static void short_step(stage *s, transcript *t, event_command_type type, words w)
{
    event_command c = {
        .type = type,
        .reservation = {id_of(w.list[1])},
        .buyer = {id_of(transcript_word(w.list, w.count, "by", "ann"))},
        .payment = {id_of(transcript_word(w.list, w.count, "payment", "p1"))},
        .status = status_of(w.list[1]),
        .amount_minor = transcript_number(w.list, w.count, "refund", 0),
        .limit = (uint32_t)transcript_number(w.list, w.count, "limit", REFUND_ALL_MAX),
    };
    command_run(s, t, &c);
}

// One character for each seat: . available, h held, s sold, # blocked.
static void map_step(stage *s, transcript *t)
{
    char map[128] = "";
    for (uint32_t seat = 0; seat < event_seats_count(s->state) && seat < sizeof map - 1; seat++)
        map[seat] = ".hs#"[event_seat_state(s->state, seat)];
    transcript_say(t, "%s claimed=%d", map, event_claimed(s->state));
}

// Decides without ever making room, as a host that is out of memory would.
static void exhaust_step(stage *s, transcript *t)
{
    event_command c = {.type = EVENT_COMMAND_RESERVE, .now_us = s->now_us, .seats_count = 1};
    event_effects e;
    for (uint32_t i = 0; i < event_seats_count(s->state); i++) {
        c.reservation.u = uuid_v7_floor((int64_t)i + 1);
        c.reservation.u.bytes[8] = (uint8_t)i;
        c.reservation.u.bytes[9] = (uint8_t)(i >> 8);
        c.key_hash = digest16_of(&i, sizeof i);
        c.seats[0] = i;
        event_decide(s->state, &c, &e);
        if (e.refusal != ERROR_NONE) {
            refusal_say(t, &e);
            return;
        }
        event_apply(s->state, &e.facts[0]);
    }
}

static void step(void *self, transcript *t, char *const *list, uint32_t count)
{
    stage *s = self;
    words w = {list, count};
    const char *name = list[0];
    if (strcmp(name, "house") == 0)
        house_step(s, w);
    else if (strcmp(name, "time") == 0)
        s->now_us = START_US + (int64_t)(strtod(list[1], NULL) * 1e6);
    else if (strcmp(name, "reserve") == 0)
        reserve_step(s, t, w);
    else if (strcmp(name, "cancel") == 0)
        short_step(s, t, EVENT_COMMAND_CANCEL, w);
    else if (strcmp(name, "expire") == 0)
        short_step(s, t, EVENT_COMMAND_EXPIRE, w);
    else if (strcmp(name, "checkout") == 0)
        checkout_step(s, t, w);
    else if (strcmp(name, "captured") == 0)
        captured_step(s, t, w);
    else if (strcmp(name, "release") == 0)
        short_step(s, t, EVENT_COMMAND_RELEASE, w);
    else if (strcmp(name, "status") == 0)
        short_step(s, t, EVENT_COMMAND_STATUS_SET, w);
    else if (strcmp(name, "give_back") == 0)
        short_step(s, t, EVENT_COMMAND_CANCEL_CONFIRMED, w);
    else if (strcmp(name, "refund_all") == 0)
        short_step(s, t, EVENT_COMMAND_REFUND_ALL, w);
    else if (strcmp(name, "map") == 0)
        map_step(s, t);
    else if (strcmp(name, "exhaust") == 0)
        exhaust_step(s, t);
    else
        transcript_say(t, "there is no command %s", name);
}

static void play(const char *path)
{
    static stage s;
    assert_true(transcript_run(path, step, &s));
    event_state_free(s.state);
    s.state = NULL;
}

static void test_event__given_reserves_then_transcript_is_as_written(void **state)
{
    (void)state;
    play("tests/golden/event/reserve.txt");
}

static void test_event__given_deadlines_then_transcript_is_as_written(void **state)
{
    (void)state;
    play("tests/golden/event/deadline.txt");
}

static void test_event__given_payments_then_transcript_is_as_written(void **state)
{
    (void)state;
    play("tests/golden/event/payment.txt");
}

static void test_event__given_statuses_then_transcript_is_as_written(void **state)
{
    (void)state;
    play("tests/golden/event/status.txt");
}

static void test_event__given_late_payments_then_transcript_is_as_written(void **state)
{
    (void)state;
    play("tests/golden/event/late.txt");
}

static void test_event__given_refunds_then_transcript_is_as_written(void **state)
{
    (void)state;
    play("tests/golden/event/refund.txt");
}

static void text_add(char **text, const char *path)
{
    char full[4096], *whole = NULL;
    size_t bytes = 0;
    snprintf(full, sizeof full, "%s/%s", SOURCE_DIR, path);
    FILE *in = fopen(full, "r"), *out = open_memstream(&whole, &bytes);
    assert_true(in != NULL && out != NULL);
    fputs(*text == NULL ? "" : *text, out);
    for (int c; (c = fgetc(in)) != EOF;)
        fputc(c, out);
    fclose(in);
    fclose(out);
    free(*text);
    *text = whole;
}

// Every error code that the core names is met in a transcript.
static void test_event__given_its_refusals_then_each_is_in_a_transcript(void **state)
{
    (void)state;
    static const char *const sources[] = {"actors/event/decide.c", "actors/event/money.c"};
    static const char *const transcripts[] = {
        "tests/golden/event/reserve.txt", "tests/golden/event/deadline.txt",
        "tests/golden/event/payment.txt", "tests/golden/event/status.txt",
        "tests/golden/event/late.txt",    "tests/golden/event/refund.txt"};
    char *source = NULL, *text = NULL, name[64];
    uint32_t codes = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        text_add(&source, sources[i]);
    for (size_t i = 0; i < sizeof transcripts / sizeof *transcripts; i++)
        text_add(&text, transcripts[i]);
    for (const char *at = source; (at = strstr(at, "ERROR_")) != NULL; codes++) {
        at += strlen("ERROR_");
        int bytes = (int)strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        snprintf(name, sizeof name, " %.*s", bytes, at);
        if (strncmp(at, "NONE", (size_t)bytes) != 0 && strstr(text, name) == NULL)
            fail_msg("no transcript meets%s", name);
    }
    assert_true(codes > 10);
    free(text);
    free(source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_event__given_reserves_then_transcript_is_as_written),
        cmocka_unit_test(test_event__given_deadlines_then_transcript_is_as_written),
        cmocka_unit_test(test_event__given_payments_then_transcript_is_as_written),
        cmocka_unit_test(test_event__given_statuses_then_transcript_is_as_written),
        cmocka_unit_test(test_event__given_late_payments_then_transcript_is_as_written),
        cmocka_unit_test(test_event__given_refunds_then_transcript_is_as_written),
        cmocka_unit_test(test_event__given_its_refusals_then_each_is_in_a_transcript),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
