#include "tests/bench/load/load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void lines_read(lines *ret_lines, const char *file)
{
    FILE *f = file == NULL ? NULL : fopen(file, "r");
    size_t capacity = 0;
    if (f == NULL || getdelim(&ret_lines->text, &capacity, 0, f) < 0)
        load_die(file == NULL ? "a list is missing" : file);
    fclose(f);
    char *save = NULL;
    for (char *line = strtok_r(ret_lines->text, "\n", &save);
         line != NULL && ret_lines->count < LINES_MAX; line = strtok_r(NULL, "\n", &save))
        ret_lines->line[ret_lines->count++] = line;
    if (ret_lines->count == 0)
        load_die(file);
}

static void order_shuffle(load *l)
{
    l->groups = l->seats.count / l->o.seats_each;
    l->order = calloc(l->groups, sizeof *l->order);
    if (l->order == NULL)
        load_die("memory");
    for (uint32_t i = 0; i < l->groups; i++) {
        uint32_t j = (uint32_t)(load_random(l) % (i + 1));
        l->order[i] = l->order[j];
        l->order[j] = i;
    }
}

static void provider_key_read(load *l)
{
    FILE *f = l->o.provider_key_file == NULL ? NULL : fopen(l->o.provider_key_file, "r");
    if (f == NULL || fgets(l->provider_key, sizeof l->provider_key, f) == NULL)
        load_die("the provider's key");
    fclose(f);
    l->provider_key[strcspn(l->provider_key, "\n")] = 0;
}

void requests_init(load *l)
{
    load_mode mode = l->o.mode;
    l->next = l->o.first;
    if (mode == MODE_RESERVE || mode == MODE_POLL)
        lines_read(&l->events, l->o.events_file);
    if (mode == MODE_RESERVE || mode == MODE_PAY)
        lines_read(&l->tokens, l->o.tokens_file);
    if (mode == MODE_RESERVE) {
        lines_read(&l->seats, l->o.seats_file);
        order_shuffle(l);
    }
    if (mode == MODE_POLL && (l->watched = calloc(l->events.count, sizeof *l->watched)) == NULL)
        load_die("memory");
    if (mode == MODE_PAY) {
        lines_read(&l->reservations, l->o.reservations_file);
        provider_key_read(l);
        if (l->o.requests_max == 0 || l->o.requests_max > l->reservations.count) {
            l->o.requests_max = l->reservations.count;
            l->list_clips = true;
        }
    }
    if (l->o.keep_file != NULL && (l->keep = fopen(l->o.keep_file, "a")) == NULL)
        load_die(l->o.keep_file);
}

// The same buyer for a number, whenever it is asked.
static uint32_t token_of(const load *l, uint64_t number)
{
    return (uint32_t)(number % l->tokens.count);
}

// Request n goes to event n modulo events and takes the next group of seats there.
static int reserve_write(const load *l, connection *c)
{
    char body[512];
    uint64_t n = c->number;
    const char *event = l->events.line[n % l->events.count];
    uint32_t group = l->order[n / l->events.count % l->groups];
    int bytes = snprintf(body, sizeof body, "{\"event_id\":\"%s\",\"seats\":[", event);
    for (uint32_t i = 0; i < l->o.seats_each; i++)
        bytes += snprintf(body + bytes, sizeof body - (size_t)bytes, "%s\"%s\"", i ? "," : "",
                          l->seats.line[group * l->o.seats_each + i]);
    bytes += snprintf(body + bytes, sizeof body - (size_t)bytes, "]}");
    return snprintf(c->request, sizeof c->request,
                    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                    "Authorization: Bearer %s\r\nIdempotency-Key: %u-%llu\r\n"
                    "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
                    l->o.path, c->port, l->tokens.line[token_of(l, n)], l->o.seed,
                    (unsigned long long)n, bytes, body);
}

static int get_write(const connection *c, char *to, const char *path, const char *header)
{
    return snprintf(to, REQUEST_BYTES, "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%s%s\r\n", path,
                    c->port, header, *header ? "\r\n" : "");
}

static int poll_write(load *l, connection *c)
{
    char path[128];
    uint32_t event = (uint32_t)(c->number % l->events.count);
    watched *w = &l->watched[event];
    int64_t now = load_now_us();
    if (now - w->asked_us > 1000000) {
        w->asked = w->seen;
        w->asked_us = now;
    }
    snprintf(path, sizeof path, "/v1/events/%s/seats.bin?since=%llu", l->events.line[event],
             (unsigned long long)w->asked);
    return get_write(c, c->request, path, "");
}

// A line of the list is a reservation's id and the number of its buyer's token.
static int checkout_write(const load *l, connection *c)
{
    const char *line = l->reservations.line[c->number % l->reservations.count];
    int id_bytes = (int)strcspn(line, " ");
    unsigned long token = strtoul(line + id_bytes, NULL, 10);
    return snprintf(c->request, sizeof c->request,
                    "POST /v1/reservations/%.*s/checkout HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
                    "Authorization: Bearer %s\r\nIdempotency-Key: pay-%u-%llu\r\n"
                    "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
                    id_bytes, line, c->port, l->tokens.line[token % l->tokens.count], l->o.seed,
                    (unsigned long long)c->number);
}

bool request_write(load *l, connection *c)
{
    int bytes = 0;
    if (l->again_count > 0)
        c->number = l->again[--l->again_count];
    else if (l->o.requests_max == 0 || l->next < l->o.requests_max)
        c->number = l->next++;
    else
        return false;
    switch (l->o.mode) {
    case MODE_RESERVE:
        bytes = reserve_write(l, c);
        break;
    case MODE_GET:
        bytes = get_write(c, c->request, l->o.path, l->o.header);
        break;
    case MODE_POLL:
        bytes = poll_write(l, c);
        break;
    case MODE_PAY:
        bytes = checkout_write(l, c);
        break;
    }
    c->request_bytes = (size_t)bytes;
    return true;
}

// The intent's id is the part of its client secret before "_secret_".
bool request_confirm(load *l, const connection *from, connection *to)
{
    static const char body[] = "payment_method=pm_card_visa", key[] = "\"client_secret\":\"";
    const char *secret = strstr(from->answer, key);
    const char *end = secret == NULL ? NULL : strstr(secret, "_secret_");
    if (end == NULL)
        return false;
    secret += sizeof key - 1;
    to->number = from->number;
    to->intended_us = from->intended_us;
    to->request_bytes = (size_t)snprintf(
        to->request, sizeof to->request,
        "POST /v1/payment_intents/%.*s/confirm HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
        "Authorization: Bearer %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: %zu\r\n\r\n%s",
        (int)(end - secret), secret, to->port, l->provider_key, sizeof body - 1, body);
    return true;
}

static const char *header_find(const connection *c, const char *name)
{
    const char *head_end = memmem(c->answer, c->answer_bytes, "\r\n\r\n", 4);
    size_t name_bytes = strlen(name);
    for (const char *at = c->answer; at != NULL && at < head_end; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncasecmp(at, name, name_bytes) == 0)
            return at + name_bytes;
    }
    return NULL;
}

size_t answer_complete(const connection *c)
{
    const char *head_end = memmem(c->answer, c->answer_bytes, "\r\n\r\n", 4);
    if (head_end == NULL)
        return 0;
    size_t bytes = (size_t)(head_end - c->answer) + 4;
    const char *length = header_find(c, "content-length:");
    if (length != NULL)
        bytes += strtoull(length, NULL, 10);
    return bytes <= c->answer_bytes ? bytes : 0;
}

static void again_push(load *l, uint64_t number)
{
    if (l->again_count == l->again_max) {
        l->again_max = l->again_max == 0 ? 1024 : 2 * l->again_max;
        l->again = realloc(l->again, l->again_max * sizeof *l->again);
        if (l->again == NULL)
            load_die("memory");
    }
    l->again[l->again_count++] = number;
}

static void slice_note(load *l, const connection *c, int64_t now, bool success)
{
    int64_t slice = l->o.slice_ms == 0 ? -1 : (now - l->start_us) / 1000 / l->o.slice_ms;
    int64_t took_us = now - c->intended_us;
    if (slice < 0 || slice >= SLICES_MAX)
        return;
    l->slices[slice] += success;
    l->slowest_us[slice] = took_us > l->slowest_us[slice] ? took_us : l->slowest_us[slice];
    if (slice >= l->slices_count)
        l->slices_count = (uint32_t)slice + 1;
}

static void id_keep(load *l, const connection *c)
{
    const char *id = l->keep == NULL ? NULL : strstr(c->answer, "\"id\":\"");
    if (id != NULL)
        fprintf(l->keep, "%.36s %u\n", id + 6, token_of(l, c->number));
}

answer_next answer_note(load *l, connection *c)
{
    int status = (int)strtol(c->answer + 9, NULL, 10);
    int64_t now = load_now_us();
    if (c->port == l->o.provider_port) {
        if (status == 200) {
            l->answered++;
            histogram_add(&l->chain, now - c->intended_us);
        } else {
            l->broken++;
        }
        return ANSWER_DONE;
    }
    l->by_class[status / 100 < 6 ? status / 100 : 0]++;
    l->conflicts += status == 409;
    histogram_add(&l->latency, now - c->intended_us);
    slice_note(l, c, now, status / 100 == 2);
    if (status / 100 == 2)
        id_keep(l, c);
    if (status / 100 == 2 && l->o.mode == MODE_PAY)
        return ANSWER_CONFIRM;
    l->answered++;
    const char *version = l->o.mode == MODE_POLL ? header_find(c, "cavea-version:") : NULL;
    if (version != NULL)
        l->watched[c->number % l->events.count].seen = strtoull(version, NULL, 10);
    if (status != 503)
        return ANSWER_DONE;
    l->unavailable++;
    again_push(l, c->number);
    if (header_find(c, "retry-after:") == NULL)
        return ANSWER_DONE;
    l->retry_after++;
    return ANSWER_LATER;
}
