#include "ops/provider/courier.h"

#include "ops/host/transfer_loop.h"

#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 2000, WAIT_MS_MAX = 1000 };

typedef struct slot {
    CURL *easy;
    struct curl_slist *headers;
    void *item; // NULL: free
    bool is_delivered;
    struct slot *next; // in the list of free or of finished ones
} slot;

struct courier {
    transfer_loop loop;
    slot *slots;
    int64_t slots_count;
    slot *free_slots, *finished_slots;
};

static size_t discard(char *data, size_t size, size_t count, void *self)
{
    (void)data;
    (void)self;
    return size * count;
}

static bool slot_init(slot *s, const char *url, int64_t timeout_ms)
{
    s->easy = curl_easy_init();
    if (s->easy == NULL)
        return false;
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(s->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(s->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(s->easy, CURLOPT_USERAGENT, "cavea-provider/" CAVEA_VERSION);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, discard);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    return true;
}

courier *courier_new(const char *url, int64_t connections_max, int64_t timeout_ms)
{
    courier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    bool ok = transfer_loop_init(&c->loop, connections_max);
    c->slots = calloc((size_t)connections_max, sizeof *c->slots);
    ok = ok && c->slots != NULL;
    for (; ok && c->slots_count < connections_max; c->slots_count++) {
        slot *s = &c->slots[c->slots_count];
        ok = slot_init(s, url, timeout_ms);
        s->next = c->free_slots;
        c->free_slots = s;
    }
    if (!ok) {
        courier_free(&c);
        return NULL;
    }
    return c;
}

void courier_free(courier **c)
{
    if (*c == NULL)
        return;
    while (courier_abort(*c) != NULL) {
    }
    for (int64_t i = 0; i < (*c)->slots_count; i++)
        curl_easy_cleanup((*c)->slots[i].easy);
    free((*c)->slots);
    transfer_loop_done(&(*c)->loop);
    free(*c);
    *c = NULL;
}

bool courier_has_room(const courier *c)
{
    return c->free_slots != NULL;
}

static void slot_finish(courier *c, slot *s)
{
    s->next = c->finished_slots;
    c->finished_slots = s;
}

void courier_send(courier *c, const char *signature, const char *payload, size_t payload_bytes,
                  void *item)
{
    slot *s = c->free_slots;
    c->free_slots = s->next;
    s->item = item;
    s->is_delivered = false;
    char header[160];
    snprintf(header, sizeof header, "Stripe-Signature: %s", signature);
    s->headers = curl_slist_append(NULL, header);
    s->headers = curl_slist_append(s->headers, "Content-Type: application/json; charset=utf-8");
    s->headers = curl_slist_append(s->headers, "Expect:"); // no waiting for 100 Continue
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)payload_bytes);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, payload);
    if (curl_multi_add_handle(c->loop.multi, s->easy) != CURLM_OK)
        slot_finish(c, s);
}

static void slot_release(courier *c, slot *s)
{
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    s->item = NULL;
    s->next = c->free_slots;
    c->free_slots = s;
}

void courier_collect(courier *c, void (*arrived)(void *self, void *item, bool is_delivered),
                     void *self)
{
    while (c->finished_slots != NULL) {
        slot *s = c->finished_slots;
        c->finished_slots = s->next;
        void *item = s->item;
        bool is_delivered = s->is_delivered;
        slot_release(c, s);
        arrived(self, item, is_delivered);
    }
}

static void answers_read(courier *c)
{
    int queued;
    for (CURLMsg *m; (m = curl_multi_info_read(c->loop.multi, &queued)) != NULL;) {
        slot *s = NULL;
        long status = 0;
        CURLcode code = m->data.result; // gone with the handle's removal
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        s->is_delivered = code == CURLE_OK && status >= 200 && status < 300;
        curl_multi_remove_handle(c->loop.multi, s->easy);
        slot_finish(c, s);
    }
}

void courier_work(courier *c, int64_t wait_ms)
{
    if (c->finished_slots != NULL || wait_ms < 0)
        wait_ms = 0;
    transfer_loop_turn(&c->loop, wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX);
    answers_read(c);
}

void courier_nudge(courier *c)
{
    transfer_loop_wake(&c->loop);
}

void *courier_abort(courier *c)
{
    for (int64_t i = 0; i < c->slots_count; i++) {
        void *item = c->slots[i].item;
        if (item == NULL)
            continue;
        curl_multi_remove_handle(c->loop.multi, c->slots[i].easy);
        slot_release(c, &c->slots[i]);
        return item;
    }
    return NULL;
}
