#include "tests/support/crowd.h"

#include "tests/support/buyer.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct exchange {
    CURL *easy;
    struct curl_slist *headers;
    size_t person;
    crowd_request request;
    char *body;
    size_t body_bytes, body_room;
    struct exchange *next; // free, or waiting for a free connection
} exchange;

typedef struct sleeper {
    int64_t until_us;
    size_t person;
} sleeper;

struct crowd {
    CURLM *multi;
    long timeout_ms;
    size_t in_flight, in_flight_max, waiting_count;
    exchange *spare, *waiting, **waiting_end;
    sleeper *sleepers; // a heap, the first to wake in front
    size_t sleepers_count, sleepers_room;
    crowd_turn *turn;
    void *self;
};

crowd *crowd_new(size_t in_flight_max, long timeout_ms, crowd_turn *turn, void *self)
{
    crowd *c = calloc(1, sizeof *c);
    assert(c);
    *c = (crowd){.multi = curl_multi_init(),
                 .timeout_ms = timeout_ms,
                 .in_flight_max = in_flight_max,
                 .turn = turn,
                 .self = self};
    assert(c->multi);
    c->waiting_end = &c->waiting;
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)in_flight_max * 2);
    return c;
}

void crowd_free(crowd *c)
{
    assert(crowd_present(c) == 0);
    for (exchange *x = c->spare, *next; x; x = next) {
        next = x->next;
        curl_easy_cleanup(x->easy);
        free(x->body);
        free(x);
    }
    curl_multi_cleanup(c->multi);
    free(c->sleepers);
    free(c);
}

static size_t body_take(char *data, size_t size, size_t count, void *self)
{
    exchange *x = self;
    size_t bytes = size * count;
    if (x->body_bytes + bytes + 1 > x->body_room) {
        x->body_room = (x->body_bytes + bytes + 1) * 2;
        x->body = realloc(x->body, x->body_room);
        assert(x->body);
    }
    memcpy(x->body + x->body_bytes, data, bytes);
    x->body_bytes += bytes;
    return bytes;
}

static void header_add(exchange *x, const char *name, const char *value)
{
    char line[CROWD_TOKEN_BYTES + 64];
    int bytes = snprintf(line, sizeof line, "%s: %s", name, value);
    assert(bytes > 0 && (size_t)bytes < sizeof line);
    x->headers = curl_slist_append(x->headers, line);
    assert(x->headers);
}

static void exchange_begin(crowd *c, exchange *x)
{
    const crowd_request *r = &x->request;
    x->body_bytes = 0;
    curl_easy_reset(x->easy);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
    curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, c->timeout_ms);
    curl_easy_setopt(x->easy, CURLOPT_URL, r->url);
    curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    if (r->body[0])
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, r->body);
    CURLMcode code = curl_multi_add_handle(c->multi, x->easy);
    assert(code == CURLM_OK);
    c->in_flight++;
}

static void waiting_begin(crowd *c)
{
    while (c->waiting && c->in_flight < c->in_flight_max) {
        exchange *x = c->waiting;
        c->waiting = x->next;
        if (!c->waiting)
            c->waiting_end = &c->waiting;
        c->waiting_count--;
        exchange_begin(c, x);
    }
}

static exchange *exchange_take(crowd *c)
{
    exchange *x = c->spare;
    if (x) {
        c->spare = x->next;
        return x;
    }
    x = calloc(1, sizeof *x);
    assert(x);
    x->easy = curl_easy_init();
    assert(x->easy);
    return x;
}

void crowd_ask(crowd *c, size_t person, const crowd_request *request)
{
    exchange *x = exchange_take(c);
    x->person = person;
    x->request = *request;
    x->headers = NULL;
    x->next = NULL;
    header_add(x, "Expect", "");
    char bearer[CROWD_TOKEN_BYTES + 16];
    if (request->bearer) {
        snprintf(bearer, sizeof bearer, "Bearer %s", request->bearer);
        header_add(x, "Authorization", bearer);
    }
    if (request->idempotency_key[0])
        header_add(x, "Idempotency-Key", request->idempotency_key);
    if (request->body[0])
        header_add(x, "Content-Type",
                   request->is_form ? "application/x-www-form-urlencoded" : "application/json");
    *c->waiting_end = x;
    c->waiting_end = &x->next;
    c->waiting_count++;
    waiting_begin(c);
}

void crowd_sleep(crowd *c, size_t person, int64_t ms)
{
    sleeper s = {test_now_us() + ms * 1000, person};
    if (c->sleepers_count == c->sleepers_room) {
        c->sleepers_room = c->sleepers_room * 2 + 64;
        c->sleepers = realloc(c->sleepers, c->sleepers_room * sizeof *c->sleepers);
        assert(c->sleepers);
    }
    size_t at = c->sleepers_count++;
    for (; at > 0 && c->sleepers[(at - 1) / 2].until_us > s.until_us; at = (at - 1) / 2)
        c->sleepers[at] = c->sleepers[(at - 1) / 2];
    c->sleepers[at] = s;
}

static size_t sleeper_take(crowd *c)
{
    size_t person = c->sleepers[0].person, at = 0, child;
    sleeper last = c->sleepers[--c->sleepers_count];
    while ((child = 2 * at + 1) < c->sleepers_count) {
        if (child + 1 < c->sleepers_count &&
            c->sleepers[child + 1].until_us < c->sleepers[child].until_us)
            child++;
        if (last.until_us <= c->sleepers[child].until_us)
            break;
        c->sleepers[at] = c->sleepers[child];
        at = child;
    }
    c->sleepers[at] = last;
    return person;
}

size_t crowd_present(const crowd *c)
{
    return c->in_flight + c->waiting_count + c->sleepers_count;
}

size_t crowd_waiting(const crowd *c)
{
    return c->waiting_count;
}

static void exchange_end(crowd *c, exchange *x, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(c->multi, x->easy);
    curl_slist_free_all(x->headers);
    x->headers = NULL;
    (void)body_take("", 1, 1, x);
    crowd_answer answer = {code == CURLE_OK ? (int)status : 0, x->body, x->body_bytes - 1};
    c->in_flight--;
    c->turn(c->self, x->person, &answer);
    x->next = c->spare;
    c->spare = x;
}

static void sleepers_wake(crowd *c)
{
    int64_t now_us = test_now_us();
    while (c->sleepers_count > 0 && c->sleepers[0].until_us <= now_us)
        c->turn(c->self, sleeper_take(c), NULL);
}

void crowd_step(crowd *c, int wait_ms)
{
    int running, queued;
    sleepers_wake(c);
    waiting_begin(c);
    curl_multi_perform(c->multi, &running);
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &queued)) != NULL;) {
        exchange *x = NULL;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &x);
        exchange_end(c, x, m->data.result);
    }
    if (c->sleepers_count > 0) {
        int64_t rest_ms = (c->sleepers[0].until_us - test_now_us()) / 1000 + 1;
        wait_ms = rest_ms < wait_ms ? (int)(rest_ms > 0 ? rest_ms : 0) : wait_ms;
    }
    curl_multi_poll(c->multi, NULL, 0, wait_ms, NULL);
}
