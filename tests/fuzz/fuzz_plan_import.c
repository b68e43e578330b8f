// Plan files of strangers against the importer: a plan that is accepted is whole, its export is
// accepted, too, and gives the same plan. Behind a NUL byte the input is a side file.

#include "ops/command/plan_pretix.h"
#include "ops/command/plan_side.h"
#include "schemas/digest.h"
#include "schemas/text.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_plan(const plan *p)
{
    for (uint32_t i = 0; i < p->seats_count; i++) {
        uint32_t found, right = p->seat_right[i], left = p->seat_left[i];
        const char *id = plan_seat_id(p, i), *number = plan_seat_number(p, i);
        assert(plan_seat_find(p, id, strlen(id), &found) && found == i);
        assert(text_name_valid(number, strlen(number), SEAT_NUMBER_BYTES_MAX));
        assert(right == PLAN_SEAT_NONE ||
               (p->seat_left[right] == i && p->seat_row[right] == p->seat_row[i]));
        assert(left == PLAN_SEAT_NONE || p->seat_right[left] == i);
    }
}

static void check_round_trip(const plan_draft *d, const plan_form *form)
{
    plan_draft back;
    plan_ids_report ids;
    plan_form same;
    char *text = plan_pretix_write(d);
    bool ready = text != NULL && plan_draft_init(&back, strlen(text));
    assert(ready);
    bool read = plan_pretix_read(&back, text, strlen(text), true, &ids);
    assert(read);
    bool finished = plan_draft_finish(&back, &same);
    assert(finished && digest32_equal(&same.hash, &form->hash));
    plan_form_done(&same);
    plan_draft_done(&back);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    enum { BYTES_MAX = 256 * 1024 };
    const uint8_t *side_at = data_bytes > 0 ? memchr(data, 0, data_bytes) : NULL;
    size_t plan_bytes = side_at ? (size_t)(side_at - data) : data_bytes;
    plan_draft d;
    plan_ids_report ids;
    plan_form form;
    plan_side side;
    if (data_bytes > BYTES_MAX || sodium_init() < 0 || !plan_draft_init(&d, data_bytes))
        return 0;
    if (plan_pretix_read(&d, (const char *)data, plan_bytes, false, &ids) &&
        plan_draft_finish(&d, &form)) {
        check_plan(form.plan);
        check_round_trip(&d, &form);
        plan_form_done(&form);
        if (side_at &&
            plan_side_read(&d, (const char *)side_at + 1, data_bytes - plan_bytes - 1, &side)) {
            char *text = plan_side_write(&d, &side);
            bool again = text != NULL && plan_side_read(&d, text, strlen(text), &side);
            assert(again);
            free(text);
        }
    }
    plan_draft_done(&d);
    return 0;
}
