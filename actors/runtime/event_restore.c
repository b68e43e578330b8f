#include "actors/runtime/event_restore.h"

event_config event_image_config(const event_image *image, int64_t hold_us)
{
    event_config config = {
        .id = image->id,
        .status = (event_status)image->status,
        .sale_starts_us = image->sale_starts_us,
        .hold_us = hold_us != 0 ? hold_us : (int64_t)image->hold_seconds * 1000000,
    };
    memcpy(config.currency, image->currency, sizeof config.currency);
    memcpy(config.price_minor, image->price_minor, sizeof config.price_minor);
    return config;
}

event_seats event_plan_seats(const plan *p)
{
    return (event_seats){p->seats_count, p->seat_section, p->seat_category, p->seat_flags};
}

static bool reservation_restore(event_state *core, const event_image_reservation *row)
{
    event_reservation r = {
        .id = row->id,
        .buyer = row->buyer,
        .payment = row->payment,
        .expires_us = row->expires_us,
        .state = (reservation_state)row->state,
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

event_state *event_image_restore(const event_image *image, const plan *p, int64_t hold_us,
                                 int64_t now_us)
{
    event_config config = event_image_config(image, hold_us);
    event_seats seats = event_plan_seats(p);
    event_state *core = event_state_new(&config, &seats);
    if (core != NULL && !core_restore(core, image, now_us)) {
        event_state_free(core);
        core = NULL;
    }
    return core;
}
