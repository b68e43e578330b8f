#include "ops/provider/repeats.h"

#include <stdlib.h>

void repeats_init(repeats *r)
{
    *r = (repeats){0};
}

static void repeats_forget_oldest(repeats *r)
{
    repeat *gone = r->oldest;
    r->oldest = gone->next;
    if (r->oldest == NULL)
        r->newest = NULL;
    HASH_DEL(r->by_key, gone);
    free(gone->key);
    free(gone->body);
    free(gone);
}

void repeats_done(repeats *r)
{
    while (r->oldest != NULL)
        repeats_forget_oldest(r);
}

const repeat *repeats_find(const repeats *r, const char *key)
{
    repeat *found;
    HASH_FIND_STR(r->by_key, key, found);
    return found;
}

size_t repeats_count(const repeats *r)
{
    return HASH_COUNT(r->by_key);
}

static void repeats_record(repeats *r, const repeat *added)
{
    char request[2 * sizeof added->request.bytes + 1];
    for (size_t i = 0; i < sizeof added->request.bytes; i++) {
        static const char digits[] = "0123456789abcdef";
        request[2 * i] = digits[added->request.bytes[i] >> 4];
        request[2 * i + 1] = digits[added->request.bytes[i] & 15];
    }
    request[sizeof request - 1] = '\0';
    jsonout *out = logbook_begin(r->logbook, "repeat");
    jsonout_open(out, NULL, '{');
    jsonout_string(out, "key", added->key);
    jsonout_string(out, "request", request);
    jsonout_integer(out, "status", added->status);
    jsonout_string(out, "body", added->body);
    jsonout_integer(out, "at_us", added->at_us);
    jsonout_close(out, '}');
    logbook_end(r->logbook);
}

// Takes a filled record whose key is new.
static void repeats_append(repeats *r, repeat *added)
{
    const int64_t keep_us = (int64_t)IDEMPOTENCY_KEEP_SECONDS * 1000000;
    while (r->oldest != NULL &&
           (r->oldest->at_us + keep_us < added->at_us || HASH_COUNT(r->by_key) >= REPEATS_MAX))
        repeats_forget_oldest(r);
    HASH_ADD_KEYPTR(hh, r->by_key, added->key, strlen(added->key), added);
    if (r->newest != NULL)
        r->newest->next = added;
    else
        r->oldest = added;
    r->newest = added;
}

static repeat *repeat_new(const char *key, const char *body)
{
    repeat *made = calloc(1, sizeof *made);
    if (made == NULL || (made->key = strdup(key)) == NULL || (made->body = strdup(body)) == NULL)
        abort();
    return made;
}

void repeats_add(repeats *r, const char *key, const digest16 *request, const answer *a,
                 int64_t now_us)
{
    if (repeats_find(r, key) != NULL)
        return;
    repeat *added = repeat_new(key, a->body.at);
    added->request = *request;
    added->status = a->status;
    added->at_us = now_us;
    repeats_append(r, added);
    repeats_record(r, added);
}

static bool digest_parse(const char *text, digest16 *ret_digest)
{
    static const char digits[] = "0123456789abcdef";
    digest16 d;
    if (strlen(text) != 2 * sizeof d.bytes || strspn(text, digits) != 2 * sizeof d.bytes)
        return false;
    for (size_t i = 0; i < sizeof d.bytes; i++)
        d.bytes[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 |
                               (strchr(digits, text[2 * i + 1]) - digits));
    *ret_digest = d;
    return true;
}

bool repeats_restore(repeats *r, const json_t *record)
{
    const char *key = json_string_value(json_object_get(record, "key"));
    const char *request = json_string_value(json_object_get(record, "request"));
    const char *body = json_string_value(json_object_get(record, "body"));
    digest16 digest;
    if (key == NULL || request == NULL || body == NULL || !digest_parse(request, &digest))
        return false;
    if (repeats_find(r, key) != NULL)
        return true;
    repeat *added = repeat_new(key, body);
    added->request = digest;
    added->status = (int)json_integer_value(json_object_get(record, "status"));
    added->at_us = json_integer_value(json_object_get(record, "at_us"));
    repeats_append(r, added);
    return true;
}

void repeats_record_all(repeats *r)
{
    for (const repeat *at = r->oldest; at != NULL; at = at->next)
        repeats_record(r, at);
}
