// A journal's requests and answers become operations.
#include "chaos/audit/evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUEST_FIELDS = 10, ANSWER_FIELDS = 7, STATUS_PENDING = 202 };

typedef struct journal_reader {
    evidence *e;
    char *text;
    int64_t wall_less_mono_us;
    uint64_t *of_attempt; // index of the operation + 1, by the number of the request
    size_t attempts_room;
    uint64_t *of_operation; // the same by the operation's number
    uint32_t journal;
} journal_reader;

static bool kind_read(const char *text, operation_kind *ret_kind)
{
    static const char *const names[OPERATION_KINDS_END] = {"reserve", "release", "checkout", "pay",
                                                           "read",    "tickets", "cancel"};
    for (int i = 0; i < OPERATION_KINDS_END; i++)
        if (strcmp(text, names[i]) == 0) {
            *ret_kind = (operation_kind)i;
            return true;
        }
    return false;
}

static operation *operation_add(evidence *e)
{
    // Grown at powers of two: the count says when.
    size_t count = e->operations_count;
    if ((count & (count - 1)) == 0) {
        operation *larger = realloc(e->operations, (count == 0 ? 1 : 2 * count) * sizeof *larger);
        if (larger == NULL)
            return NULL;
        e->operations = larger;
    }
    e->operations_count++;
    return &e->operations[count];
}

static bool room_make(journal_reader *r, uint64_t number)
{
    if (number < r->attempts_room)
        return true;
    size_t room = r->attempts_room == 0 ? 4096 : r->attempts_room;
    while (room <= number)
        room *= 2;
    uint64_t *a = realloc(r->of_attempt, room * sizeof *a);
    if (a != NULL)
        r->of_attempt = a;
    uint64_t *o = a == NULL ? NULL : realloc(r->of_operation, room * sizeof *o);
    if (o == NULL)
        return false;
    r->of_operation = o;
    memset(a + r->attempts_room, 0, (room - r->attempts_room) * sizeof *a);
    memset(o + r->attempts_room, 0, (room - r->attempts_room) * sizeof *o);
    r->attempts_room = room;
    return true;
}

enum { NUMBERS_MAX = 1 << 28 }; // requests in one journal

static bool request_take(journal_reader *r, const char *const *field)
{
    int64_t n, at, of;
    operation_kind kind;
    if (!field_number(field[1], &n) || !field_number(field[2], &at) ||
        !field_number(field[4], &of) || n <= 0 || of <= 0 || of > n || n > NUMBERS_MAX ||
        !room_make(r, (uint64_t)n) || r->of_attempt[n] != 0)
        return false;
    r->e->requests_count++;
    if (!kind_read(field[5], &kind))
        return true;
    if (r->of_operation[of] == 0) {
        operation *o = operation_add(r->e);
        if (o == NULL)
            return false;
        *o = (operation){.kind = kind,
                         .journal = r->journal,
                         .number = (uint64_t)of,
                         .subject = field[8],
                         .key = field[9],
                         .seats = field[10],
                         .first_us = at + r->wall_less_mono_us,
                         .result = "-",
                         .detail = "-"};
        if (!field_uuid(field[7], &o->buyer))
            return false;
        r->of_operation[of] = r->e->operations_count;
    }
    r->of_attempt[n] = r->of_operation[of];
    return true;
}

static bool answer_take(journal_reader *r, const char *const *field)
{
    int64_t n, at, status;
    if (!field_number(field[1], &n) || !field_number(field[2], &at) ||
        !field_number(field[3], &status) || n <= 0 || (size_t)n >= r->attempts_room)
        return false;
    r->e->answers_count++;
    if (r->of_attempt[n] == 0 || status < 200 || status > 299 || status == STATUS_PENDING)
        return true;
    operation *o = &r->e->operations[r->of_attempt[n] - 1];
    if (o->answered_us == 0) {
        o->answered_us = at + r->wall_less_mono_us;
        o->result = field[5];
    }
    o->contradicted |= strcmp(o->result, field[5]) != 0;
    o->last_us = at + r->wall_less_mono_us;
    o->detail = field[6];
    return true;
}

static void heading_take(journal_reader *r, const char *line)
{
    int64_t value;
    if (sscanf(line, "# wall_us %" SCNd64, &value) == 1)
        r->wall_less_mono_us += value;
    else if (sscanf(line, "# mono_us %" SCNd64, &value) == 1)
        r->wall_less_mono_us -= value;
}

static bool line_take(journal_reader *r, char *line)
{
    const char *field[REQUEST_FIELDS + 1];
    size_t count = 0;
    if (*line == '#') {
        heading_take(r, line);
        return true;
    }
    for (char *at = line; at != NULL; count++) {
        char *end = strchr(at, '\t');
        if (end != NULL)
            *end++ = 0;
        if (count <= REQUEST_FIELDS)
            field[count] = at;
        at = end;
    }
    if (*line == '>')
        return count == REQUEST_FIELDS + 1 && request_take(r, field);
    return *line == '<' && count == ANSWER_FIELDS && answer_take(r, field);
}

bool evidence_journal_read(evidence *e, const char *path)
{
    journal_reader r = {.e = e, .journal = (uint32_t)e->tables_count};
    FILE *f = fopen(path, "re");
    size_t room = 0, number = 0;
    bool good = f != NULL && e->tables_count < sizeof e->tables / sizeof *e->tables &&
                getdelim(&r.text, &room, 0, f) > 0;
    if (f != NULL)
        fclose(f);
    // A last line without its end was cut off with its writer: nothing was sent after it.
    for (char *line = r.text, *end; good && (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = 0;
        number++;
        good = line_take(&r, line);
    }
    if (e->tables_count < sizeof e->tables / sizeof *e->tables)
        e->tables[e->tables_count++] = (table){.text = r.text};
    else
        free(r.text);
    free(r.of_attempt);
    free(r.of_operation);
    if (!good)
        snprintf(e->problem, sizeof e->problem, "%s:%zu cannot be read", path, number);
    return good;
}
