// What one buyer of a storm does next.
#include "tests/support/storm.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STEP_MS = 90000, // a step that is not answered for so long is given up, and counted
    RETRY_FIRST_MS = 50,
    RETRY_LONGEST_MS = 2000,
    WATCH_MS = 5000, // beyond the deadline
    LOOK_MS = 300,
    LATE_MS = 800,
};

static void step_ask(storm *s, size_t person);

static void key_draw(storm *s, storm_buyer *b)
{
    snprintf(b->key, sizeof b->key, "storm-%016llx%08llx",
             (unsigned long long)storm_luck(s, UINT64_MAX),
             (unsigned long long)storm_luck(s, UINT32_MAX));
}

static void step_begin(storm *s, size_t person, storm_step step)
{
    storm_buyer *b = &s->buyers[person];
    b->step = step;
    b->tries = 0;
    int64_t ms = step == STORM_WATCH ? s->o.hold_ms + WATCH_MS : STEP_MS;
    b->until_us = test_now_us() + ms * 1000;
    key_draw(s, b);
    step_ask(s, person);
}

// Some take what somebody has just lost.
static void seats_choose(storm *s, storm_buyer *b)
{
    for (uint32_t i = 0; i < b->seats_count; i++) {
        const struct storm_seat *gone = &s->gone[s->gone_first % STORM_GONE_MAX];
        if (b->plan == STORM_PAYS && s->gone_first < s->gone_end && gone->free_us < test_now_us() &&
            (i == 0 || gone->event == b->event)) {
            s->gone_first++;
            b->event = gone->event;
            b->seats[i] = gone->seat;
            continue;
        }
        b->seats[i] = s->next_seat[b->event]++ % s->seats[b->event].count;
    }
    if (b->seats_count == 2 && b->seats[0] == b->seats[1])
        b->seats_count = 1;
}

static void reserve_write(storm *s, storm_buyer *b, crowd_request *r)
{
    const shop_seats *all = &s->seats[b->event];
    char list[300] = "";
    for (uint32_t i = 0; i < b->seats_count; i++) {
        size_t bytes = strlen(list);
        snprintf(list + bytes, sizeof list - bytes, "%s\"%s\"", i > 0 ? "," : "",
                 all->id[b->seats[i]]);
    }
    snprintf(r->url, sizeof r->url, "%s/v1/reservations", s->o.shop.edge_url);
    snprintf(r->body, sizeof r->body, "{\"event_id\":\"%s\",\"seats\":[%s]}", s->o.events[b->event],
             list);
}

static void shop_write(const storm *s, const storm_buyer *b, const char *rest, crowd_request *r)
{
    snprintf(r->url, sizeof r->url, "%s/v1/reservations/%s%s", s->o.shop.edge_url, b->reservation,
             rest);
}

static const char *card_of(const storm_buyer *b)
{
    if (b->step == STORM_DECLINE)
        return "pm_card_visa_chargeDeclinedInsufficientFunds";
    return b->plan == STORM_CANCELS_SLOWLY ? "pm_card_pendingRefund" : "pm_card_visa";
}

static void provider_write(const storm *s, const storm_buyer *b, crowd_request *r)
{
    r->bearer = s->o.shop.provider_key;
    r->is_form = true;
    if (b->step != STORM_PAY_AGAIN) {
        snprintf(r->url, sizeof r->url, "%s/v1/payment_intents/%s/confirm", s->o.shop.provider_url,
                 b->intent);
        snprintf(r->body, sizeof r->body, "payment_method=%s", card_of(b));
        return;
    }
    snprintf(r->url, sizeof r->url, "%s/v1/payment_intents", s->o.shop.provider_url);
    snprintf(r->body, sizeof r->body,
             "amount=%lld&currency=%s&metadata[payment_id]=%s&payment_method=pm_card_visa"
             "&confirm=true",
             (long long)b->total_minor, b->currency, b->payment);
}

static void step_ask(storm *s, size_t person)
{
    storm_buyer *b = &s->buyers[person];
    crowd_request r = {.method = "POST", .bearer = b->token};
    snprintf(r.idempotency_key, sizeof r.idempotency_key, "%s", b->key);
    switch (b->step) {
    case STORM_SESSION:
        r.bearer = NULL;
        snprintf(r.url, sizeof r.url, "%s/v1/sessions", s->o.shop.edge_url);
        snprintf(r.body, sizeof r.body, "{\"email\":\"buyer%zu@example.org\"}", person);
        break;
    case STORM_RESERVE:
        reserve_write(s, b, &r);
        break;
    case STORM_CHECKOUT:
        shop_write(s, b, "/checkout", &r);
        snprintf(r.body, sizeof r.body, "{\"other_seats\":%s}",
                 b->plan == STORM_PAYS_LATE_FOR_OTHERS ? "true" : "false");
        break;
    case STORM_OVERSLEEP:
        // Some pay a moment before the deadline and are charged after it, some are too late.
        return crowd_sleep(s->crowd, person,
                           s->o.hold_ms - LATE_MS + (int64_t)storm_luck(s, LATE_MS * 3 / 2));
    case STORM_DECLINE:
    case STORM_PAY:
    case STORM_PAY_AGAIN:
        provider_write(s, b, &r);
        break;
    case STORM_LEAVE:
        r.method = "DELETE";
        shop_write(s, b, "", &r);
        break;
    case STORM_WATCH:
        r.method = "GET";
        shop_write(s, b, "", &r);
        break;
    case STORM_CANCEL:
        shop_write(s, b, "/cancellation", &r);
        snprintf(r.body, sizeof r.body, "{\"refund_minor\":%lld}", (long long)b->refund_minor);
        break;
    case STORM_STEPS_END:
        break;
    }
    crowd_ask(s->crowd, person, &r);
}

static void surprise(storm *s, const storm_buyer *b, const crowd_answer *a)
{
    if (s->surprises++ < 20)
        fprintf(stderr, "%s of %s: status %d: %.*s\n", storm_step_name(b->step), b->reservation,
                a->status, a->body_bytes < 300 ? (int)a->body_bytes : 300, a->body);
}

// Sends the same again with the same key, later.
static void again(storm *s, size_t person)
{
    storm_buyer *b = &s->buyers[person];
    int64_t pause_ms = RETRY_FIRST_MS << (b->tries < 8 ? b->tries : 8);
    b->tries++;
    s->retries++;
    if (test_now_us() >= b->until_us) {
        s->given_up[b->step]++;
        return;
    }
    pause_ms = pause_ms < RETRY_LONGEST_MS ? pause_ms : RETRY_LONGEST_MS;
    crowd_sleep(s->crowd, person, pause_ms / 2 + (int64_t)storm_luck(s, (uint64_t)pause_ms));
}

static const char *text_of(const json_t *answer, const char *key)
{
    const char *text = json_string_value(json_object_get(answer, key));
    return text ? text : "";
}

static void reserve_answered(storm *s, size_t person, int status, const json_t *answer)
{
    storm_buyer *b = &s->buyers[person];
    if (status == 409) {
        s->refused++;
        seats_choose(s, b);
        return step_begin(s, person, STORM_RESERVE);
    }
    snprintf(b->reservation, sizeof b->reservation, "%s", text_of(answer, "id"));
    snprintf(b->currency, sizeof b->currency, "%s", text_of(answer, "currency"));
    b->total_minor = json_integer_value(json_object_get(answer, "total_minor"));
    b->acknowledged = true;
    s->reserved++;
    step_begin(s, person, STORM_CHECKOUT);
}

// The intent's id is the part of its client secret before "_secret_".
static void checkout_answered(storm *s, size_t person, const json_t *answer)
{
    storm_buyer *b = &s->buyers[person];
    const char *secret = text_of(answer, "client_secret"), *end = strstr(secret, "_secret_");
    snprintf(b->payment, sizeof b->payment, "%s", text_of(answer, "payment_id"));
    snprintf(b->intent, sizeof b->intent, "%.*s", end ? (int)(end - secret) : 0, secret);
    s->checkouts++;
    switch (b->plan) {
    case STORM_NEVER_PAYS:
        return;
    case STORM_PAYS_LATE:
    case STORM_PAYS_LATE_FOR_OTHERS:
        return step_begin(s, person, STORM_OVERSLEEP);
    case STORM_DECLINED_FIRST:
        return step_begin(s, person, STORM_DECLINE);
    case STORM_PAYS:
    case STORM_PAYS_TWICE:
    case STORM_CANCELS:
    case STORM_CANCELS_SLOWLY:
    case STORM_LEAVES:
    case STORM_WATCHES:
    case STORM_PLANS_END:
        break;
    }
    step_begin(s, person, STORM_PAY);
}

static void overslept(storm *s, size_t person)
{
    storm_buyer *b = &s->buyers[person];
    int64_t free_us = test_now_us() + LATE_MS * 1000;
    for (uint32_t i = 0; i < b->seats_count && s->gone_end - s->gone_first < STORM_GONE_MAX; i++)
        s->gone[s->gone_end++ % STORM_GONE_MAX] =
            (struct storm_seat){b->event, b->seats[i], free_us};
    step_begin(s, person, STORM_PAY);
}

// Paid; or it cannot be paid any more, because it is paid or because it was cancelled.
static void pay_answered(storm *s, size_t person, int status)
{
    storm_buyer *b = &s->buyers[person];
    if (status == 200) {
        b->paid = true;
        s->charges++;
    }
    switch (b->plan) {
    case STORM_PAYS_TWICE:
        return step_begin(s, person, STORM_PAY_AGAIN);
    case STORM_LEAVES:
        return step_begin(s, person, STORM_LEAVE);
    case STORM_CANCELS:
    case STORM_CANCELS_SLOWLY:
    case STORM_WATCHES:
        return step_begin(s, person, STORM_WATCH);
    case STORM_PAYS:
    case STORM_DECLINED_FIRST:
    case STORM_PAYS_LATE:
    case STORM_PAYS_LATE_FOR_OTHERS:
    case STORM_NEVER_PAYS:
    case STORM_PLANS_END:
        return;
    }
}

static void watch_answered(storm *s, size_t person, const json_t *answer)
{
    storm_buyer *b = &s->buyers[person];
    const char *state = text_of(answer, "state");
    if (strcmp(state, "confirmed") == 0) {
        b->told_confirmed = true;
        s->confirmed_seen++;
        b->refund_minor = json_integer_value(json_object_get(answer, "refund_now_minor"));
        if (b->plan != STORM_WATCHES)
            step_begin(s, person, STORM_CANCEL);
    } else if (test_now_us() < b->until_us && strcmp(text_of(answer, "outcome"), "refunded") != 0) {
        crowd_sleep(s->crowd, person, LOOK_MS);
    } else if (strcmp(state, "held") == 0) {
        s->given_up[STORM_WATCH]++; // its deadline is over
    }
}

static void cancel_answered(storm *s, size_t person, const json_t *answer)
{
    storm_buyer *b = &s->buyers[person];
    b->told_refunded = strcmp(text_of(answer, "state"), "refunded") == 0;
    s->cancelled += b->told_refunded;
}

// Whether a step may be answered so. Another 4xx or a 500 is for nobody: a bug.
static bool is_expected(const storm_buyer *b, int status)
{
    switch (b->step) {
    case STORM_SESSION:
        return status == 201;
    case STORM_RESERVE:
        return status == 200 || status == 201 || status == 409;
    case STORM_CHECKOUT: // beyond the deadline 410, with a payment that was cancelled before 409
        return status == 201 || status == 410 || status == 409;
    case STORM_DECLINE:
    case STORM_PAY:
    case STORM_PAY_AGAIN:
        return status == 200 || status == 400 || status == 402;
    case STORM_LEAVE: // confirmed before: 409
        return status == 200 || status == 204 || status == 409 || status == 410;
    case STORM_WATCH:
        return status == 200;
    case STORM_CANCEL:
        return status == 200 || status == 409;
    case STORM_OVERSLEEP:
    case STORM_STEPS_END:
        break;
    }
    return false;
}

static void answered(storm *s, size_t person, int status, const json_t *answer)
{
    storm_buyer *b = &s->buyers[person];
    switch (b->step) {
    case STORM_SESSION:
        snprintf(b->token, sizeof b->token, "%s", text_of(answer, "token"));
        seats_choose(s, b);
        return step_begin(s, person, STORM_RESERVE);
    case STORM_RESERVE:
        return reserve_answered(s, person, status, answer);
    case STORM_CHECKOUT:
        if (status == 201)
            checkout_answered(s, person, answer);
        return;
    case STORM_DECLINE:
        s->declines += status == 402;
        return step_begin(s, person, STORM_PAY);
    case STORM_PAY:
        return pay_answered(s, person, status);
    case STORM_PAY_AGAIN:
        s->second_charges += status == 200;
        return;
    case STORM_WATCH:
        return watch_answered(s, person, answer);
    case STORM_CANCEL:
        if (status == 200)
            return cancel_answered(s, person, answer);
        return step_begin(s, person, STORM_WATCH); // another amount is due by now
    case STORM_LEAVE:
    case STORM_OVERSLEEP:
    case STORM_STEPS_END:
        return;
    }
}

void storm_turn(void *self, size_t person, const crowd_answer *a)
{
    storm *s = self;
    storm_buyer *b = &s->buyers[person];
    if (!a && b->token[0] == 0 && b->tries == 0)
        return step_begin(s, person, STORM_SESSION);
    if (!a && b->step == STORM_OVERSLEEP)
        return overslept(s, person);
    if (!a)
        return step_ask(s, person);
    bool is_provider =
        b->step == STORM_DECLINE || b->step == STORM_PAY || b->step == STORM_PAY_AGAIN;
    s->unanswered += a->status == 0;
    if (a->status == 0 || a->status == 202 || a->status == 429 || a->status == 503 ||
        (is_provider && a->status >= 500))
        return again(s, person);
    if (!is_expected(b, a->status))
        return surprise(s, b, a);
    json_t *answer = a->body_bytes ? json_loadb(a->body, a->body_bytes, 0, NULL) : NULL;
    answered(s, person, a->status, answer);
    json_decref(answer);
}
