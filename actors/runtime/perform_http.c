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

static bool header_add(http_slot *h, const char *name, const char *value)
{
    char line[HEADER_BYTES];
    int n = snprintf(line, sizeof line, "%s: %s", name, value);
    if (n < 0 || n >= (int)sizeof line)
        return false;
    struct curl_slist *list = curl_slist_append(h->headers, line);
    explicit_bzero(line, sizeof line);
    if (list == NULL)
        return false;
    h->headers = list;
    return true;
}

bool http_slot_prepare(http_slot *h, const perform_settings *s, const provider_request *request,
                       void *self)
{
    char url[URL_BYTES], bearer[PERFORM_KEY_BYTES_MAX + 8];
    int n = snprintf(url, sizeof url, "%s%s", s->provider_url, request->path);
    int k = snprintf(bearer, sizeof bearer, "Bearer %s", s->provider_key);
    if (n < 0 || n >= (int)sizeof url || k < 0 || k >= (int)sizeof bearer)
        return false;
    if (h->easy == NULL && (h->easy = curl_easy_init()) == NULL)
        return false;
    CURL *easy = h->easy;
    h->answer_bytes = 0;
    curl_easy_reset(easy);
    curl_slist_free_all(h->headers);
    h->headers = NULL;
    bool headers = header_add(h, "Authorization", bearer) &&
                   header_add(h, "Stripe-Version", "2024-06-20") &&
                   (request->idempotency_key[0] == 0 ||
                    header_add(h, "Idempotency-Key", request->idempotency_key));
    explicit_bzero(bearer, sizeof bearer);
    if (!headers)
        return false;
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "cavea/" CAVEA_VERSION);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)s->call_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, h);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, self);
    if (request->is_post)
        curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
    return true;
}

void http_slot_done(http_slot *h)
{
    curl_easy_cleanup(h->easy);
    curl_slist_free_all(h->headers);
    free(h->answer);
    *h = (http_slot){0};
}
