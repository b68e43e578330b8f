#include "tests/support/buyer.h"

#include <assert.h>
#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { ANSWER_MS = 10000, POLL_MS = 20 };

int64_t test_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void test_pause_ms(int64_t ms)
{
    poll(NULL, 0, (int)ms);
}

static const char *needed(const char *name)
{
    const char *value = getenv(name);
    if (!value) {
        fprintf(stderr, "%s is not set\n", name);
        exit(2);
    }
    return value;
}

void shop_init(shop *s)
{
    *s = (shop){needed("EDGE_URL"), needed("PROVIDER_URL"), needed("PROVIDER_KEY"),
                needed("EVENT_ID")};
}

static void give_up(const http_client *c, const char *what)
{
    fprintf(stderr, "%s: status %d: %.*s\n", what, c->status, (int)c->body_bytes,
            c->body ? c->body : "");
    exit(2);
}

static json_t *fetch(http_client *c, const char *url)
{
    http_request request = {.method = "GET", .url = url};
    json_t *answer = NULL;
    if (!http_client_call(c, &request) || c->status != 200 || !(answer = http_client_json(c)))
        give_up(c, url);
    return answer;
}

static void seats_add(shop_seats *seats, const json_t *seat)
{
    const char *state = json_string_value(json_object_get(seat, "state"));
    const char *id = json_string_value(json_object_get(seat, "id"));
    if (!state || !id || strcmp(state, "available") != 0)
        return;
    seats->id = realloc(seats->id, (seats->count + 1) * sizeof *seats->id);
    seats->price_minor = realloc(seats->price_minor, (seats->count + 1) * sizeof(int64_t));
    assert(seats->id && seats->price_minor);
    snprintf(seats->id[seats->count], sizeof *seats->id, "%s", id);
    seats->price_minor[seats->count++] = json_integer_value(json_object_get(seat, "price_minor"));
}

static void section_read(const shop *s, http_client *c, const char *section, shop_seats *seats)
{
    char url[BUYER_URL_BYTES], *escaped = curl_easy_escape(c->curl, section, 0);
    snprintf(url, sizeof url, "%s/v1/events/%s/seats?section=%s", s->edge_url, s->event_id,
             escaped);
    curl_free(escaped);
    json_t *answer = fetch(c, url), *seat;
    size_t i;
    json_array_foreach(json_object_get(answer, "seats"), i, seat) seats_add(seats, seat);
    json_decref(answer);
}

void shop_seats_read(const shop *s, shop_seats *ret_seats)
{
    http_client c;
    http_client_init(&c, ANSWER_MS);
    char url[BUYER_URL_BYTES];
    snprintf(url, sizeof url, "%s/v1/events/%s", s->edge_url, s->event_id);
    json_t *event = fetch(&c, url), *section;
    shop_seats seats = {0};
    size_t i;
    json_array_foreach(json_object_get(event, "sections"), i, section)
    {
        const json_t *id = json_object_get(section, "id");
        section_read(s, &c, json_string_value(id ? id : section), &seats);
    }
    json_decref(event);
    http_client_done(&c);
    *ret_seats = seats;
}

void shop_seats_done(shop_seats *seats)
{
    free(seats->id);
    free(seats->price_minor);
    *seats = (shop_seats){0};
}

void buyer_init(buyer *b, const shop *s)
{
    *b = (buyer){.shop = s};
    http_client_init(&b->http, ANSWER_MS);
    ssize_t got = getrandom(&b->luck, sizeof b->luck, 0);
    assert(got == sizeof b->luck);
    b->luck |= 1;
    char url[BUYER_URL_BYTES];
    snprintf(url, sizeof url, "%s/v1/sessions", s->edge_url);
    http_request request = {.method = "POST", .url = url, .body = "{}"};
    if (!http_client_call(&b->http, &request) || b->http.status != 201)
        give_up(&b->http, url);
    json_t *answer = http_client_json(&b->http);
    const char *token = json_string_value(json_object_get(answer, "token"));
    assert(token && strlen(token) < sizeof b->token);
    snprintf(b->token, sizeof b->token, "%s", token);
    json_decref(answer);
}

void buyer_done(buyer *b)
{
    http_client_done(&b->http);
}

uint64_t buyer_luck(buyer *b, uint64_t below)
{
    b->luck ^= b->luck << 13;
    b->luck ^= b->luck >> 7;
    b->luck ^= b->luck << 17;
    return b->luck % below;
}

static void key_make(buyer *b, char ret_key[static 40])
{
    snprintf(ret_key, 40, "%016llx%016llx", (unsigned long long)buyer_luck(b, UINT64_MAX),
             (unsigned long long)buyer_luck(b, UINT64_MAX));
}

// Sends until an answer other than "later" comes; what is "later" is in the statuses.
static bool send_until(buyer *b, const http_request *request, int64_t deadline_ms)
{
    int64_t deadline = test_now_us() + deadline_ms * 1000;
    for (;;) {
        bool answered = http_client_call(&b->http, request);
        int status = b->http.status;
        if (answered && status != 202 && status != 429 && status != 502 && status != 503)
            return true;
        if (test_now_us() >= deadline)
            return false;
        b->retries++;
        test_pause_ms(POLL_MS);
    }
}

static char *reservation_body(const shop *s, const char *const *seats, size_t seats_count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < seats_count; i++)
        json_array_append_new(list, json_string(seats[i]));
    json_t *body = json_pack("{s:s, s:o}", "event_id", s->event_id, "seats", list);
    char *text = json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

buyer_answer buyer_reserve(buyer *b, const char *const *seats, size_t seats_count,
                           int64_t deadline_ms, buyer_reservation *ret_reservation)
{
    char url[BUYER_URL_BYTES], key[40];
    key_make(b, key);
    snprintf(url, sizeof url, "%s/v1/reservations", b->shop->edge_url);
    char *body = reservation_body(b->shop, seats, seats_count);
    http_request request = {"POST", url, b->token, key, NULL, body};
    bool answered = send_until(b, &request, deadline_ms);
    free(body);
    if (answered && b->http.status == 409)
        return BUYER_REFUSED;
    if (!answered || (b->http.status != 201 && b->http.status != 200)) {
        b->failures++;
        return BUYER_FAILED;
    }
    json_t *answer = http_client_json(&b->http);
    snprintf(ret_reservation->id, sizeof ret_reservation->id, "%s",
             json_string_value(json_object_get(answer, "id")));
    ret_reservation->total_minor = json_integer_value(json_object_get(answer, "total_minor"));
    json_decref(answer);
    return BUYER_HAS_SEATS;
}

// The intent's id is the part of its client secret before "_secret_".
static bool intent_confirm(buyer *b, const json_t *checkout, int64_t deadline_ms)
{
    const char *secret = json_string_value(json_object_get(checkout, "client_secret"));
    const char *end = secret ? strstr(secret, "_secret_") : NULL;
    if (!end)
        return false;
    char url[BUYER_URL_BYTES];
    snprintf(url, sizeof url, "%s/v1/payment_intents/%.*s/confirm", b->shop->provider_url,
             (int)(end - secret), secret);
    http_request request = {"POST",
                            url,
                            b->shop->provider_key,
                            NULL,
                            "application/x-www-form-urlencoded",
                            "payment_method=pm_card_visa"};
    return send_until(b, &request, deadline_ms) && b->http.status == 200;
}

bool buyer_pay(buyer *b, const buyer_reservation *r, int64_t deadline_ms)
{
    char url[BUYER_URL_BYTES], key[40];
    key_make(b, key);
    snprintf(url, sizeof url, "%s/v1/reservations/%s/checkout", b->shop->edge_url, r->id);
    http_request request = {"POST", url, b->token, key, NULL, "{}"};
    if (!send_until(b, &request, deadline_ms) || (b->http.status != 201 && b->http.status != 200)) {
        b->failures++;
        return false;
    }
    json_t *answer = http_client_json(&b->http);
    bool paid = intent_confirm(b, answer, deadline_ms);
    json_decref(answer);
    b->failures += !paid;
    return paid;
}

static size_t tickets_write(const json_t *answer, FILE *out)
{
    const json_t *tickets = json_object_get(answer, "tickets"), *ticket;
    size_t i, valid = 0;
    json_array_foreach(tickets, i, ticket)
    {
        const char *state = json_string_value(json_object_get(ticket, "state"));
        valid += state && strcmp(state, "valid") == 0;
    }
    if (valid == json_array_size(tickets) && out)
        json_array_foreach(tickets, i, ticket)
            fprintf(out, "%s\n", json_string_value(json_object_get(ticket, "jws")));
    return valid;
}

bool buyer_tickets(buyer *b, const buyer_reservation *r, size_t seats_count, int64_t deadline_ms,
                   FILE *out)
{
    int64_t deadline = test_now_us() + deadline_ms * 1000;
    char url[BUYER_URL_BYTES];
    snprintf(url, sizeof url, "%s/v1/reservations/%s/tickets", b->shop->edge_url, r->id);
    http_request request = {.method = "GET", .url = url, .bearer = b->token};
    while (test_now_us() < deadline) {
        if (send_until(b, &request, deadline_ms) && b->http.status == 200) {
            json_t *answer = http_client_json(&b->http);
            bool all = json_array_size(json_object_get(answer, "tickets")) == seats_count;
            all = all && tickets_write(answer, out) == seats_count;
            json_decref(answer);
            if (all)
                return true;
        }
        test_pause_ms(POLL_MS);
    }
    b->failures++;
    return false;
}
