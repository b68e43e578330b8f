#include "edge/http_private.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#define HTTP_POLICY_NOTHING "default-src 'none'; frame-ancestors 'none'"

enum { RETRY_SPREAD_S = 3 }; // those who are refused together come back at different times

void http_answer_init(http_answer *a, http_worker *w)
{
    a->status = 200;
    a->content_type = "application/json";
    a->cache_control = "no-store";
    a->policy = HTTP_POLICY_NOTHING;
    a->referrer_policy = "no-referrer";
    a->etag[0] = 0;
    a->headers_bytes = 0;
    a->shared = NULL;
    a->shared_head = false;
    a->data = NULL;
    a->data_bytes = 0;
    a->waited = a->shed = false;
    doc_init(&a->body, w->out + HTTP_HEAD_BYTES, HTTP_OUT_BYTES);
}

static bool line_clean(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

void http_answer_header(http_answer *a, const char *name, const char *value)
{
    size_t name_bytes = strlen(name), value_bytes = strlen(value);
    assert(line_clean(name) && line_clean(value));
    assert(a->headers_bytes + name_bytes + value_bytes + 4 <= sizeof a->headers);
    char *at = a->headers + a->headers_bytes;
    memcpy(at, name, name_bytes);
    at += name_bytes;
    memcpy(at, ": ", 2);
    memcpy(at + 2, value, value_bytes);
    memcpy(at + 2 + value_bytes, "\r\n", 2);
    a->headers_bytes += name_bytes + value_bytes + 4;
}

void http_answer_header_number(http_answer *a, const char *name, uint64_t value)
{
    char digits[21];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    http_answer_header(a, name, digits + at);
}

static atomic_uint refusals;

void http_answer_problem_begin(http_answer *a, error_code code, const char *detail)
{
    shared_bytes_unref(a->shared);
    a->shared = NULL;
    a->data = NULL;
    a->status = error_info_of(code)->http_status;
    a->shed = code == ERROR_OVERLOADED;
    a->content_type = PROBLEM_CONTENT_TYPE;
    a->cache_control = "no-store";
    a->etag[0] = 0;
    a->body.bytes = 0;
    a->body.full = a->body.comma = false;
    int seconds = problem_retry_after(code);
    if (seconds > 0)
        seconds += (int)(atomic_fetch_add(&refusals, 1) % RETRY_SPREAD_S);
    if (seconds > 0)
        http_answer_header(a, "Retry-After", (char[]){(char)('0' + seconds), 0});
    if (a->status == 401)
        http_answer_header(a, "WWW-Authenticate", "Bearer");
    problem_begin(&a->body, code, detail);
}

void http_answer_problem(http_answer *a, error_code code, const char *detail)
{
    http_answer_problem_begin(a, code, detail);
    doc_object_end(&a->body);
}

void http_answer_heap(http_answer *a, doc *document)
{
    shared_bytes *b = shared_bytes_of(document);
    if (!b)
        return http_answer_problem(a, ERROR_OVERLOADED, NULL);
    a->shared = b;
}

// The entity tag without its weakness mark.
static const char *opaque_of(const char *etag, size_t *bytes)
{
    if (*bytes >= 2 && etag[0] == 'W' && etag[1] == '/') {
        *bytes -= 2;
        return etag + 2;
    }
    return etag;
}

bool http_etag_listed(const char *if_none_match, const char *etag)
{
    size_t wanted_bytes = strlen(etag);
    const char *wanted = opaque_of(etag, &wanted_bytes);
    for (const char *at = if_none_match; *at;) {
        at += strspn(at, " \t,");
        size_t bytes = strcspn(at, " \t,");
        if (bytes == 1 && *at == '*')
            return true;
        size_t tag_bytes = bytes;
        const char *tag = opaque_of(at, &tag_bytes);
        if (tag_bytes > 0 && tag_bytes == wanted_bytes && memcmp(tag, wanted, tag_bytes) == 0)
            return true;
        at += bytes;
    }
    return false;
}

bool http_answer_fresh(http_answer *a, const http_request *q, const char *etag)
{
    size_t bytes = strlen(etag);
    assert(bytes < sizeof a->etag);
    memcpy(a->etag, etag, bytes + 1);
    if (!q->if_none_match || !http_etag_listed(q->if_none_match, etag))
        return false;
    a->status = 304;
    return true;
}

static const char *reason_of(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].status == status)
            return known[i].reason;
    return "Status";
}

typedef struct head_writer {
    char *at;
    char *end;
} head_writer;

static void put_bytes(head_writer *w, const char *text, size_t bytes)
{
    assert((size_t)(w->end - w->at) >= bytes);
    memcpy(w->at, text, bytes);
    w->at += bytes;
}

static void put(head_writer *w, const char *text)
{
    put_bytes(w, text, strlen(text));
}

static void put_number(head_writer *w, size_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while (value /= 10);
    put_bytes(w, digits + at, sizeof digits - at);
}

static void put_line(head_writer *w, const char *name, const char *value)
{
    put(w, name);
    put(w, value);
    put(w, "\r\n");
}

// Date (RFC 9110, 6.6.1), composed once a second.
static const char *date_of(http_worker *w)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (w->date_s != now.tv_sec) {
        struct tm civil;
        gmtime_r(&now.tv_sec, &civil);
        strftime(w->date, sizeof w->date, "%a, %d %b %Y %H:%M:%S GMT", &civil);
        w->date_s = now.tv_sec;
    }
    return w->date;
}

static size_t head_write(const http_answer *a, http_worker *worker, const http_head *head,
                         size_t body_bytes)
{
    head_writer w = {worker->head, worker->head + sizeof worker->head};
    bool bare = a->status == 204 || a->status == 304;
    put(&w, "HTTP/1.1 ");
    put_number(&w, (size_t)a->status);
    put_line(&w, " ", reason_of(a->status));
    put_line(&w, "Date: ", date_of(worker));
    if (!bare) {
        put_line(&w, "Content-Type: ", a->content_type);
        put(&w, "Content-Length: ");
        put_number(&w, body_bytes);
        put(&w, "\r\n");
    }
    put_line(&w, "Cache-Control: ", a->cache_control);
    if (a->etag[0])
        put_line(&w, "ETag: ", a->etag);
    if (head->closes)
        put(&w, "Connection: close\r\n");
    else if (head->keeps_told)
        put(&w, "Connection: keep-alive\r\n");
    put(&w, "X-Content-Type-Options: nosniff\r\n");
    put_line(&w, "Referrer-Policy: ", a->referrer_policy);
    put_line(&w, "Content-Security-Policy: ", a->policy);
    put_bytes(&w, a->headers, a->headers_bytes);
    put(&w, "\r\n");
    return (size_t)(w.at - worker->head);
}

static bool send_all(struct mg_connection *c, const void *data, size_t bytes)
{
    return bytes == 0 || mg_write(c, data, bytes) == (int)bytes;
}

// Small bodies are moved behind their head, so that both leave in one segment.
static bool send_pieces(struct mg_connection *c, http_worker *w, size_t head_bytes,
                        const void *body, size_t body_bytes)
{
    char *body_at = w->out + HTTP_HEAD_BYTES;
    if (body_bytes > HTTP_OUT_BYTES)
        return send_all(c, w->head, head_bytes) && send_all(c, body, body_bytes);
    if (body_bytes > 0 && body != body_at)
        memcpy(body_at, body, body_bytes);
    memcpy(body_at - head_bytes, w->head, head_bytes);
    return send_all(c, body_at - head_bytes, head_bytes + body_bytes);
}

// Head and shared body as one piece that all threads send in this second; NULL for the first of
// them, who may be the only one, and when memory is out.
static shared_bytes *wire_of(const http_answer *a, http_worker *w, const http_head *head)
{
    bool wanted;
    (void)date_of(w);
    int64_t second = w->date_s;
    shared_bytes *wire = shared_bytes_wire(a->shared, second, &wanted);
    if (wire || !wanted)
        return wire;
    size_t head_bytes = head_write(a, w, head, a->shared->count);
    char *data = malloc(head_bytes + a->shared->count);
    if (!data)
        return NULL;
    memcpy(data, w->head, head_bytes);
    memcpy(data + head_bytes, a->shared->data, a->shared->count);
    wire = shared_bytes_take(data, head_bytes + a->shared->count);
    if (wire)
        shared_bytes_wire_put(a->shared, wire, w->date_s);
    return wire;
}

static bool wire_send(http_answer *a, struct mg_connection *c, http_worker *w,
                      const http_head *head, bool *ret_sent)
{
    shared_bytes *wire = wire_of(a, w, head);
    if (!wire)
        return false;
    *ret_sent = send_all(c, wire->data, wire->count);
    shared_bytes_unref(wire);
    return true;
}

bool http_answer_write(http_answer *a, struct mg_connection *c, http_worker *w,
                       const http_head *head)
{
    bool wire_sent = false;
    if (!a->shared && !a->data && a->body.full)
        http_answer_problem(a, ERROR_INTERNAL, "The answer was too large");
    if (a->shared && a->shared_head && a->status == 200 && !head->closes && !head->keeps_told &&
        !head->only_head && wire_send(a, c, w, head, &wire_sent)) {
        shared_bytes_unref(a->shared);
        a->shared = NULL;
        return wire_sent;
    }
    const void *body = a->shared ? a->shared->data : a->data ? a->data : a->body.text;
    size_t bytes = a->shared ? a->shared->count : a->data ? a->data_bytes : a->body.bytes;
    size_t head_bytes = head_write(a, w, head, bytes);
    bool none = head->only_head || a->status == 204 || a->status == 304;
    bool sent = send_pieces(c, w, head_bytes, body, none ? 0 : bytes);
    shared_bytes_unref(a->shared);
    a->shared = NULL;
    return sent;
}
