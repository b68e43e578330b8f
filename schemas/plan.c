#include "schemas/plan.h"

#include "schemas/arena.h"
#include "schemas/cavea.pb-c.h"
#include "schemas/plan_rows.h"
#include "schemas/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

// An honest set of ids stays below 100 probes at half load; whoever crafts ids that collide gets a
// refusal instead of a decoder that works for minutes.
enum { PROBES_MAX = 512 };

typedef Cavea__V1__PackedPlan packed_plan;

__attribute__((format(printf, 2, 3))) static bool refused(char *ret_problem, const char *format,
                                                          ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(ret_problem, PLAN_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

bool plan_seat_id_valid(const char *id, size_t id_bytes)
{
    if (id_bytes == 0 || id_bytes > SEAT_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < id_bytes; i++) {
        char c = id[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '~' || c == ':' || c == '-'))
            return false;
    }
    return true;
}

static bool check_counts(const packed_plan *m, char *ret_problem)
{
    size_t seats = m->n_seat_section;
    if (seats < 1 || seats > SEATS_PER_EVENT_MAX)
        return refused(ret_problem, "a plan has 1 to %d seats, this one %zu", SEATS_PER_EVENT_MAX,
                       seats);
    if (m->n_seat_row != seats || m->n_seat_category != seats || m->n_seat_flags != seats ||
        m->n_seat_id != seats || m->n_seat_number != seats || m->n_seat_x != seats ||
        m->n_seat_y != seats)
        return refused(ret_problem, "the seat lists have different lengths");
    if (m->n_sections < 1 || m->n_sections > SECTIONS_PER_PLAN_MAX)
        return refused(ret_problem, "a plan has 1 to %d sections, this one %zu",
                       SECTIONS_PER_PLAN_MAX, m->n_sections);
    if (m->n_section_name != m->n_sections)
        return refused(ret_problem, "each section needs a name");
    if (m->n_categories < 1 || m->n_categories > CATEGORIES_PER_PLAN_MAX)
        return refused(ret_problem, "a plan has 1 to %d categories, this one %zu",
                       CATEGORIES_PER_PLAN_MAX, m->n_categories);
    if (m->n_row_name < 1 || m->n_row_name > seats)
        return refused(ret_problem, "a plan of %zu seats cannot have %zu rows", seats,
                       m->n_row_name);
    return true;
}

static bool check_names(char *const *names, size_t names_count, const char *what, char *ret_problem)
{
    for (size_t i = 0; i < names_count; i++)
        if (!text_name_valid(names[i], strlen(names[i]), PLAN_NAME_BYTES_MAX))
            return refused(ret_problem, "%s %zu has no readable name of 1 to %d bytes", what, i,
                           PLAN_NAME_BYTES_MAX);
    return true;
}

static bool check_sections(const packed_plan *m, char *ret_problem)
{
    for (size_t i = 0; i < m->n_sections; i++) {
        if (!plan_seat_id_valid(m->sections[i], strlen(m->sections[i])))
            return refused(ret_problem, "section %zu has no valid id", i);
        for (size_t j = 0; j < i; j++)
            if (strcmp(m->sections[i], m->sections[j]) == 0)
                return refused(ret_problem, "two sections have the id %s", m->sections[i]);
    }
    return true;
}

static bool coordinate_valid(int32_t value)
{
    return value >= -PLAN_COORDINATE_MAX && value <= PLAN_COORDINATE_MAX;
}

static bool check_seat(const packed_plan *m, size_t i, char *ret_problem)
{
    enum { FLAGS = SEAT_FLAG_ACCESSIBLE | SEAT_FLAG_COMPANION | SEAT_FLAG_BLOCKED };
    if (!plan_seat_id_valid(m->seat_id[i], strlen(m->seat_id[i])))
        return refused(ret_problem, "seat %zu has no id of the form [A-Za-z0-9._~:-]{1,%d}", i,
                       SEAT_ID_BYTES_MAX);
    if (!text_name_valid(m->seat_number[i], strlen(m->seat_number[i]), SEAT_NUMBER_BYTES_MAX))
        return refused(ret_problem, "seat %s has no readable number of 1 to %d bytes",
                       m->seat_id[i], SEAT_NUMBER_BYTES_MAX);
    if (m->seat_category[i] >= m->n_categories)
        return refused(ret_problem, "seat %s is of an unknown category", m->seat_id[i]);
    if ((m->seat_flags[i] & ~(uint32_t)FLAGS) != 0)
        return refused(ret_problem, "seat %s has unknown flags", m->seat_id[i]);
    if (!coordinate_valid(m->seat_x[i]) || !coordinate_valid(m->seat_y[i]))
        return refused(ret_problem, "seat %s lies outside of the plan", m->seat_id[i]);
    return true;
}

// Sections and rows start at 0, grow by one, and a new section starts a new row.
static bool check_order(const packed_plan *m, char *ret_problem)
{
    uint32_t section = 0, row = 0;
    for (size_t i = 0; i < m->n_seat_section; i++) {
        bool next_section = m->seat_section[i] != section;
        bool next_row = m->seat_row[i] != row;
        if (i == 0 && (next_section || next_row))
            return refused(ret_problem, "the first seat is not in the first section and row");
        if ((next_section && (m->seat_section[i] != section + 1 || !next_row)) ||
            (next_row && m->seat_row[i] != row + 1))
            return refused(ret_problem, "seat %s is out of the order of sections and rows",
                           m->seat_id[i]);
        section = m->seat_section[i];
        row = m->seat_row[i];
    }
    if (section + 1 != m->n_sections || row + 1 != m->n_row_name)
        return refused(ret_problem, "a section or a row has no seat");
    return true;
}

static bool check_plan(const packed_plan *m, char *ret_problem)
{
    if (!check_counts(m, ret_problem) || !check_sections(m, ret_problem) ||
        !check_names(m->section_name, m->n_section_name, "section", ret_problem) ||
        !check_names(m->categories, m->n_categories, "category", ret_problem) ||
        !check_names(m->row_name, m->n_row_name, "row", ret_problem))
        return false;
    for (size_t i = 0; i < m->n_seat_section; i++)
        if (!check_seat(m, i, ret_problem))
            return false;
    return check_order(m, ret_problem);
}

static size_t texts_bytes(char *const *texts, size_t texts_count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < texts_count; i++)
        bytes += strlen(texts[i]) + 1;
    return bytes;
}

// Takes bytes from the plan's one block; with p NULL it only counts.
static void *carve(uint8_t *block, size_t *at, size_t bytes)
{
    void *here = block ? block + *at : NULL;
    *at += (bytes + 7) / 8 * 8;
    return here;
}

// Lays the arrays out in the block and returns its size; called once to count, once for real.
static size_t plan_lay_out(plan *p, uint8_t *block, size_t text_bytes)
{
    size_t at = (sizeof *p + 7) / 8 * 8, seats = p->seats_count;
    p->seat_id_at = carve(block, &at, seats * sizeof *p->seat_id_at);
    p->seat_number_at = carve(block, &at, seats * sizeof *p->seat_number_at);
    p->seat_x = carve(block, &at, seats * sizeof *p->seat_x);
    p->seat_y = carve(block, &at, seats * sizeof *p->seat_y);
    p->seat_left = carve(block, &at, seats * sizeof *p->seat_left);
    p->seat_right = carve(block, &at, seats * sizeof *p->seat_right);
    p->row_name_at = carve(block, &at, p->rows_count * sizeof *p->row_name_at);
    p->row_first = carve(block, &at, (p->rows_count + 1) * sizeof *p->row_first);
    p->section_id_at = carve(block, &at, p->sections_count * sizeof *p->section_id_at);
    p->section_name_at = carve(block, &at, p->sections_count * sizeof *p->section_name_at);
    p->section_first = carve(block, &at, (p->sections_count + 1) * sizeof *p->section_first);
    p->category_name_at = carve(block, &at, p->categories_count * sizeof *p->category_name_at);
    p->slots = carve(block, &at, ((size_t)p->slots_mask + 1) * sizeof *p->slots);
    p->seat_section = carve(block, &at, seats * sizeof *p->seat_section);
    p->seat_row = carve(block, &at, seats * sizeof *p->seat_row);
    p->seat_position = carve(block, &at, seats * sizeof *p->seat_position);
    p->seat_category = carve(block, &at, seats * sizeof *p->seat_category);
    p->seat_flags = carve(block, &at, seats * sizeof *p->seat_flags);
    p->text = carve(block, &at, text_bytes);
    return at;
}

static plan *plan_new(const packed_plan *m)
{
    plan head = {
        .seats_count = (uint32_t)m->n_seat_section,
        .sections_count = (uint32_t)m->n_sections,
        .categories_count = (uint32_t)m->n_categories,
        .rows_count = (uint32_t)m->n_row_name,
        .slots_mask = 1,
    };
    while (head.slots_mask + 1 < 2 * head.seats_count)
        head.slots_mask = 2 * head.slots_mask + 1;
    size_t text_bytes =
        texts_bytes(m->seat_id, m->n_seat_id) + texts_bytes(m->seat_number, m->n_seat_number) +
        texts_bytes(m->row_name, m->n_row_name) + texts_bytes(m->sections, m->n_sections) +
        texts_bytes(m->section_name, m->n_section_name) +
        texts_bytes(m->categories, m->n_categories);
    head.memory_bytes = plan_lay_out(&head, NULL, text_bytes);
    plan *p = malloc(head.memory_bytes);
    if (!p)
        return NULL;
    *p = head;
    plan_lay_out(p, (uint8_t *)p, text_bytes);
    return p;
}

static uint32_t texts_copy(plan *p, uint32_t at, char *const *texts, size_t texts_count,
                           uint32_t *ret_at)
{
    for (size_t i = 0; i < texts_count; i++) {
        size_t bytes = strlen(texts[i]) + 1;
        memcpy(p->text + at, texts[i], bytes);
        ret_at[i] = at;
        at += (uint32_t)bytes;
    }
    return at;
}

static void plan_fill(plan *p, const packed_plan *m)
{
    uint32_t at = texts_copy(p, 0, m->seat_id, m->n_seat_id, p->seat_id_at);
    at = texts_copy(p, at, m->seat_number, m->n_seat_number, p->seat_number_at);
    at = texts_copy(p, at, m->row_name, m->n_row_name, p->row_name_at);
    at = texts_copy(p, at, m->sections, m->n_sections, p->section_id_at);
    at = texts_copy(p, at, m->section_name, m->n_section_name, p->section_name_at);
    texts_copy(p, at, m->categories, m->n_categories, p->category_name_at);
    for (uint32_t i = 0; i < p->seats_count; i++) {
        p->seat_section[i] = (uint16_t)m->seat_section[i];
        p->seat_row[i] = (uint16_t)m->seat_row[i];
        p->seat_category[i] = (uint8_t)m->seat_category[i];
        p->seat_flags[i] = (uint8_t)m->seat_flags[i];
        p->seat_x[i] = m->seat_x[i];
        p->seat_y[i] = m->seat_y[i];
        if (i == 0 || p->seat_row[i] != p->seat_row[i - 1])
            p->row_first[p->seat_row[i]] = i;
        if (i == 0 || p->seat_section[i] != p->seat_section[i - 1])
            p->section_first[p->seat_section[i]] = i;
    }
    p->row_first[p->rows_count] = p->seats_count;
    p->section_first[p->sections_count] = p->seats_count;
}

// FNV-1a (Fowler, Noll, Vo), its upper bits folded into the lower ones.
static uint32_t id_hash(const char *id, size_t id_bytes)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < id_bytes; i++)
        hash = (hash ^ (uint8_t)id[i]) * 0x100000001b3;
    return (uint32_t)(hash ^ hash >> 32);
}

static bool seat_is(const plan *p, uint32_t seat, const char *id, size_t id_bytes)
{
    const char *own = plan_seat_id(p, seat);
    return strncmp(own, id, id_bytes) == 0 && own[id_bytes] == 0;
}

// The slot of an id: its seat's, or the empty one where it belongs; false when too many are in
// between. Nobody was put farther away, so no lookup has to go farther either.
static bool plan_slot(const plan *p, const char *id, size_t id_bytes, uint32_t *ret_slot)
{
    uint32_t slot = id_hash(id, id_bytes) & p->slots_mask;
    for (int probes = 0; probes < PROBES_MAX; probes++) {
        if (p->slots[slot] == PLAN_SEAT_NONE || seat_is(p, p->slots[slot], id, id_bytes)) {
            *ret_slot = slot;
            return true;
        }
        slot = (slot + 1) & p->slots_mask;
    }
    return false;
}

static bool plan_index(plan *p, char *ret_problem)
{
    memset(p->slots, 0xff, ((size_t)p->slots_mask + 1) * sizeof *p->slots);
    for (uint32_t seat = 0; seat < p->seats_count; seat++) {
        const char *id = plan_seat_id(p, seat);
        uint32_t slot;
        if (!plan_slot(p, id, strlen(id), &slot))
            return refused(ret_problem, "the seat ids are made to collide");
        if (p->slots[slot] != PLAN_SEAT_NONE)
            return refused(ret_problem, "two seats have the id %s", id);
        p->slots[slot] = seat;
    }
    return true;
}

bool plan_seat_find(const plan *p, const char *id, size_t id_bytes, uint32_t *ret_seat)
{
    uint32_t slot;
    if (!plan_seat_id_valid(id, id_bytes) || !plan_slot(p, id, id_bytes, &slot) ||
        p->slots[slot] == PLAN_SEAT_NONE)
        return false;
    *ret_seat = p->slots[slot];
    return true;
}

bool plan_section_find(const plan *p, const char *id, size_t id_bytes, uint32_t *ret_section)
{
    for (uint32_t section = 0; section < p->sections_count; section++) {
        const char *own = plan_section_id(p, section);
        if (strlen(own) == id_bytes && memcmp(own, id, id_bytes) == 0) {
            *ret_section = section;
            return true;
        }
    }
    return false;
}

static bool plan_build(const packed_plan *m, plan **ret_plan, char *ret_problem)
{
    if (!check_plan(m, ret_problem))
        return false;
    plan *p = plan_new(m);
    if (!p)
        return refused(ret_problem, "out of memory");
    plan_fill(p, m);
    bool built = plan_index(p, ret_problem);
    if (built && !plan_rows_fill(p))
        built = refused(ret_problem, "out of memory");
    if (built)
        *ret_plan = p;
    else
        plan_free(p);
    return built;
}

bool plan_decode(const uint8_t *packed, size_t packed_bytes, plan **ret_plan,
                 char ret_problem[static PLAN_PROBLEM_BYTES])
{
    // Decoded, a short string needs up to about 20 times its packed bytes. Memory that is not
    // touched costs nothing.
    enum { GROWTH = 24, LEAST = 64 * 1024 };
    arena a;
    if (packed_bytes > PACKED_PLAN_BYTES_MAX)
        return refused(ret_problem, "a packed plan has at most %d bytes", PACKED_PLAN_BYTES_MAX);
    if (!arena_init(&a, GROWTH * packed_bytes + LEAST))
        return refused(ret_problem, "out of memory");
    packed_plan *m = cavea__v1__packed_plan__unpack(&a.allocator, packed_bytes, packed);
    bool built = m ? plan_build(m, ret_plan, ret_problem)
                   : refused(ret_problem, "these bytes are no packed plan");
    arena_done(&a);
    return built;
}

void plan_free(plan *p)
{
    free(p);
}
