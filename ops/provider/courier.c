#include "ops/provider/courier.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_TIMEOUT_MS = 2000, WAIT_MS_MAX = 1000 };

typedef struct slot {
    CURL *easy;
    struct curl_slist *headers;
    void *item; // NULL: free
    bool is_finished, is_delivered;
    struct slot *next; // in the list of free ones
} slot;

struct courier {
    CURLM *multi;
    slot *slots;
    int64_t slots_count;
    slot *free_slots;
    int64_t finished;
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
    c->multi = curl_multi_init();
    c->slots = calloc((size_t)connections_max, sizeof *c->slots);
    bool ok = c->multi != NULL && c->slots != NULL;
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
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)connections_max);
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
    curl_multi_cleanup((*c)->multi);
    free(*c);
    *c = NULL;
}

bool courier_has_room(const courier *c)
{
    return c->free_slots != NULL;
}

void courier_send(courier *c, const char *signature, const char *payload, size_t payload_bytes,
                  void *item)
{
    slot *s = c->free_slots;
    c->free_slots = s->next;
    s->item = item;
    s->is_finished = false;
    s->is_delivered = false;
    char header[160];
    snprintf(header, sizeof header, "Stripe-Signature: %s", signature);
    s->headers = curl_slist_append(NULL, header);
    s->headers = curl_slist_append(s->headers, "Content-Type: application/json; charset=utf-8");
    s->headers = curl_slist_append(s->headers, "Expect:"); // no waiting for 100 Continue
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)payload_bytes);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, payload);
    if (curl_multi_add_handle(c->multi, s->easy) != CURLM_OK) {
        s->is_finished = true;
        c->finished++;
    }
}

static void slot_release(courier *c, slot *s)
{
    curl_multi_remove_handle(c->multi, s->easy);
    curl_slist_free_all(s->headers);
    s->headers = NULL;
    s->item = NULL;
    s->next = c->free_slots;
    c->free_slots = s;
}

void courier_collect(courier *c, void (*arrived)(void *self, void *item, bool is_delivered),
                     void *self)
{
    for (int64_t i = 0; c->finished > 0 && i < c->slots_count; i++) {
        slot *s = &c->slots[i];
        if (s->item == NULL || !s->is_finished)
            continue;
        void *item = s->item;
        bool is_delivered = s->is_delivered;
        c->finished--;
        slot_release(c, s);
        arrived(self, item, is_delivered);
    }
}

static void courier_perform(courier *c)
{
    int running, queued;
    curl_multi_perform(c->multi, &running);
    for (CURLMsg *m; (m = curl_multi_info_read(c->multi, &queued)) != NULL;) {
        slot *s = NULL;
        long status = 0;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        curl_easy_getinfo(m->easy_handle, CURLINFO_RESPONSE_CODE, &status);
        s->is_finished = true;
        s->is_delivered = m->data.result == CURLE_OK && status >= 200 && status < 300;
        c->finished++;
    }
}

void courier_work(courier *c, int64_t wait_ms)
{
    courier_perform(c);
    if (c->finished > 0 || wait_ms <= 0)
        return;
    curl_multi_poll(c->multi, NULL, 0, wait_ms < WAIT_MS_MAX ? (int)wait_ms : WAIT_MS_MAX, NULL);
    courier_perform(c);
}

void courier_nudge(courier *c)
{
    curl_multi_wakeup(c->multi);
}

void *courier_abort(courier *c)
{
    for (int64_t i = 0; i < c->slots_count; i++) {
        void *item = c->slots[i].item;
        if (item == NULL)
            continue;
        slot_release(c, &c->slots[i]);
        return item;
    }
    return NULL;
}
