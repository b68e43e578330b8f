#include "chaos/load/load.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

enum {
    REFUSALS_MAX = 4, // other seats that a buyer tries before going home
    THINK_US = 50000,
    POLL_US = 250000,
    BACKOFF_US = 100000,
    BACKOFF_MAX_US = 1600000,
};

typedef enum meaning { MEANS_DONE, MEANS_REFUSED, MEANS_BUSY, MEANS_FAILED, MEANS_SILENT } meaning;

static void step(load *l, shopper *s, load_kind kind, int64_t due_us)
{
    s->kind = kind;
    s->tries = 0;
    s->operation = 0;
    s->intended_us = due_us;
    s->give_up_us = due_us + l->o.patience_us;
    s->backoff_us = BACKOFF_US;
    engine_wake(l, s, due_us);
}

static void key_new(load *l, shopper *s)
{
    snprintf(s->key, sizeof s->key, "%016" PRIx64 "%016" PRIx64, load_random(l), load_random(l));
}

// Seats side by side in the list, where the crowd looks now.
static void seats_choose(load *l, shopper *s)
{
    show *w = &l->shows[s->event];
    uint32_t count = l->o.seats_each;
    uint64_t at = w->bought + load_random(l) % l->o.window;
    s->seats_count = (uint32_t)(1 + load_random(l) % count);
    for (uint32_t i = 0; i < s->seats_count; i++)
        s->seats[i] = (uint32_t)((at + i) % w->seats_count);
    key_new(l, s);
}

void shopper_begin(load *l, shopper *s, int64_t due_us)
{
    uint64_t luck = load_random(l) % 100;
    *s = (shopper){.alive = true, .edge = (uint32_t)(load_random(l) % l->edges_count)};
    s->plan = luck < 15   ? PLAN_LEAVE
              : luck < 30 ? PLAN_RELEASE
              : luck < 90 ? PLAN_PAY
                          : PLAN_PAY_AND_CANCEL;
    s->event = (uint32_t)(load_random(l) % l->shows_count);
    step(l, s, LOAD_SESSION, due_us);
}

static size_t seats_list(const load *l, const shopper *s, const char *quote, char *out, size_t room)
{
    size_t at = 0;
    for (uint32_t i = 0; i < s->seats_count; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%s%s%s", i == 0 ? "" : ",", quote,
                               l->shows[s->event].seat[s->seats[i]], quote);
    return at;
}

static const char *subject_of(const load *l, const shopper *s)
{
    switch (s->kind) {
    case LOAD_SESSION:
        return "-";
    case LOAD_RESERVE:
        return l->shows[s->event].id;
    case LOAD_PAY:
        return s->intent;
    case LOAD_RELEASE:
    case LOAD_CHECKOUT:
    case LOAD_READ:
    case LOAD_TICKETS:
    case LOAD_CANCEL:
    case LOAD_KINDS_END:
        break;
    }
    return s->reservation;
}

static bool has_key(load_kind kind)
{
    return kind == LOAD_RESERVE || kind == LOAD_CHECKOUT;
}

static void body_write(const load *l, const shopper *s, char *out, size_t room)
{
    char seats[SEATS_EACH_MAX * 80];
    *out = 0;
    if (s->kind == LOAD_SESSION || s->kind == LOAD_CHECKOUT)
        snprintf(out, room, "{}");
    else if (s->kind == LOAD_CANCEL)
        snprintf(out, room, "{\"refund_minor\":%" PRId64 "}", s->refund_minor);
    else if (s->kind == LOAD_PAY)
        snprintf(out, room, "payment_method=pm_card_visa");
    else if (s->kind == LOAD_RESERVE) {
        seats_list(l, s, "\"", seats, sizeof seats);
        snprintf(out, room, "{\"event_id\":\"%s\",\"seats\":[%s]}", l->shows[s->event].id, seats);
    }
}

static size_t request_write(const load *l, const shopper *s, char *out)
{
    static const struct {
        const char *method, *before, *after;
    } routes[LOAD_KINDS_END] = {
        [LOAD_SESSION] = {"POST", "/v1/sessions", ""},
        [LOAD_RESERVE] = {"POST", "/v1/reservations", ""},
        [LOAD_RELEASE] = {"DELETE", "/v1/reservations/", ""},
        [LOAD_CHECKOUT] = {"POST", "/v1/reservations/", "/checkout"},
        [LOAD_PAY] = {"POST", "/v1/payment_intents/", "/confirm"},
        [LOAD_READ] = {"GET", "/v1/reservations/", ""},
        [LOAD_TICKETS] = {"GET", "/v1/reservations/", "/tickets"},
        [LOAD_CANCEL] = {"POST", "/v1/reservations/", "/cancellation"},
    };
    char body[512], key[80] = "";
    bool is_plain = s->kind == LOAD_SESSION || s->kind == LOAD_RESERVE;
    body_write(l, s, body, sizeof body);
    if (has_key(s->kind))
        snprintf(key, sizeof key, "Idempotency-Key: %s\r\n", s->key);
    int bytes =
        snprintf(out, LINE_OUT_BYTES,
                 "%s %s%s%s HTTP/1.1\r\nHost: cavea\r\n%s%s%s%sContent-Type: %s\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 routes[s->kind].method, routes[s->kind].before, is_plain ? "" : subject_of(l, s),
                 routes[s->kind].after, s->kind == LOAD_SESSION ? "" : "Authorization: Bearer ",
                 s->kind == LOAD_SESSION ? ""
                 : s->kind == LOAD_PAY   ? l->provider_key
                                         : s->token,
                 s->kind == LOAD_SESSION ? "" : "\r\n", key,
                 s->kind == LOAD_PAY ? "application/x-www-form-urlencoded" : "application/json",
                 strlen(body), body);
    if (bytes < 0 || bytes >= LINE_OUT_BYTES)
        load_die("a request is too long");
    return (size_t)bytes;
}

bool shopper_send(load *l, shopper *s)
{
    char seats[SEATS_EACH_MAX * 80] = "-", target[16] = "p";
    bool reset = l->o.reset_share > 0 && s->kind != LOAD_PAY &&
                 (double)(load_random(l) % 1000000) < l->o.reset_share * 1e6;
    line *out = line_take(&l->lines, s->kind == LOAD_PAY ? l->provider : s->edge,
                          (uint32_t)(s - l->shoppers));
    if (out == NULL)
        return false;
    s->attempt = ++l->attempts;
    if (s->operation == 0)
        s->operation = s->attempt;
    if (s->kind == LOAD_RESERVE)
        seats_list(l, s, "", seats, sizeof seats);
    if (s->kind != LOAD_PAY)
        snprintf(target, sizeof target, "e%u", s->edge);
    journal_write(&l->journal,
                  ">\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t%s\t%s\t%s\t%s\t%s\t%s\n",
                  s->attempt, load_now_us(), s->intended_us, s->operation, load_kind_name(s->kind),
                  target, s->kind == LOAD_SESSION ? "-" : s->buyer, subject_of(l, s),
                  has_key(s->kind) ? s->key : "-", seats);
    line_queue(&l->lines, out, request_write(l, s, out->out), reset);
    l->kinds[s->kind].sent++;
    l->resets += reset;
    return true;
}

static meaning meaning_of(int status)
{
    if (status == 0)
        return MEANS_SILENT;
    if (status == 202 || status == 429 || status == 502 || status == 503 || status == 504)
        return MEANS_BUSY;
    if (status >= 200 && status < 300)
        return MEANS_DONE;
    return status >= 400 && status < 500 && status != 408 ? MEANS_REFUSED : MEANS_FAILED;
}

// The same again, elsewhere, after a pause that doubles, until patience ends.
static void again(load *l, shopper *s, int64_t now)
{
    if (now >= s->give_up_us) {
        l->kinds[s->kind].given_up++;
        return engine_retire(l, s);
    }
    int64_t pause = s->backoff_us / 2 + (int64_t)(load_random(l) % (uint64_t)s->backoff_us);
    s->backoff_us = 2 * s->backoff_us < BACKOFF_MAX_US ? 2 * s->backoff_us : BACKOFF_MAX_US;
    s->edge = (s->edge + 1) % l->edges_count;
    s->tries++;
    engine_wake(l, s, now + pause);
}

static const char *text(const json_t *answer, const char *key)
{
    const char *value = json_string_value(json_object_get(answer, key));
    return value == NULL ? "-" : value;
}

static void keep(char *to, size_t room, const char *value)
{
    snprintf(to, room, "%s", value);
}

static void seats_note(const json_t *answer, char *out, size_t room)
{
    size_t i, at = 0;
    json_t *seat;
    *out = 0;
    json_array_foreach(json_object_get(answer, "seats"), i, seat)
    {
        const char *id = json_is_string(seat) ? json_string_value(seat) : text(seat, "id");
        if (at + 80 < room)
            at += (size_t)snprintf(out + at, room - at, "%s%s", i == 0 ? "" : ",", id);
    }
}

static void tickets_note(const json_t *answer, char *out, size_t room)
{
    size_t i, at = 0;
    json_t *ticket;
    *out = 0;
    json_array_foreach(json_object_get(answer, "tickets"), i, ticket)
    {
        if (at + 160 < room)
            at += (size_t)snprintf(out + at, room - at, "%s%s/%s/%s", i == 0 ? "" : ",",
                                   text(ticket, "seat"), text(ticket, "id"), text(ticket, "state"));
    }
}

static void answer_journal(load *l, const shopper *s, int status, const json_t *answer)
{
    char list[2048] = "", detail[2600] = "-", intent[80] = "-";
    const char *subject = "-", *secret = text(answer, "client_secret");
    bool good = status >= 200 && status < 300 && status != 202;
    if (s->kind == LOAD_TICKETS && good) {
        tickets_note(answer, list, sizeof list);
        snprintf(detail, sizeof detail, "tickets=%s", list);
    } else if (s->kind == LOAD_CHECKOUT && good) {
        subject = text(answer, "payment_id");
        snprintf(intent, sizeof intent, "%.*s",
                 (int)strcspn(secret, "_") == 0
                     ? 0
                     : (int)(strstr(secret, "_secret_") ? strstr(secret, "_secret_") - secret : 0),
                 secret);
        snprintf(detail, sizeof detail, "intent=%s", intent);
    } else if (s->kind == LOAD_SESSION) {
        subject = text(answer, "buyer_id");
    } else if (s->kind == LOAD_PAY) {
        subject = text(answer, "id");
        snprintf(detail, sizeof detail, "status=%s", text(answer, "status"));
    } else if (good || status == 409) {
        seats_note(answer, list, sizeof list);
        subject = text(answer, "id");
        snprintf(detail, sizeof detail,
                 "state=%s;outcome=%s;total=%" JSON_INTEGER_FORMAT ";refund=%" JSON_INTEGER_FORMAT
                 ";expires=%s;seats=%s",
                 text(answer, "state"), text(answer, "outcome"),
                 json_integer_value(json_object_get(answer, "total_minor")),
                 json_integer_value(json_object_get(answer, "refund_minor")),
                 text(answer, "expires_at"), list);
    }
    journal_write(&l->journal, "<\t%" PRIu64 "\t%" PRId64 "\t%d\t%s\t%s\t%s\n", s->attempt,
                  load_now_us(), status, text(answer, "code"), subject, detail);
}

static void reserved(load *l, shopper *s, const json_t *answer, int64_t now)
{
    keep(s->reservation, sizeof s->reservation, text(answer, "id"));
    l->bought++;
    if (s->plan == PLAN_PAY || s->plan == PLAN_PAY_AND_CANCEL)
        l->shows[s->event].bought += s->seats_count;
    if (s->plan == PLAN_LEAVE)
        return engine_retire(l, s);
    key_new(l, s);
    step(l, s, s->plan == PLAN_RELEASE ? LOAD_RELEASE : LOAD_CHECKOUT, now + THINK_US);
}

// A page that waits for its payment, or for its refund: it asks until the state is another one.
static void was_read(load *l, shopper *s, const json_t *answer, int64_t now)
{
    const char *state = text(answer, "state");
    if (strcmp(state, "held") == 0) {
        s->intended_us = now + POLL_US;
        if (now < s->give_up_us)
            return engine_wake(l, s, s->intended_us);
    }
    if (strcmp(state, "confirmed") != 0)
        return engine_retire(l, s);
    s->refund_minor = json_integer_value(json_object_get(answer, "refund_now_minor"));
    step(l, s, LOAD_TICKETS, now);
}

static void tickets_seen(load *l, shopper *s, const json_t *answer, int64_t now)
{
    if (json_array_size(json_object_get(answer, "tickets")) < s->seats_count) {
        s->intended_us = now + POLL_US;
        if (now < s->give_up_us)
            return engine_wake(l, s, s->intended_us);
        l->kinds[s->kind].given_up++;
        return engine_retire(l, s);
    }
    if (s->plan == PLAN_PAY_AND_CANCEL)
        return step(l, s, LOAD_CANCEL, now + THINK_US);
    engine_retire(l, s);
}

static void done(load *l, shopper *s, const json_t *answer, int64_t now)
{
    const char *secret, *end;
    switch (s->kind) {
    case LOAD_SESSION:
        keep(s->token, sizeof s->token, text(answer, "token"));
        keep(s->buyer, sizeof s->buyer, text(answer, "buyer_id"));
        seats_choose(l, s);
        return step(l, s, LOAD_RESERVE, now);
    case LOAD_RESERVE:
        return reserved(l, s, answer, now);
    case LOAD_CHECKOUT:
        secret = text(answer, "client_secret");
        end = strstr(secret, "_secret_");
        snprintf(s->intent, sizeof s->intent, "%.*s", end == NULL ? 0 : (int)(end - secret),
                 secret);
        return step(l, s, LOAD_PAY, now + THINK_US);
    case LOAD_PAY:
        return step(l, s, LOAD_READ, now + THINK_US);
    case LOAD_READ:
        return was_read(l, s, answer, now);
    case LOAD_TICKETS:
        return tickets_seen(l, s, answer, now);
    case LOAD_RELEASE:
    case LOAD_CANCEL:
    case LOAD_KINDS_END:
        break;
    }
    engine_retire(l, s);
}

static void refused(load *l, shopper *s, int64_t now)
{
    if (s->kind != LOAD_RESERVE || ++s->refusals > REFUSALS_MAX)
        return engine_retire(l, s);
    seats_choose(l, s);
    step(l, s, LOAD_RESERVE, now + THINK_US);
}

void shopper_answer(load *l, shopper *s, int status, const char *body, size_t body_bytes)
{
    int64_t now = load_now_us();
    kind_count *k = &l->kinds[s->kind];
    json_t *answer = body_bytes > 0 ? json_loadb(body, body_bytes, 0, NULL) : NULL;
    answer_journal(l, s, status, answer);
    switch (meaning_of(status)) {
    case MEANS_DONE:
        k->done++;
        histogram_add(&k->latency, now - s->intended_us);
        done(l, s, answer, now);
        break;
    case MEANS_REFUSED:
        k->refused++;
        histogram_add(&k->latency, now - s->intended_us);
        refused(l, s, now);
        break;
    case MEANS_BUSY:
        k->busy++;
        again(l, s, now);
        break;
    case MEANS_FAILED:
        k->failed++;
        again(l, s, now);
        break;
    case MEANS_SILENT:
        k->silent++;
        again(l, s, now);
        break;
    }
    json_decref(answer);
}
