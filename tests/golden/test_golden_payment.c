// Plays payment.txt: commands to the payment core, and the facts, acts and answers they give.
#include "actors/payment/payment.h"
#include "tests/golden/transcript.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define EPOCH_US (INT64_C(1800000000) * 1000000)

typedef struct stage {
    payments *self;
    int64_t now_us;
} stage;

static uuid id_of(const char *name)
{
    static const uint8_t random[6] = {0, 0, 0, 0, 0, 0};
    uuid id = uuid_tagged(EPOCH_US / 1000, 0x12345678, random);
    for (size_t i = 0; i < 4 && name[i] != 0; i++)
        id.bytes[12 + i] = (uint8_t)name[i];
    return id;
}

static const char *name_of(const uuid *id)
{
    static char names[4][5];
    static unsigned next;
    char *name = names[next++ % 4];
    memcpy(name, id->bytes + 12, 4);
    name[4] = 0;
    return name;
}

// A payment that money under a second intent became has no name of its own.
static const char *name_said(const payment_id *id)
{
    return id->u.bytes[14] == 0 && id->u.bytes[15] == 0 ? name_of(&id->u) : "stray";
}

static const char *const state_names[PAYMENT_STATES_END] = {
    "parked",   "created",   "open",       "processing", "declined", "cancelled",
    "captured", "confirmed", "refund_due", "refunding",  "refunded", "refund_failed",
};
static const char *const status_names[PROVIDER_STATUSES_END] = {
    "",          "open",           "processing", "declined",      "canceled",
    "succeeded", "refund_pending", "refunded",   "refund_failed", "unreachable",
    "absent",
};
static const char *const act_names[] = {"none",          "intent_create", "intent_fetch",
                                        "intent_cancel", "tell_event",    "tell_release",
                                        "refund_create", "refund_fetch"};

static const char *const alarm_names[] = {
    "", "parked", "amount_mismatch", "second_capture", "refund_given_up", "difference"};

static void text_set(char *field, size_t field_bytes, const char *text)
{
    memset(field, 0, field_bytes);
    snprintf(field, field_bytes, "%s", text);
}

static void fact_say(transcript *t, const payment_fact *f)
{
    char more[512] = "";
    size_t at = 0;
    if (f->intent_id[0])
        at += (size_t)snprintf(more + at, sizeof more - at, " intent=%s", f->intent_id);
    if (f->refund_number)
        at += (size_t)snprintf(more + at, sizeof more - at, " refund=%u:%s", f->refund_number,
                               f->refund_id);
    else if (f->refund_id[0])
        at += (size_t)snprintf(more + at, sizeof more - at, " refund=%s", f->refund_id);
    if (f->refund_minor)
        at +=
            (size_t)snprintf(more + at, sizeof more - at, " back=%lld", (long long)f->refund_minor);
    if (f->kept_minor)
        at += (size_t)snprintf(more + at, sizeof more - at, " kept=%lld", (long long)f->kept_minor);
    if (f->note[0])
        at += (size_t)snprintf(more + at, sizeof more - at, " note=%s", f->note);
    if (f->reason)
        snprintf(more + at, sizeof more - at, " reason=%s", error_info_of(f->reason)->name);
    transcript_say(t, "fact %s %s %lld %s%s",
                   f->is_difference ? "difference" : state_names[f->state], name_said(&f->payment),
                   (long long)f->amount_minor, f->currency, more);
}

static void answers_say(stage *s, transcript *t, const payment_id *id)
{
    payment_waiter w;
    const payment *p = payment_find(s->self, id);
    if (p == NULL || !payment_answerable(p))
        return;
    while (payment_waiter_take(s->self, id, &w))
        transcript_say(t, "answer %s %s %s secret=%s", w.reply_to, name_said(&p->id),
                       state_names[p->state], p->client_secret);
}

static void command_run(stage *s, transcript *t, payment_command *c, const char *waiter)
{
    payment_effects e;
    c->now_us = s->now_us;
    payment_decide(s->self, c, &e);
    if (e.refusal != ERROR_NONE)
        transcript_say(t, "refused %s", error_info_of(e.refusal)->name);
    for (uint32_t i = 0; i < e.facts_count; i++) {
        payment_apply(s->self, &e.facts[i]);
        fact_say(t, &e.facts[i]);
    }
    if (e.wait && waiter[0] != 0) {
        uuid command = id_of(waiter);
        payment_wait(s->self, &c->payment, &command, waiter);
    }
    if (e.unreachable)
        payment_unreachable(s->self, &c->payment, c->now_us);
    if (e.abandoned)
        payment_abandon(s->self, &c->payment);
    const payment *p = payment_find(s->self, &e.payment);
    if (e.alarm != PAYMENT_ALARM_NONE)
        transcript_say(t, "alarm %s", alarm_names[e.alarm]);
    if (e.act != PAYMENT_ACT_NONE)
        transcript_say(t, "act %s refund=%u", act_names[e.act], p->refund_number);
    answers_say(s, t, &c->payment);
}

static void start_step(stage *s, transcript *t, char *const *words, uint32_t n)
{
    payment_command c = {
        .type = PAYMENT_COMMAND_START,
        .payment = {id_of(words[1])},
        .reservation = {id_of(transcript_word(words, n, "reservation", "r1"))},
        .event = {id_of("ev")},
        .buyer = {id_of("by")},
        .amount_minor = transcript_number(words, n, "amount", 4500),
    };
    text_set(c.currency, sizeof c.currency, transcript_word(words, n, "currency", "EUR"));
    command_run(s, t, &c, transcript_word(words, n, "waiter", ""));
}

static void report_step(stage *s, transcript *t, char *const *words, uint32_t n)
{
    payment_command c = {.type = PAYMENT_COMMAND_REPORT, .payment = {id_of(words[1])}};
    payment_report *r = &c.report;
    for (int i = 1; i < PROVIDER_STATUSES_END; i++)
        if (strcmp(words[2], status_names[i]) == 0)
            r->status = (provider_status)i;
    r->amount_minor = transcript_number(words, n, "amount", 4500);
    r->refund_number = (uint32_t)transcript_number(words, n, "number", 0);
    text_set(r->currency, sizeof r->currency, transcript_word(words, n, "currency", "EUR"));
    text_set(r->intent_id, sizeof r->intent_id, transcript_word(words, n, "intent", "pi_1"));
    text_set(r->client_secret, sizeof r->client_secret, transcript_word(words, n, "secret", ""));
    text_set(r->refund_id, sizeof r->refund_id, transcript_word(words, n, "refund", ""));
    command_run(s, t, &c, "");
}

static void decided_step(stage *s, transcript *t, char *const *words)
{
    payment_command c = {.type = PAYMENT_COMMAND_DECIDED,
                         .payment = {id_of(words[1])},
                         .confirmed = strcmp(words[2], "confirmed") == 0};
    command_run(s, t, &c, "");
}

static void money_step(stage *s, transcript *t, char *const *words, uint32_t n)
{
    payment_command c = {.payment = {id_of(words[1])}};
    if (strcmp(words[0], "refund") == 0) {
        c.type = PAYMENT_COMMAND_REFUND;
        c.refund_minor = transcript_number(words, n, "amount", 0);
        c.reason = ERROR_RESERVATION_CONFIRMED;
    } else if (strcmp(words[0], "retry") == 0) {
        c.type = PAYMENT_COMMAND_RETRY;
    } else if (strcmp(words[0], "resolve") == 0) {
        c.type = PAYMENT_COMMAND_RESOLVE;
        text_set(c.note, sizeof c.note, transcript_word(words, n, "note", "paid"));
    } else {
        c.type = PAYMENT_COMMAND_ABANDONED;
    }
    command_run(s, t, &c, "");
}

// What is due by now, each with the delay it had and what it asks for.
static void time_step(stage *s, transcript *t, char *const *words)
{
    payment_todo todo;
    const payment *p;
    s->now_us += strtoll(words[1], NULL, 10) * 1000000;
    while ((p = payment_due_take(s->self, s->now_us, &todo)) != NULL)
        transcript_say(t, "due %s act %s refund=%u%s", name_said(&p->id), act_names[todo.act],
                       todo.refund_number, todo.ask_first ? " ask_first" : "");
}

static void show_step(stage *s, transcript *t, char *const *words)
{
    payment_id id = {id_of(words[1])};
    const payment *p = payment_find(s->self, &id);
    if (p == NULL) {
        transcript_say(t, "unknown");
        return;
    }
    transcript_say(
        t, "%s asked=%lld captured=%lld %s back=%lld kept=%lld refunded=%lld refund=%u:%s timed=%d",
        state_names[p->state], (long long)p->amount_minor, (long long)p->captured_minor,
        p->currency, (long long)p->refund_minor, (long long)p->kept_minor,
        (long long)p->refunded_minor, p->refund_number, p->refund_id,
        payment_is_timed(s->self, &id));
}

// The reconciler finds the payment every so many seconds: when does something follow?
static void found_step(stage *s, transcript *t, char *const *words, uint32_t n)
{
    payment_id id = {id_of(words[1])};
    int64_t every = transcript_number(words, n, "every", 2), start_us = s->now_us;
    for (int64_t left = transcript_number(words, n, "for", 0); left > 0; left -= every) {
        s->now_us += every * 1000000;
        payment_todo todo = payment_unstick(s->self, payment_find(s->self, &id), s->now_us);
        if (todo.act != PAYMENT_ACT_NONE)
            transcript_say(t, "after %lld s act %s refund=%u%s",
                           (long long)((s->now_us - start_us) / 1000000), act_names[todo.act],
                           todo.refund_number, todo.ask_first ? " ask_first" : "");
    }
}

static void nudge_step(stage *s, transcript *t, char *const *words)
{
    payment_id id = {id_of(words[1])};
    payment_todo todo = payment_nudge(payment_find(s->self, &id), s->now_us);
    transcript_say(t, "act %s refund=%u%s", act_names[todo.act], todo.refund_number,
                   todo.ask_first ? " ask_first" : "");
}

static void step(void *self, transcript *t, char *const *words, uint32_t n)
{
    stage *s = self;
    if (strcmp(words[0], "new") == 0) {
        payments_free(s->self);
        s->self = payments_new();
        s->now_us = EPOCH_US;
    } else if (strcmp(words[0], "start") == 0) {
        start_step(s, t, words, n);
    } else if (strcmp(words[0], "report") == 0) {
        report_step(s, t, words, n);
    } else if (strcmp(words[0], "decided") == 0) {
        decided_step(s, t, words);
    } else if (strcmp(words[0], "time") == 0) {
        time_step(s, t, words);
    } else if (strcmp(words[0], "show") == 0) {
        show_step(s, t, words);
    } else if (strcmp(words[0], "found") == 0) {
        found_step(s, t, words, n);
    } else if (strcmp(words[0], "nudge") == 0) {
        nudge_step(s, t, words);
    } else if (strcmp(words[0], "refund") == 0 || strcmp(words[0], "retry") == 0 ||
               strcmp(words[0], "resolve") == 0 || strcmp(words[0], "abandoned") == 0) {
        money_step(s, t, words, n);
    } else {
        transcript_say(t, "unknown command");
    }
}

static void test_payment_core__given_the_transcript_then_says_the_same(void **state)
{
    (void)state;
    stage s = {0};
    bool same = transcript_run("tests/golden/payment.txt", step, &s);
    payments_free(s.self);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payment_core__given_the_transcript_then_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
