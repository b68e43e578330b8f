#include "edge/http_private.h"

#include <strings.h>

// Printable ASCII without blanks; everything else must come percent-encoded.
static bool uri_valid(const char *text, size_t bytes_max)
{
    size_t bytes = 0;
    for (; text[bytes]; bytes++)
        if (text[bytes] <= ' ' || text[bytes] >= 0x7f)
            return false;
    return bytes <= bytes_max;
}

// civetweb stops reading header lines at its 64th, at a folded one and at one without a name, and
// takes the rest for the body: then it and a proxy in front disagree about where this request ends.
// Its last line must therefore be followed by the empty one. It has replaced the line's end, CRLF
// or LF, by zeros.
static bool lines_complete(const struct mg_request_info *info, bool old)
{
    if (info->num_headers == 0)
        return old; // whose connection ends with its answer
    const char *value = info->http_headers[info->num_headers - 1].value;
    const char *end = value + strlen(value) + 1;
    if (*end == 0)
        end++;
    return *end == '\r' || *end == '\n';
}

static bool value_valid(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return false;
    return true;
}

static bool length_read(const char *text, int64_t *ret_length)
{
    int64_t length = 0;
    if (*text == 0)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || length > INT64_MAX / 10 - 1)
            return false;
        length = length * 10 + (*text - '0');
    }
    *ret_length = length;
    return true;
}

// Whether a comma-separated list has this word.
static bool list_has(const char *list, const char *word)
{
    size_t word_bytes = strlen(word);
    while (*list) {
        list += strspn(list, " \t,");
        size_t bytes = strcspn(list, " \t,");
        if (bytes == word_bytes && strncasecmp(list, word, bytes) == 0)
            return true;
        list += bytes;
    }
    return false;
}

typedef struct fields { // those that we read
    const char *host, *expect, *connection, *length, *encoding;
    const char *content_type, *authorization, *if_none_match, *idempotency_key, *signature;
    const char *cookie, *origin, *accept, *accept_encoding;
} fields;

// Where a header goes; NULL for those that we ignore. Their lengths tell nearly all apart.
static const char **field_of(fields *f, const char *name)
{
    static const struct {
        const char *name;
        size_t offset;
    } known[] = {
        {"Host", offsetof(fields, host)},
        {"Expect", offsetof(fields, expect)},
        {"Connection", offsetof(fields, connection)},
        {"Content-Length", offsetof(fields, length)},
        {"Transfer-Encoding", offsetof(fields, encoding)},
        {"Content-Type", offsetof(fields, content_type)},
        {"Authorization", offsetof(fields, authorization)},
        {"If-None-Match", offsetof(fields, if_none_match)},
        {"Idempotency-Key", offsetof(fields, idempotency_key)},
        {"Stripe-Signature", offsetof(fields, signature)},
        {"Cookie", offsetof(fields, cookie)},
        {"Origin", offsetof(fields, origin)},
        {"Accept", offsetof(fields, accept)},
        {"Accept-Encoding", offsetof(fields, accept_encoding)},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if ((name[0] | 0x20) == (known[i].name[0] | 0x20) && strcasecmp(name, known[i].name) == 0)
            return (const char **)(void *)((char *)f + known[i].offset);
    return NULL;
}

// False when a line holds control characters, or when one that must be single is repeated.
static bool fields_read(const struct mg_request_info *info, fields *ret_fields)
{
    fields f = {0};
    for (int i = 0; i < info->num_headers; i++) {
        const struct mg_header *line = &info->http_headers[i];
        if (!value_valid(line->value))
            return false;
        const char **field = field_of(&f, line->name);
        bool repeats = field && *field;
        if (repeats && field != &f.accept && field != &f.accept_encoding)
            return false;
        if (field && !repeats)
            *field = line->value;
    }
    *ret_fields = f;
    return true;
}

static bool framing_read(const fields *f, bool old, http_head *head)
{
    if (f->encoding) {
        head->chunked = strcasecmp(f->encoding, "chunked") == 0;
        return head->chunked && !f->length && !old;
    }
    return !f->length || length_read(f->length, &head->content_length);
}

error_code http_head_read(const struct mg_request_info *info, http_head *ret_head,
                          http_request *ret_request)
{
    fields f;
    http_head head = {.closes = true};
    bool old = strcmp(info->http_version, "1.0") == 0;
    *ret_head = head;
    if (!info->local_uri_raw || !uri_valid(info->local_uri_raw, ROUTE_PATH_BYTES_MAX) ||
        (info->query_string && !uri_valid(info->query_string, HTTP_QUERY_BYTES_MAX)))
        return ERROR_MALFORMED;
    if (!lines_complete(info, old) || !fields_read(info, &f))
        return ERROR_MALFORMED;
    if ((!old && !f.host) || !framing_read(&f, old, &head))
        return ERROR_MALFORMED;
    bool keeps = f.connection ? list_has(f.connection, "keep-alive") : !old;
    head.closes = !keeps;
    head.keeps_told = old && keeps;
    head.only_head = strcmp(info->request_method, "HEAD") == 0;
    head.expects_continue = f.expect && !old && strcasecmp(f.expect, "100-continue") == 0;
    *ret_head = head;
    *ret_request = (http_request){
        .id = "",
        .query = info->query_string ? info->query_string : "",
        .authorization = f.authorization,
        .idempotency_key = f.idempotency_key,
        .if_none_match = f.if_none_match,
        .content_type = f.content_type,
        .signature = f.signature,
        .cookie = f.cookie,
        .origin = f.origin,
        .host = f.host,
        .accept = f.accept,
        .accept_encoding = f.accept_encoding,
        .body = "",
    };
    return ERROR_NONE;
}
