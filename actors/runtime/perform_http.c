#include "actors/runtime/perform_http.h"

#include <stdio.h>
#include <stdlib.h>

enum { URL_BYTES = 1024, HEADER_BYTES = PERFORM_KEY_BYTES_MAX + 64 };

// Collects an answer; one that is too long ends the transfer.
static size_t answer_take(char *data, size_t size, size_t count, void *self)
{
    http_slot *h = self;
    size_t bytes = size * count, wanted = h->answer_bytes + bytes;
    if (wanted > PROVIDER_ANSWER_BYTES_MAX)
        return 0;
    if (wanted > h->answer_max) {
        size_t max = 2 * wanted > 8192 ? 2 * wanted : 8192;
        char *grown = realloc(h->answer, max);
        if (grown == NULL)
            return 0;
        h->answer = grown;
        h->answer_max = max;
    }
    memcpy(h->answer + h->answer_bytes, data, bytes);
    h->answer_bytes = wanted;
    return bytes;
}

static bool header_add(struct curl_slist **list, const char *name, const char *value)
{
    char line[HEADER_BYTES];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    if (n < 0 || n >= (int)sizeof line)
        return false;
    struct curl_slist *longer = curl_slist_append(*list, line);
    explicit_bzero(line, sizeof line);
    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

static void headers_free(struct curl_slist **list)
{
    curl_slist_free_all(*list);
    *list = NULL;
}

// The list of a request with a key: its first line, and behind it those of all requests.
static void keyed_free(http_slot *h)
{
    if (h->keyed != NULL)
        h->keyed->next = NULL;
    headers_free(&h->keyed);
}

static bool keyed_make(http_slot *h, const char *key)
{
    if (!header_add(&h->keyed, "Idempotency-Key", key))
        return false;
    h->keyed->next = h->headers;
    return true;
}

// What all requests of a slot have in common; curl keeps it from one to the next.
static bool slot_init(http_slot *h, const perform_settings *s, void *self)
{
    char bearer[PERFORM_KEY_BYTES_MAX + 8];
    int k = snprintf(bearer, sizeof bearer, "Bearer %s", s->provider_key);
    bool headers = k >= 0 && k < (int)sizeof bearer &&
                   header_add(&h->headers, "Authorization", bearer) &&
                   header_add(&h->headers, "Stripe-Version", "2024-06-20");
    explicit_bzero(bearer, sizeof bearer);
    CURL *easy = headers ? curl_easy_init() : NULL;
    if (easy == NULL) {
        headers_free(&h->headers);
        return false;
    }
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "cavea/" CAVEA_VERSION);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)s->call_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
    h->easy = easy;
    return true;
}

bool http_slot_prepare(http_slot *h, const perform_settings *s, const provider_request *request,
                       void *self)
{
    char url[URL_BYTES];
    int n = snprintf(url, sizeof url, "%s%s", s->provider_url, request->path);
    if (n < 0 || n >= (int)sizeof url || (h->easy == NULL && !slot_init(h, s, self)))
        return false;
    h->answer_bytes = 0;
    keyed_free(h);
    if (request->idempotency_key[0] != 0 && !keyed_make(h, request->idempotency_key))
        return false;
    curl_easy_setopt(h->easy, CURLOPT_URL, url);
    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->keyed != NULL ? h->keyed : h->headers);
    if (request->is_post)
        curl_easy_setopt(h->easy, CURLOPT_COPYPOSTFIELDS, request->body);
    else
        curl_easy_setopt(h->easy, CURLOPT_HTTPGET, 1L);
    return true;
}

void http_slot_done(http_slot *h)
{
    curl_easy_cleanup(h->easy);
    keyed_free(h);
    headers_free(&h->headers);
    free(h->answer);
    *h = (http_slot){0};
}
