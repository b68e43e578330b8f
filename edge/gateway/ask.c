#include "edge/gateway/ask.h"

#include <strings.h>

enum { SINCE_DIGITS_MAX = 18, EVENT_TEXT_BYTES = UUID_TEXT_BYTES - 1 };

typedef enum ask_field {
    HOST,
    ORIGIN,
    LAST_EVENT_ID,
    FORWARDED_FOR,
    LENGTH,
    CODING,
    FIELDS
} ask_field;

static const char *const names[FIELDS] = {
    "Host", "Origin", "Last-Event-ID", "X-Forwarded-For", "Content-Length", "Transfer-Encoding"};

size_t ask_head_bytes(const char *data, size_t bytes, size_t looked)
{
    size_t from = looked > 3 ? looked - 3 : 0;
    const char *end = bytes > from ? memmem(data + from, bytes - from, "\r\n\r\n", 4) : NULL;
    return end ? (size_t)(end - data) + 4 : 0;
}

static bool text_is(ask_text t, const char *word)
{
    return t.at && t.bytes == strlen(word) && memcmp(t.at, word, t.bytes) == 0;
}

static bool starts(ask_text t, const char *word)
{
    return t.bytes >= strlen(word) && memcmp(t.at, word, strlen(word)) == 0;
}

static ask_text text_from(ask_text t, size_t skipped)
{
    return (ask_text){t.at + skipped, t.bytes - skipped};
}

// Takes what stands before the first of these letters; all of it when there is none.
static ask_text text_until(ask_text t, char end)
{
    const char *at = t.bytes > 0 ? memchr(t.at, end, t.bytes) : NULL;
    return (ask_text){t.at, at ? (size_t)(at - t.at) : t.bytes};
}

static bool text_printable(ask_text t, char least)
{
    for (size_t i = 0; i < t.bytes; i++)
        if (t.at[i] < least || t.at[i] >= 0x7f)
            return false;
    return true;
}

static bool number_read(ask_text t, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (t.bytes == 0 || t.bytes > SINCE_DIGITS_MAX)
        return false;
    for (size_t i = 0; i < t.bytes; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(t.at[i] - '0');
    }
    *ret_number = number;
    return true;
}

// "since=5" among the parts of a query; false when it is no version.
static bool query_read(ask_text query, ask *a)
{
    while (query.bytes > 0) {
        ask_text part = text_until(query, '&');
        query = text_from(query, part.bytes < query.bytes ? part.bytes + 1 : part.bytes);
        if (!starts(part, "since="))
            continue;
        if (a->has_since || !number_read(text_from(part, 6), &a->since))
            return false;
        a->has_since = true;
    }
    return true;
}

// "/v1/events/<id>/live", and perhaps a query.
static error_code target_read(ask_text target, ask *a)
{
    ask_text path = text_until(target, '?');
    if (!starts(path, "/v1/events/"))
        return ERROR_NOT_FOUND;
    ask_text id = text_until(text_from(path, 11), '/');
    if (!text_is(text_from(path, 11 + id.bytes), "/live") || id.bytes != EVENT_TEXT_BYTES ||
        !uuid_parse(id.at, id.bytes, &a->event.u))
        return ERROR_NOT_FOUND;
    if (path.bytes == target.bytes || query_read(text_from(target, path.bytes + 1), a))
        return ERROR_NONE;
    return ERROR_MALFORMED;
}

// The next line, without its end; heads that got here have one.
static ask_text line_next(ask_text *rest)
{
    ask_text line = text_until(*rest, '\r');
    *rest = text_from(*rest, line.bytes);
    *rest = starts(*rest, "\r\n") ? text_from(*rest, 2) : (ask_text){rest->at, 0};
    return line;
}

static bool name_valid(ask_text name)
{
    static const char letters[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.bytes; i++) {
        unsigned char c = (unsigned char)name.at[i], low = c | 0x20;
        bool plain = (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (c == 0 || !strchr(letters, c)))
            return false;
    }
    return name.bytes > 0;
}

static error_code first_line_read(ask_text line, ask *a, bool *ret_old)
{
    ask_text method = text_until(line, ' ');
    if (method.bytes == line.bytes || !name_valid(method))
        return ERROR_MALFORMED;
    ask_text rest = text_from(line, method.bytes + 1), target = text_until(rest, ' ');
    if (target.bytes == rest.bytes || target.bytes == 0 || *target.at != '/')
        return ERROR_MALFORMED;
    ask_text version = text_from(rest, target.bytes + 1);
    *ret_old = text_is(version, "HTTP/1.0");
    if (!*ret_old && !text_is(version, "HTTP/1.1"))
        return ERROR_MALFORMED;
    if (!text_printable(target, '!'))
        return ERROR_MALFORMED;
    error_code wrong = target_read(target, a);
    if (wrong == ERROR_NONE && !text_is(method, "GET"))
        return ERROR_METHOD_NOT_ALLOWED;
    return wrong;
}

static bool value_valid(ask_text value)
{
    for (size_t i = 0; i < value.bytes; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static ask_text trimmed(ask_text t)
{
    while (t.bytes > 0 && (*t.at == ' ' || *t.at == '\t'))
        t = text_from(t, 1);
    while (t.bytes > 0 && (t.at[t.bytes - 1] == ' ' || t.at[t.bytes - 1] == '\t'))
        t.bytes--;
    return t;
}

// One field's line into those that we read.
static bool field_read(ask_text line, ask_text fields[static FIELDS])
{
    ask_text name = text_until(line, ':');
    if (name.bytes == line.bytes || !name_valid(name))
        return false;
    ask_text value = trimmed(text_from(line, name.bytes + 1));
    if (!value_valid(value))
        return false;
    for (int i = 0; i < FIELDS; i++) {
        if (name.bytes != strlen(names[i]) || strncasecmp(name.at, names[i], name.bytes) != 0)
            continue;
        if (fields[i].at && i != FORWARDED_FOR)
            return false;
        fields[i] = value;
    }
    return true;
}

static bool fields_read(ask_text rest, ask_text fields[static FIELDS])
{
    for (int count = 0;; count++) {
        bool ends = starts(rest, "\r\n");
        if (ends)
            return rest.bytes == 2;
        if (count == ASK_FIELDS_MAX || rest.bytes == 0 || !field_read(line_next(&rest), fields))
            return false;
    }
}

static bool body_none(const ask_text fields[static FIELDS])
{
    return !fields[CODING].at && (!fields[LENGTH].at || text_is(fields[LENGTH], "0"));
}

error_code ask_read(const char *head, size_t bytes, ask *ret_ask)
{
    ask a = {0};
    ask_text rest = {head, bytes}, fields[FIELDS] = {{0}};
    bool old = false;
    ask_text first = line_next(&rest);
    error_code wrong = first_line_read(first, &a, &old);
    if (wrong == ERROR_MALFORMED || !fields_read(rest, fields) || !body_none(fields) ||
        (!old && !fields[HOST].at))
        return ERROR_MALFORMED;
    if (wrong != ERROR_NONE)
        return wrong;
    if (fields[LAST_EVENT_ID].at && number_read(fields[LAST_EVENT_ID], &a.since))
        a.has_since = true;
    a.host = fields[HOST];
    a.origin = fields[ORIGIN];
    a.forwarded_for = fields[FORWARDED_FOR];
    *ret_ask = a;
    return ERROR_NONE;
}

// Without the port, which follows the last colon unless that is inside the brackets of IPv6.
static ask_text host_name(ask_text host)
{
    for (size_t i = host.bytes; i > 0 && host.at[i - 1] != ']'; i--)
        if (host.at[i - 1] == ':')
            return (ask_text){host.at, i - 1};
    return host;
}

static bool text_same(ask_text a, ask_text b)
{
    return a.bytes == b.bytes && a.bytes > 0 && strncasecmp(a.at, b.at, a.bytes) == 0;
}

static bool loopback(ask_text name)
{
    return text_is(name, "localhost") || text_is(name, "127.0.0.1") || text_is(name, "[::1]");
}

bool ask_origin_allowed(ask_text origin, ask_text host, const char *public_url)
{
    if (!origin.at)
        return true;
    if (!text_printable(origin, '!'))
        return false;
    if (*public_url)
        return text_same(origin, (ask_text){public_url, strlen(public_url)});
    size_t scheme = starts(origin, "https://") ? 8 : starts(origin, "http://") ? 7 : 0;
    if (scheme == 0)
        return false;
    ask_text name = host_name(text_from(origin, scheme));
    return loopback(name) || (host.at && text_same(name, host_name(host)));
}
