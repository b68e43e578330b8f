#include "tests/support/http_client.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void http_client_init(http_client *c, long timeout_ms)
{
    *c = (http_client){.curl = curl_easy_init(), .timeout_ms = timeout_ms};
    assert(c->curl);
}

void http_client_done(http_client *c)
{
    curl_easy_cleanup(c->curl);
    free(c->body);
    *c = (http_client){0};
}

static size_t body_take(char *data, size_t size, size_t count, void *self)
{
    http_client *c = self;
    size_t bytes = size * count;
    if (c->body_bytes + bytes + 1 > c->body_room) {
        c->body_room = (c->body_bytes + bytes + 1) * 2;
        c->body = realloc(c->body, c->body_room);
        assert(c->body);
    }
    memcpy(c->body + c->body_bytes, data, bytes);
    c->body_bytes += bytes;
    c->body[c->body_bytes] = 0;
    return bytes;
}

static struct curl_slist *header_add(struct curl_slist *list, const char *name, const char *value)
{
    char line[1024];
    int bytes = snprintf(line, sizeof line, "%s: %s", name, value);
    assert(bytes > 0 && (size_t)bytes < sizeof line);
    list = curl_slist_append(list, line);
    assert(list);
    return list;
}

static struct curl_slist *headers_of(const http_request *r)
{
    struct curl_slist *list = header_add(NULL, "Expect", "");
    char bearer[900];
    if (r->bearer) {
        snprintf(bearer, sizeof bearer, "Bearer %s", r->bearer);
        list = header_add(list, "Authorization", bearer);
    }
    if (r->idempotency_key)
        list = header_add(list, "Idempotency-Key", r->idempotency_key);
    if (r->body)
        list = header_add(list, "Content-Type",
                          r->content_type ? r->content_type : "application/json");
    return list;
}

bool http_client_call(http_client *c, const http_request *r)
{
    struct curl_slist *headers = headers_of(r);
    c->body_bytes = 0;
    c->status = 0;
    curl_easy_reset(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, c->timeout_ms);
    curl_easy_setopt(c->curl, CURLOPT_URL, r->url);
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    if (r->body)
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, r->body);
    CURLcode code = curl_easy_perform(c->curl);
    curl_slist_free_all(headers);
    if (code != CURLE_OK)
        return false;
    long status = 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    c->status = (int)status;
    return true;
}

json_t *http_client_json(const http_client *c)
{
    return c->body_bytes ? json_loadb(c->body, c->body_bytes, 0, NULL) : NULL;
}
