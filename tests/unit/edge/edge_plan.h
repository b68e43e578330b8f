// A small plan for the edge's tests: SECTIONS sections of ROWS rows of SEATS seats each; every
// hundredth seat is blocked. Seat ids are s<index>, section ids s0, s1 and so on.
#ifndef CAVEA_TESTS_UNIT_EDGE_EDGE_PLAN_H
#define CAVEA_TESTS_UNIT_EDGE_EDGE_PLAN_H

#include "schemas/plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static inline plan *edge_plan_make(uint32_t sections, uint32_t rows, uint32_t seats)
{
    enum { NAME_BYTES = 16 };
    uint32_t count = sections * rows * seats;
    plan_seat *list = calloc(count, sizeof *list);
    char(*ids)[NAME_BYTES] = calloc(count, sizeof *ids);
    char(*numbers)[NAME_BYTES] = calloc(seats, sizeof *numbers);
    char(*section_ids)[NAME_BYTES] = calloc(sections, sizeof *section_ids);
    const char **section_names = calloc(sections, sizeof *section_names);
    const char **row_names = calloc(sections * rows, sizeof *row_names);
    static const char *const categories[] = {"any"};
    for (uint32_t i = 0; i < seats; i++)
        snprintf(numbers[i], sizeof *numbers, "%u", i + 1);
    for (uint32_t i = 0; i < sections; i++) {
        snprintf(section_ids[i], sizeof *section_ids, "s%u", i);
        section_names[i] = section_ids[i];
    }
    for (uint32_t i = 0; i < sections * rows; i++)
        row_names[i] = numbers[i % seats];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(ids[i], sizeof *ids, "s%u", i);
        list[i] = (plan_seat){.section = i / (rows * seats),
                              .row = i / seats,
                              .flags = i % 100 == 99 ? SEAT_FLAG_BLOCKED : 0,
                              .x = (int32_t)(i % seats) * 10,
                              .y = (int32_t)(i / seats) * 10,
                              .id = ids[i],
                              .number = numbers[i % seats]};
    }
    plan_parts parts = {.seats_count = count,
                        .sections_count = sections,
                        .categories_count = 1,
                        .rows_count = sections * rows,
                        .seats = list,
                        .section_ids = section_names,
                        .section_names = section_names,
                        .categories = categories,
                        .row_names = row_names};
    uint8_t *packed = NULL;
    size_t packed_bytes;
    plan *p = NULL;
    char problem[PLAN_PROBLEM_BYTES];
    bool made = plan_encode(&parts, &packed, &packed_bytes) &&
                plan_decode(packed, packed_bytes, &p, problem);
    assert(made);
    (void)made;
    free(packed);
    free(list);
    free(ids);
    free(numbers);
    free(section_ids);
    free(section_names);
    free(row_names);
    return p;
}

#endif
