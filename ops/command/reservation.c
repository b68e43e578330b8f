#include "ops/command/nouns.h"
#include "ops/command/plan_store.h"
#include "schemas/digest.h"

// Puts a seat's names where its index was.
static json_t *seat_named(const plan *p, json_int_t seat)
{
    if (seat < 0 || seat >= p->seats_count)
        return json_pack("{s:I}", "index", seat);
    uint32_t index = (uint32_t)seat;
    return json_pack("{s:I, s:s, s:s, s:s, s:s}", "index", seat, "id", plan_seat_id(p, index),
                     "section", plan_section_name(p, p->seat_section[index]), "row",
                     plan_row_name(p, p->seat_row[index]), "number", plan_seat_number(p, index));
}

static void seats_name(json_t *report, const plan *p)
{
    json_t *named = json_array(), *seats = json_object_get(report, "seats"), *ticket;
    const json_t *prices = json_object_get(report, "price_minor");
    size_t i;
    for (i = 0; i < json_array_size(seats); i++) {
        json_t *seat = seat_named(p, json_integer_value(json_array_get(seats, i)));
        json_object_set(seat, "price_minor", json_array_get(prices, i));
        json_array_append_new(named, seat);
    }
    json_object_set_new(report, "seats", named);
    json_object_del(report, "price_minor");
    json_array_foreach(json_object_get(report, "tickets"), i, ticket)
    {
        json_int_t seat = json_integer_value(json_object_get(ticket, "seat"));
        if (seat >= 0 && seat < p->seats_count)
            json_object_set_new(ticket, "seat", json_string(plan_seat_id(p, (uint32_t)seat)));
    }
}

static command_status reservation_show(command *c)
{
    command_status status;
    uuid id;
    digest32 hash;
    plan_loaded l;
    if (!command_id(c, &id))
        return COMMAND_USAGE;
    json_t *report = command_report_read(c, REPORT_RESERVATION, &id, &status);
    if (!report)
        return status;
    const char *text = json_string_value(json_object_get(report, "plan"));
    if (!digest32_parse(text, strlen(text), &hash))
        status = command_fail(c, COMMAND_FAILED, "the event's plan has no valid hash");
    else
        status = plan_load(c, &hash, &l);
    if (status != COMMAND_OK) {
        json_decref(report);
        return status;
    }
    seats_name(report, l.plan);
    plan_loaded_done(&l);
    return command_print(c, report);
}

const verb reservation_verbs[] = {
    {"show",
     "ID",
     "Shows a reservation with its seats, payments and tickets.",
     1,
     1,
     {{0}},
     reservation_show},
    {0},
};
