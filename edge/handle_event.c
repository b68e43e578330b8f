#include "edge/edge.h"
#include "edge/time_text.h"

#include "ops/host/clock.h"
#include "schemas/digest.h"
#include "schemas/text.h"

#include <sodium.h>
#include <stdio.h>

enum {
    LIST_LIMIT_STANDARD = 20,
    LIST_LIMIT_MAX = 100,
    CURSOR_BYTES = 8 + 16,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
    CURSOR_TEXT_BYTES = sodium_base64_ENCODED_LEN(CURSOR_BYTES, BASE64),
};
#define CURRENCIES_CACHE_CONTROL "public, max-age=60, stale-while-revalidate=600"
#define LIST_CACHE_CONTROL "public, max-age=1, s-maxage=1, stale-while-revalidate=10"

static const char *status_name(int status)
{
    static const char *const names[] = {NULL,     "scheduled", "on_sale",
                                        "paused", "closed",    "cancelled"};
    return status > 0 && status < (int)(sizeof names / sizeof *names) ? names[status] : NULL;
}

// A rough word: the exact counts are the availability's.
static const char *availability_level(const event_row *r)
{
    int64_t left = (int64_t)r->seats - r->claimed;
    if (left <= 0)
        return "SOLD_OUT";
    if (left * 2 >= r->seats)
        return "HIGH";
    return left * 10 >= r->seats ? "MEDIUM" : "LOW";
}

static void member_text(doc *d, const char *key, const char *text)
{
    doc_key(d, key);
    doc_text(d, text);
}

static void member_int(doc *d, const char *key, int64_t value)
{
    doc_key(d, key);
    doc_int(d, value);
}

// The members that list and detail share, without the braces.
static void row_write(doc *d, const event_row *r)
{
    doc_key(d, "id");
    doc_uuid(d, &r->id.u);
    member_text(d, "name", r->name);
    member_text(d, "category", r->category);
    doc_key(d, "venue");
    doc_object(d);
    doc_key(d, "id");
    doc_uuid(d, &r->venue_id);
    member_text(d, "name", r->venue_name);
    member_text(d, "city", r->city);
    member_text(d, "country", r->country);
    member_text(d, "time_zone", r->time_zone);
    doc_object_end(d);
    doc_key(d, "starts_at");
    doc_time(d, r->starts_us);
    doc_key(d, "sale_starts_at");
    doc_time(d, r->sale_starts_us);
    member_text(d, "status", status_name(r->status));
    member_text(d, "availability", availability_level(r));
    member_int(d, "seats", r->seats);
    member_int(d, "price_min_minor", r->price_min_minor);
    member_int(d, "price_max_minor", r->price_max_minor);
    member_text(d, "currency", r->currency);
    member_int(d, "currency_exponent", r->currency_exponent);
}

typedef struct list_texts {
    char text[READ_FILTER_BYTES_MAX + 1], city[READ_FILTER_BYTES_MAX + 1];
    char category[READ_FILTER_BYTES_MAX + 1];
    char currency[4];
} list_texts;

// A name to look for; absent and empty are no filter.
static bool text_filter(const char *query, const char *name, char *buffer, size_t buffer_bytes,
                        const char **ret_text)
{
    bool valid;
    *ret_text = NULL;
    if (!http_query_text(query, name, buffer, buffer_bytes, &valid))
        return true;
    if (valid && buffer[0] == 0)
        return true;
    *ret_text = buffer;
    return valid && text_name_valid(buffer, strlen(buffer), buffer_bytes);
}

static bool time_filter(const char *query, const char *name, int64_t *ret_us)
{
    char text[40];
    bool valid;
    if (!http_query_text(query, name, text, sizeof text, &valid))
        return true;
    // An unescaped "+" of an offset reads as a blank.
    for (char *at = text; *at; at++)
        if (*at == ' ')
            *at = '+';
    return valid && time_text_read(text, strlen(text), ret_us);
}

static bool cursor_read(const char *query, event_filter *f)
{
    char text[CURSOR_TEXT_BYTES + 8];
    uint8_t raw[CURSOR_BYTES];
    size_t bytes;
    bool valid;
    const char *end;
    if (!http_query_text(query, "cursor", text, sizeof text, &valid))
        return true;
    if (!valid ||
        sodium_base642bin(raw, sizeof raw, text, strlen(text), NULL, &bytes, &end, BASE64) != 0 ||
        bytes != CURSOR_BYTES || *end != 0)
        return false;
    uint64_t us = 0;
    for (int i = 0; i < 8; i++)
        us = us << 8 | raw[i];
    f->after_starts_us = (int64_t)us;
    memcpy(f->after_id.u.bytes, raw + 8, 16);
    f->has_after = true;
    return us <= INT64_MAX;
}

static void cursor_write(doc *d, const event_row *last)
{
    uint8_t raw[CURSOR_BYTES];
    char text[CURSOR_TEXT_BYTES];
    for (int i = 0; i < 8; i++)
        raw[i] = (uint8_t)(last->starts_us >> (56 - 8 * i));
    memcpy(raw + 8, last->id.u.bytes, 16);
    doc_text(d, sodium_bin2base64(text, sizeof text, raw, sizeof raw, BASE64));
}

// NULL, or what is wrong with the query.
static const char *filter_read(const char *query, list_texts *texts, event_filter *f)
{
    int64_t limit = LIST_LIMIT_STANDARD;
    *f = (event_filter){.price_max_minor = -1};
    if (!text_filter(query, "q", texts->text, sizeof texts->text, &f->text))
        return "q is no readable text";
    if (!text_filter(query, "city", texts->city, sizeof texts->city, &f->city))
        return "city is no readable text";
    if (!text_filter(query, "category", texts->category, sizeof texts->category, &f->category))
        return "category is no readable text";
    if (!text_filter(query, "currency", texts->currency, sizeof texts->currency, &f->currency) ||
        (f->currency && strlen(f->currency) != 3))
        return "currency is a code of three letters (ISO 4217)";
    if (!time_filter(query, "from", &f->from_us) || !time_filter(query, "to", &f->to_us))
        return "from and to are RFC 3339 dates or times";
    if (!http_query_int(query, "price_max", INT64_MAX, &f->price_max_minor))
        return "price_max is a whole number of minor units";
    if (!http_query_int(query, "limit", LIST_LIMIT_MAX, &limit) || limit < 1)
        return "limit is a number from 1 to 100";
    if (!cursor_read(query, f))
        return "cursor is not one of ours";
    f->limit = (uint32_t)limit;
    return NULL;
}

static shared_bytes *document_seal(doc *d)
{
    shared_bytes *b = shared_bytes_of(d);
    if (b)
        shared_bytes_name(b);
    return b;
}

static shared_bytes *list_build(edge *e, const void *what)
{
    const event_filter *f = what;
    event_page page;
    doc d;
    if (read_events(e->pool, f, &page) != STORE_OK)
        return NULL;
    doc_init_heap(&d);
    doc_object(&d);
    doc_key(&d, "events");
    doc_array(&d);
    for (uint32_t i = 0; i < page.count; i++) {
        doc_object(&d);
        row_write(&d, &page.rows[i]);
        doc_object_end(&d);
    }
    doc_array_end(&d);
    doc_key(&d, "next");
    if (page.more && page.count > 0)
        cursor_write(&d, &page.rows[page.count - 1]);
    else
        doc_null(&d);
    doc_object_end(&d);
    event_page_done(&page);
    return document_seal(&d);
}

static void answer_shared(edge_call *call, shared_bytes *b, const char *cache_control)
{
    call->answer->cache_control = cache_control;
    if (http_answer_fresh(call->answer, call->request, b->etag))
        shared_bytes_unref(b);
    else
        call->answer->shared = b;
}

static shared_bytes *currencies_build(edge *e, const void *what)
{
    (void)what;
    currency_row rows[READ_CURRENCIES_MAX];
    uint32_t count;
    doc d;
    if (read_currencies(e->pool, rows, &count) != STORE_OK)
        return NULL;
    doc_init_heap(&d);
    doc_object(&d);
    doc_key(&d, "currencies");
    doc_array(&d);
    for (uint32_t i = 0; i < count; i++) {
        doc_object(&d);
        member_text(&d, "code", rows[i].code);
        member_int(&d, "exponent", rows[i].exponent);
        doc_object_end(&d);
    }
    doc_array_end(&d);
    doc_object_end(&d);
    return document_seal(&d);
}

// From what is kept, or built now; while the database does not answer, what was kept before.
static void answer_kept(edge_call *call, const char *name, const char *cache_control,
                        shared_bytes *(*build)(edge *, const void *), const void *what)
{
    edge *e = call->edge;
    digest16 key = digest16_of(name, strlen(name));
    int64_t now_us = clock_monotonic_us();
    shared_bytes *b = answer_cache_get(e->answers, &key, now_us);
    if (!b) {
        bool enters = load_gate_enter(e->gate);
        b = enters ? build(e, what) : NULL;
        if (enters)
            load_gate_leave(e->gate);
        if (b)
            answer_cache_put(e->answers, &key, b, now_us);
        else
            b = answer_cache_old(e->answers, &key, now_us);
    }
    if (!b)
        return http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
    answer_shared(call, b, cache_control);
}

// No query has a blank in it, so no list has this name.
void handle_currency_list(edge_call *call)
{
    answer_kept(call, "the currencies", CURRENCIES_CACHE_CONTROL, currencies_build, NULL);
}

void handle_event_list(edge_call *call)
{
    const char *query = call->request->query;
    list_texts texts;
    event_filter filter;
    const char *wrong = filter_read(query, &texts, &filter);
    if (wrong)
        return http_answer_problem(call->answer, ERROR_MALFORMED, wrong);
    answer_kept(call, query, LIST_CACHE_CONTROL, list_build, &filter);
}

static void plan_write(doc *d, const shared_plan *p)
{
    char hash[DIGEST32_TEXT_BYTES], url[sizeof "/v1/plans/" + DIGEST32_TEXT_BYTES];
    digest32_format(&p->hash, hash);
    snprintf(url, sizeof url, "/v1/plans/%s", hash);
    doc_key(d, "plan");
    doc_object(d);
    member_text(d, "hash", hash);
    member_text(d, "url", url);
    doc_object_end(d);
}

static void sections_write(doc *d, const plan *p)
{
    doc_key(d, "sections");
    doc_array(d);
    for (uint32_t i = 0; i < p->sections_count; i++) {
        doc_object(d);
        member_text(d, "id", plan_section_id(p, i));
        member_text(d, "name", plan_section_name(p, i));
        member_int(d, "seats", p->section_first[i + 1] - p->section_first[i]);
        doc_object_end(d);
    }
    doc_array_end(d);
}

static void categories_write(doc *d, const catalogue_event *event)
{
    const plan *p = event->plan->plan;
    doc_key(d, "categories");
    doc_array(d);
    for (uint32_t i = 0; i < p->categories_count && i < event->detail.prices_count; i++) {
        doc_object(d);
        member_text(d, "name", plan_category_name(p, i));
        member_int(d, "price_minor", event->detail.price_minor[i]);
        doc_object_end(d);
    }
    doc_array_end(d);
}

// Where a page hears of changes: cavea-live serves this path, under its own origin or behind the
// proxy that is ours too.
static void live_write(doc *d, const char *live_url, const event_id *event)
{
    char id[UUID_TEXT_BYTES], url[320];
    uuid_format(&event->u, id);
    doc_key(d, "live_url");
    if (*live_url == 0)
        return doc_null(d);
    snprintf(url, sizeof url, "%s/v1/events/%s/live", strcmp(live_url, "/") == 0 ? "" : live_url,
             id);
    doc_text(d, url);
}

static void detail_write(doc *d, const catalogue_event *event, const char *live_url)
{
    const event_detail *detail = &event->detail;
    doc_object(d);
    row_write(d, &detail->row);
    member_text(d, "description", detail->description);
    doc_key(d, "organizer");
    doc_object(d);
    doc_key(d, "id");
    doc_uuid(d, &detail->organizer_id);
    member_text(d, "name", detail->organizer_name);
    doc_object_end(d);
    if (!uuid_is_zero(&detail->production_id)) {
        doc_key(d, "production");
        doc_object(d);
        doc_key(d, "id");
        doc_uuid(d, &detail->production_id);
        member_text(d, "name", detail->production_name);
        doc_object_end(d);
    }
    plan_write(d, event->plan);
    sections_write(d, event->plan->plan);
    categories_write(d, event);
    member_int(d, "hold_seconds", detail->hold_seconds);
    live_write(d, live_url, &detail->row.id);
    doc_object_end(d);
}

void handle_event_read(edge_call *call)
{
    const http_request *q = call->request;
    event_id id;
    CATALOGUE_EVENT_AUTO *event = NULL;
    if (!uuid_parse(q->id, q->id_bytes, &id.u))
        return http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
    error_code error = catalogue_get(call->edge->catalogue, &id, &event);
    if (error != ERROR_NONE)
        return http_answer_problem(call->answer, error, NULL);
    doc d;
    doc_init_heap(&d);
    detail_write(&d, event, call->edge->live_url);
    shared_bytes *b = document_seal(&d);
    if (!b)
        return http_answer_problem(call->answer, ERROR_OVERLOADED, NULL);
    answer_shared(call, b, LIST_CACHE_CONTROL);
}
