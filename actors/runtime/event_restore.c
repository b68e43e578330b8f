#include "actors/runtime/event_restore.h"

_Static_assert(PLAN_SEAT_NONE == UINT32_MAX, "no seat beside it, as event_seats says it");

event_config event_image_config(const event_image *image, const event_terms *terms)
{
    event_config config = {
        .id = image->id,
        .status = (event_status)image->status,
        .sale_starts_us = image->sale_starts_us,
        .starts_us = image->starts_us,
        .hold_us = terms->hold_us != 0 ? terms->hold_us : (int64_t)image->hold_seconds * 1000000,
        .payment_extension_us = terms->payment_extension_us,
        .refunds = image->refunds,
        .fee_bp = (uint32_t)image->fee_bp,
        .tax_bp = (uint32_t)image->tax_bp,
    };
    memcpy(config.currency, image->currency, sizeof config.currency);
    memcpy(config.price_minor, image->price_minor, sizeof config.price_minor);
    return config;
}

event_seats event_plan_seats(const plan *p)
{
    return (event_seats){.count = p->seats_count,
                         .section = p->seat_section,
                         .category = p->seat_category,
                         .flags = p->seat_flags,
                         .right = p->seat_right};
}

static bool reservation_restore(event_state *core, const event_image_reservation *row)
{
    event_reservation r = {
        .id = row->id,
        .buyer = row->buyer,
        .payment = row->payment,
        .expires_us = row->expires_us,
        .refund_minor = row->refund_minor,
        .state = (reservation_state)row->state,
        .outcome = (payment_outcome)row->outcome,
        .other_seats = row->other_seats,
        .seats_count = row->seats_count,
    };
    event_keys keys = {row->key_hash, row->body_hash, row->checkout_key, row->checkout_body};
    for (uint32_t i = 0; i < row->seats_count && i < SEATS_PER_RESERVATION_MAX; i++) {
        r.seats[i] = (uint32_t)row->seats[i];
        r.price_minor[i] = row->price_minor[i];
    }
    return event_restore(core, &r, &keys);
}

static bool core_restore(event_state *core, const event_image *image, int64_t now_us)
{
    if (!event_make_room(core, image->reservations_count + 1, now_us))
        return false;
    for (uint32_t i = 0; i < image->reservations_count; i++)
        if (!event_make_room(core, 1, now_us) ||
            !reservation_restore(core, &image->reservations[i]))
            return false;
    for (uint32_t i = 0; i < image->refusals_count; i++) {
        if (!event_make_room(core, 1, now_us))
            return false;
        event_restore_refusal(core, &image->refusals[i].payment);
    }
    return event_make_room(core, 1, now_us);
}

event_state *event_image_restore(const event_image *image, const plan *p, const event_terms *terms,
                                 int64_t now_us)
{
    event_config config = event_image_config(image, terms);
    event_seats seats = event_plan_seats(p);
    event_state *core = event_state_new(&config, &seats);
    if (core != NULL && !core_restore(core, image, now_us)) {
        event_state_free(core);
        core = NULL;
    }
    return core;
}
