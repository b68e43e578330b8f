#include "ops/provider/office.h"

#include "ops/provider/shape.h"

#include <inttypes.h>
#include <stdlib.h>

enum { CURRENCIES_MAX = 64, PAGE_INTENTS = 1000 };

typedef struct till {
    char currency[4];
    int64_t intents, captured, refunded, refunds_pending;
} till;

typedef struct tally {
    int64_t intents[INTENT_STATUSES_END], refunds[REFUND_STATUSES_END];
    till tills[CURRENCIES_MAX];
    size_t tills_count;
} tally;

// The till of a currency; beyond 64 currencies the rest shares the last one.
static till *tally_till(tally *t, const char *currency)
{
    size_t i = 0;
    while (i < t->tills_count && strcmp(t->tills[i].currency, currency) != 0)
        i++;
    if (i == CURRENCIES_MAX)
        return &t->tills[CURRENCIES_MAX - 1];
    if (i == t->tills_count) {
        memcpy(t->tills[i].currency, currency, sizeof t->tills[i].currency);
        t->tills_count++;
    }
    return &t->tills[i];
}

static void tally_fill(tally *t, const books *b)
{
    for (size_t n = 0; n < b->intents_made.count; n++) {
        const intent *i = (const intent *)(const void *)b->intents_made.at[n];
        till *of = tally_till(t, i->currency);
        t->intents[i->status]++;
        of->intents++;
        of->captured += i->amount_received;
        for (const refund *r = i->refunds; r != NULL; r = r->older) {
            t->refunds[r->status]++;
            of->refunded += r->status == REFUND_SUCCEEDED ? r->amount : 0;
            of->refunds_pending += r->status == REFUND_PENDING ? r->amount : 0;
        }
    }
}

static void tally_write(const tally *t, jsonout *out)
{
    jsonout_open(out, "intents", '{');
    for (unsigned i = 0; i < INTENT_STATUSES_END; i++)
        jsonout_integer(out, intent_status_name((intent_status)i), t->intents[i]);
    jsonout_close(out, '}');
    jsonout_open(out, "refunds", '{');
    for (unsigned i = 0; i < REFUND_STATUSES_END; i++)
        jsonout_integer(out, refund_status_name((refund_status)i), t->refunds[i]);
    jsonout_close(out, '}');
    jsonout_open(out, "currencies", '{');
    for (size_t i = 0; i < t->tills_count; i++) {
        jsonout_open(out, t->tills[i].currency, '{');
        jsonout_integer(out, "intents", t->tills[i].intents);
        jsonout_integer(out, "captured_minor", t->tills[i].captured);
        jsonout_integer(out, "refunded_minor", t->tills[i].refunded);
        jsonout_integer(out, "refunds_pending_minor", t->tills[i].refunds_pending);
        jsonout_close(out, '}');
    }
    jsonout_close(out, '}');
}

static void response_take(admin_response *response, jsonout *out)
{
    fwrite(out->at, 1, out->bytes, response->body);
    jsonout_done(out);
}

static void office_state(void *self, const admin_request *request, admin_response *response)
{
    (void)request;
    provider *p = self;
    tally t = {0};
    jsonout out = {0};
    jsonout_open(&out, NULL, '{');
    pthread_mutex_lock(&p->books.mutex);
    tally_fill(&t, &p->books);
    tally_write(&t, &out);
    jsonout_integer(&out, "webhooks_undelivered", (int64_t)deliveries_undelivered(p->deliveries));
    jsonout_integer(&out, "idempotency_keys", (int64_t)repeats_count(&p->repeats));
    pthread_mutex_unlock(&p->books.mutex);
    jsonout_string(&out, "public_url", p->public_url);
    jsonout_close(&out, '}');
    jsonout_raw(&out, "\n", 1);
    response_take(response, &out);
}

static void books_line(jsonout *out, const intent *i)
{
    jsonout_open(out, NULL, '{');
    jsonout_string(out, "id", i->e.id);
    jsonout_string(out, "status", intent_status_name(i->status));
    jsonout_integer(out, "amount", i->amount);
    jsonout_integer(out, "amount_received", i->amount_received);
    jsonout_integer(out, "amount_refunded", i->amount_refunded);
    jsonout_string(out, "currency", i->currency);
    jsonout_integer(out, "created", i->e.created);
    shape_metadata(out, "metadata", &i->metadata);
    jsonout_open(out, "refunds", '[');
    for (const refund *r = i->refunds; r != NULL; r = r->older) {
        jsonout_open(out, NULL, '{');
        jsonout_string(out, "id", r->e.id);
        jsonout_string(out, "status", refund_status_name(r->status));
        jsonout_integer(out, "amount", r->amount);
        shape_metadata(out, "metadata", &r->metadata);
        jsonout_close(out, '}');
    }
    jsonout_close(out, ']');
    jsonout_close(out, '}');
    jsonout_raw(out, "\n", 1);
}

static const char *metadata_value(const metadata *m, const char *wanted)
{
    const char *key, *value;
    uint32_t at = 0;
    while (metadata_next(m, &at, &key, &value))
        if (strcmp(key, wanted) == 0)
            return value;
    return "";
}

// A field in quotation marks, with what would not fit into a line left out.
static void csv_field(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text != 0; text++) {
        if (*text == '"')
            putc('"', out);
        if (*text >= ' ')
            putc(*text, out);
    }
    putc('"', out);
}

static void export_line(FILE *out, const intent *i)
{
    int64_t refunded = 0;
    for (const refund *r = i->refunds; r != NULL; r = r->older)
        refunded += r->status == REFUND_SUCCEEDED ? r->amount : 0;
    fprintf(out, "%s,", i->e.id);
    csv_field(out, metadata_value(&i->metadata, "payment_id"));
    fprintf(out, ",%s,%" PRId64 ",%" PRId64 ",%s,%" PRId64 "\n", i->currency, i->amount_received,
            refunded, intent_status_name(i->status), i->e.created);
}

// The books as a file for people and `cavea finance reconcile`. Not as of one moment: each page is.
static void office_export(void *self, const admin_request *request, admin_response *response)
{
    (void)request;
    provider *p = self;
    size_t at = 0, count;
    response->content_type = "text/csv";
    fputs("intent_id,payment_id,currency,captured_minor,refunded_minor,status,created\n",
          response->body);
    do {
        pthread_mutex_lock(&p->books.mutex);
        count = p->books.intents_made.count;
        for (size_t end = at + PAGE_INTENTS; at < count && at < end; at++)
            export_line(response->body, (const intent *)(const void *)p->books.intents_made.at[at]);
        pthread_mutex_unlock(&p->books.mutex);
    } while (at < count);
}

// Writes a page at a time, so that the books are never closed for long. Intents are never removed:
// their numbers stay.
static void office_intents(void *self, const admin_request *request, admin_response *response)
{
    provider *p = self;
    form f;
    int64_t from = 0, limit = BOOKS_INTENTS_MAX;
    response->content_type = "application/jsonl";
    if (form_parse(request->query, strlen(request->query), &f) != NULL ||
        form_find_integer(&f, "from", &from) == FORM_WRONG ||
        form_find_integer(&f, "limit", &limit) == FORM_WRONG || from < 0 || limit < 0) {
        response->status = 400;
        form_done(&f);
        return;
    }
    form_done(&f);
    for (int64_t end = from + limit; from < end;) {
        jsonout out = {0};
        int64_t page_end = from + PAGE_INTENTS < end ? from + PAGE_INTENTS : end;
        pthread_mutex_lock(&p->books.mutex);
        const entries *made = &p->books.intents_made;
        for (; from < page_end && (size_t)from < made->count; from++)
            books_line(&out, (const intent *)(const void *)made->at[from]);
        pthread_mutex_unlock(&p->books.mutex);
        bool is_over = from < page_end;
        if (out.bytes > 0)
            response_take(response, &out);
        if (is_over)
            break;
    }
}

static void office_faults(void *self, const admin_request *request, admin_response *response)
{
    (void)request;
    provider *p = self;
    jsonout out = {0};
    faults_write(&p->faults, &out);
    jsonout_raw(&out, "\n", 1);
    response_take(response, &out);
}

static void office_faults_set(void *self, const admin_request *request, admin_response *response)
{
    provider *p = self;
    char problem[256];
    if (faults_set(&p->faults, request->body, request->body_bytes, problem, sizeof problem)) {
        office_faults(self, request, response);
        return;
    }
    jsonout out = {0};
    response->status = 400;
    jsonout_open(&out, NULL, '{');
    jsonout_string(&out, "error", problem);
    jsonout_close(&out, '}');
    jsonout_raw(&out, "\n", 1);
    response_take(response, &out);
}

static void office_faults_clear(void *self, const admin_request *request, admin_response *response)
{
    provider *p = self;
    faults_clear(&p->faults);
    office_faults(self, request, response);
}

const admin_route office_routes[] = {
    {"GET", "/admin/state", office_state},        {"GET", "/admin/intents", office_intents},
    {"GET", "/admin/export", office_export},      {"GET", "/admin/faults", office_faults},
    {"POST", "/admin/faults", office_faults_set}, {"DELETE", "/admin/faults", office_faults_clear},
};
const size_t office_routes_count = sizeof office_routes / sizeof office_routes[0];

bool office_ready(void *self, char ret_reason[static ADMIN_REASON_BYTES])
{
    provider *p = self;
    pthread_mutex_lock(&p->books.mutex);
    bool is_well = logbook_is_well(p->logbook);
    pthread_mutex_unlock(&p->books.mutex);
    if (!is_well)
        snprintf(ret_reason, ADMIN_REASON_BYTES, "the logbook cannot be written");
    return is_well;
}
