#include "chaos/audit/evidence.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct reader {
    evidence *e;
    const table *t;
    size_t row;
    bool good;
} reader;

static int64_t number(reader *r, size_t column)
{
    int64_t n = 0;
    r->good &= field_number(table_field(r->t, r->row, column), &n);
    return n;
}

static uuid id(reader *r, size_t column)
{
    uuid u = {{0}};
    r->good &= field_uuid(table_field(r->t, r->row, column), &u);
    return u;
}

static void text(reader *r, size_t column, char *to, size_t room)
{
    const char *field = table_field(r->t, r->row, column);
    r->good &= strlen(field) < room;
    snprintf(to, room, "%s", strcmp(field, "-") == 0 ? "" : field);
}

static void numbers(reader *r, size_t column, int64_t *to, size_t most, size_t *ret_count)
{
    const char *at = table_field(r->t, r->row, column);
    size_t count = 0;
    if (strcmp(at, "-") == 0)
        at = "";
    for (char *end; *at != 0 && count < most; at = *end == ',' ? end + 1 : end) {
        to[count++] = strtoll(at, &end, 10);
        if (end == at)
            break;
    }
    r->good &= *at == 0;
    *ret_count = count;
}

static void event_take(reader *r, void *to)
{
    event_row *row = to;
    char problem[PLAN_PROBLEM_BYTES];
    const char *packed = table_field(r->t, r->row, 3);
    size_t bytes = strlen(packed) / 2;
    uint8_t *plain = malloc(bytes + 1);
    row->id = id(r, 0);
    row->tag = (uint32_t)number(r, 1);
    text(r, 2, row->currency, sizeof row->currency);
    r->good &= plain != NULL && field_bytes(packed, plain, bytes) &&
               plan_decode(plain, bytes, &row->plan, problem);
    free(plain);
}

static void reservation_take(reader *r, void *to)
{
    reservation_row *row = to;
    int64_t seats[SEATS_PER_RESERVATION_MAX];
    size_t count;
    row->event = id(r, 0);
    row->id = id(r, 1);
    row->buyer = id(r, 2);
    row->state = number(r, 3);
    r->good &= field_bytes(table_field(r->t, r->row, 4), &row->key_hash, sizeof row->key_hash);
    numbers(r, 5, seats, SEATS_PER_RESERVATION_MAX, &count);
    row->seats.count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        row->seats.seat[i] = (uint32_t)seats[i];
    row->total_minor = number(r, 6);
    row->created_us = number(r, 7);
    row->expires_us = number(r, 8);
    row->payment = id(r, 9);
    row->outcome = number(r, 10);
    row->refund_minor = number(r, 11);
}

static void claim_take(reader *r, void *to)
{
    claim_row *row = to;
    row->event = id(r, 0);
    row->seat = number(r, 1);
    row->reservation = id(r, 2);
}

static void payment_take(reader *r, void *to)
{
    payment_row *row = to;
    row->event = id(r, 0);
    row->id = id(r, 1);
    row->reservation = id(r, 2);
    row->buyer = id(r, 3);
    row->state = number(r, 4);
    row->amount_minor = number(r, 5);
    text(r, 6, row->currency, sizeof row->currency);
    row->captured_minor = number(r, 7);
    row->refund_minor = number(r, 8);
    row->refunded_minor = number(r, 9);
    row->kept_minor = number(r, 10);
    text(r, 11, row->intent, sizeof row->intent);
    text(r, 12, row->refund, sizeof row->refund);
}

static void ticket_take(reader *r, void *to)
{
    ticket_row *row = to;
    row->event = id(r, 0);
    row->id = id(r, 1);
    row->reservation = id(r, 2);
    row->seat = number(r, 3);
    row->state = number(r, 4);
}

static void posting_take(reader *r, void *to)
{
    enum { CLEARING = 1, LINES_MAX = 16 };
    posting_row *row = to;
    int64_t accounts[LINES_MAX], amounts[LINES_MAX];
    size_t accounts_count, amounts_count;
    row->event = id(r, 0);
    row->payment = id(r, 1);
    text(r, 2, row->currency, sizeof row->currency);
    numbers(r, 3, accounts, LINES_MAX, &accounts_count);
    numbers(r, 4, amounts, LINES_MAX, &amounts_count);
    r->good &= accounts_count == amounts_count;
    for (size_t i = 0; r->good && i < amounts_count; i++) {
        row->sum_minor += amounts[i];
        row->clearing_minor += accounts[i] == CLEARING ? amounts[i] : 0;
    }
}

static void fact_take(reader *r, void *to)
{
    fact_row *row = to;
    const char *payload = table_field(r->t, r->row, 4);
    row->actor = id(r, 0);
    row->seq = number(r, 1);
    row->at_us = number(r, 2);
    row->kind = number(r, 3);
    row->payload_bytes = strlen(payload) / 2;
    row->payload = malloc(row->payload_bytes + 1);
    r->good &= row->payload != NULL && field_bytes(payload, row->payload, row->payload_bytes) &&
               field_bytes(table_field(r->t, r->row, 5), &row->hash, sizeof row->hash);
}

static void lease_take(reader *r, void *to)
{
    lease_row *row = to;
    row->actor = id(r, 0);
    row->kind = number(r, 1);
    row->epoch = number(r, 2);
    row->holder = id(r, 3);
    row->incarnation = number(r, 4);
    row->cursor = number(r, 5);
    row->last_seq = number(r, 6);
    r->good &= field_bytes(table_field(r->t, r->row, 7), &row->last_hash, sizeof row->last_hash);
}

static void sample_take(reader *r, void *to)
{
    lease_row *row = to;
    row->at_us = number(r, 0);
    row->actor = id(r, 1);
    row->epoch = number(r, 2);
    row->holder = id(r, 3);
    row->incarnation = number(r, 4);
    row->cursor = number(r, 5);
    row->last_seq = number(r, 6);
}

static void provider_take(reader *r, void *to)
{
    provider_row *row = to;
    text(r, 0, row->intent, sizeof row->intent);
    row->payment = id(r, 1);
    text(r, 2, row->currency, sizeof row->currency);
    for (char *c = row->currency; *c != 0; c++)
        *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
    row->captured_minor = number(r, 3);
    row->refunded_minor = number(r, 4);
}

static int by_id(const void *a, const void *b) // ids come first, or after the event's
{
    return memcmp(a, b, sizeof(uuid));
}

static int by_second_id(const void *a, const void *b)
{
    return memcmp((const uuid *)a + 1, (const uuid *)b + 1, sizeof(uuid));
}

static int by_seat(const void *a, const void *b)
{
    const claim_row *x = a, *y = b;
    int order = by_id(a, b);
    return order != 0 ? order : (x->seat > y->seat) - (x->seat < y->seat);
}

static int by_seq(const void *a, const void *b)
{
    const fact_row *x = a, *y = b;
    int order = by_id(a, b);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static int by_time(const void *a, const void *b)
{
    const lease_row *x = a, *y = b;
    int order = by_id(a, b);
    return order != 0 ? order : (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static int by_intent(const void *a, const void *b)
{
    return strcmp(a, b);
}

static bool rows_read(evidence *e, const char *folder, const char *name, size_t columns,
                      size_t row_bytes, void (*take)(reader *, void *),
                      int (*compare)(const void *, const void *), void *ret_rows, size_t *ret_count)
{
    char path[512];
    table t;
    snprintf(path, sizeof path, "%s/%s.tsv", folder, name);
    if (!table_read(path, columns, &t, e->problem))
        return false;
    uint8_t *rows = calloc(t.rows + 1, row_bytes);
    reader r = {e, &t, 0, rows != NULL};
    for (; r.good && r.row < t.rows; r.row++)
        take(&r, rows + r.row * row_bytes);
    if (!r.good)
        snprintf(e->problem, sizeof e->problem, "%s: row %zu cannot be read", path, r.row);
    else if (compare != NULL)
        qsort(rows, t.rows, row_bytes, compare);
    *ret_count = t.rows;
    memcpy(ret_rows, &rows, sizeof rows);
    table_done(&t);
    return r.good;
}

static bool moment_read(evidence *e, const char *folder)
{
    char path[512];
    table t;
    snprintf(path, sizeof path, "%s/moment.tsv", folder);
    if (!table_read(path, 1, &t, e->problem))
        return false;
    bool good = t.rows == 1 && field_number(table_field(&t, 0, 0), &e->moment_us);
    table_done(&t);
    if (!good)
        snprintf(e->problem, sizeof e->problem, "%s holds no time", path);
    return good;
}

static int is_journal(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return strncmp(entry->d_name, "journal", 7) == 0 && ending != NULL &&
           strcmp(ending, ".tsv") == 0;
}

static bool journals_read(evidence *e, const char *folder)
{
    struct dirent **found = NULL;
    int count = scandir(folder, &found, is_journal, alphasort);
    bool good = count > 0;
    if (!good)
        snprintf(e->problem, sizeof e->problem, "there is no journal in %s", folder);
    for (int i = 0; i < count; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
        good = good && evidence_journal_read(e, path);
        free(found[i]);
    }
    free(found);
    return good;
}

bool evidence_read(const char *folder, evidence *e)
{
    *e = (evidence){0};
#define READ(name, columns, row, many, take, compare)                                              \
    rows_read(e, folder, name, columns, sizeof(row), take, compare, &e->many, &e->many##_count)
    return moment_read(e, folder) && READ("event", 4, event_row, events, event_take, by_id) &&
           READ("reservation", 12, reservation_row, reservations, reservation_take, by_second_id) &&
           READ("claim", 3, claim_row, claims, claim_take, by_seat) &&
           READ("payment", 13, payment_row, payments, payment_take, by_second_id) &&
           READ("ticket", 5, ticket_row, tickets, ticket_take, by_second_id) &&
           READ("posting", 5, posting_row, postings, posting_take, by_id) &&
           READ("fact", 6, fact_row, facts, fact_take, by_seq) &&
           READ("lease", 8, lease_row, leases, lease_take, by_id) &&
           READ("lease_sample", 7, lease_row, samples, sample_take, by_time) &&
           READ("provider", 5, provider_row, provider, provider_take, by_intent) &&
           journals_read(e, folder);
#undef READ
}

void evidence_done(evidence *e)
{
    for (size_t i = 0; e->events != NULL && i < e->events_count; i++)
        plan_free(e->events[i].plan);
    for (size_t i = 0; e->facts != NULL && i < e->facts_count; i++)
        free(e->facts[i].payload);
    for (size_t i = 0; i < e->tables_count; i++)
        table_done(&e->tables[i]);
    free(e->events);
    free(e->reservations);
    free(e->claims);
    free(e->payments);
    free(e->tickets);
    free(e->postings);
    free(e->facts);
    free(e->leases);
    free(e->samples);
    free(e->provider);
    free(e->operations);
}

static const void *find(const void *rows, size_t count, size_t row_bytes, const uuid *wanted,
                        bool second)
{
    const uuid key[2] = {*wanted, *wanted};
    return count == 0 ? NULL : bsearch(key, rows, count, row_bytes, second ? by_second_id : by_id);
}

const event_row *evidence_event(const evidence *e, const uuid *wanted)
{
    return find(e->events, e->events_count, sizeof *e->events, wanted, false);
}

const reservation_row *evidence_reservation(const evidence *e, const uuid *wanted)
{
    return find(e->reservations, e->reservations_count, sizeof *e->reservations, wanted, true);
}

const payment_row *evidence_payment(const evidence *e, const uuid *wanted)
{
    return find(e->payments, e->payments_count, sizeof *e->payments, wanted, true);
}

const ticket_row *evidence_ticket(const evidence *e, const uuid *wanted)
{
    return find(e->tickets, e->tickets_count, sizeof *e->tickets, wanted, true);
}

const provider_row *evidence_intent(const evidence *e, const char *intent)
{
    return e->provider_count == 0
               ? NULL
               : bsearch(intent, e->provider, e->provider_count, sizeof *e->provider, by_intent);
}

bool detail_find(const char *detail, const char *name, char *ret_value, size_t room)
{
    size_t name_bytes = strlen(name);
    for (const char *at = detail; at != NULL; at = strchr(at, ';')) {
        at += *at == ';';
        if (strncmp(at, name, name_bytes) != 0 || at[name_bytes] != '=')
            continue;
        const char *value = at + name_bytes + 1;
        size_t bytes = strcspn(value, ";");
        if (bytes >= room)
            return false;
        memcpy(ret_value, value, bytes);
        ret_value[bytes] = 0;
        return true;
    }
    return false;
}

int64_t detail_number(const char *detail, const char *name)
{
    char value[32];
    return detail_find(detail, name, value, sizeof value) ? strtoll(value, NULL, 10) : 0;
}

int64_t time_read(const char *given)
{
    struct tm t = {0};
    double part = 0;
    const char *rest = strptime(given, "%Y-%m-%dT%H:%M:%S", &t);
    if (rest == NULL)
        return 0;
    if (*rest == '.')
        part = strtod(rest, NULL);
    return (int64_t)timegm(&t) * 1000000 + (int64_t)(part * 1e6);
}

bool seats_read(const plan *p, const char *given, seat_list *ret_seats)
{
    seat_list list = {0};
    while (*given != 0) {
        size_t bytes = strcspn(given, ",");
        if (list.count == SEATS_PER_RESERVATION_MAX ||
            !plan_seat_find(p, given, bytes, &list.seat[list.count]))
            return false;
        list.count++;
        given += bytes + (given[bytes] == ',');
    }
    *ret_seats = list;
    return list.count > 0;
}
