#include "actors/runtime/wake.h"

#include "schemas/cavea.pb-c.h"
#include "schemas/subject.h"
#include "schemas/wire.h"

static void wake_free(Cavea__V1__Wake **wake)
{
    if (*wake != NULL)
        cavea__v1__wake__free_unpacked(*wake, NULL);
}

// On our own subject. Moving is for events: partitions go where the hosts find them free.
static bool own_read(const Cavea__V1__Wake *wake, const char *reply, wake_order *order)
{
    order->answers = reply != NULL && subject_inbox_valid(reply, strlen(reply));
    if (wake->move_to.len > 0) {
        order->what = WAKE_MOVE;
        return order->actor.kind == ACTOR_EVENT &&
               uuid_from_bytes(wake->move_to.data, wake->move_to.len, &order->move_to);
    }
    order->what = wake->chosen ? WAKE_CHOSEN : WAKE_SENT;
    return true;
}

bool wake_read(const uuid *host, const char *to, const char *reply, const void *data,
               size_t data_bytes, wake_order *ret_order)
{
    if (data_bytes > WAKE_BYTES_MAX)
        return false;
    Cavea__V1__Wake *wake __attribute__((cleanup(wake_free))) =
        cavea__v1__wake__unpack(NULL, data_bytes, data);
    wake_order order = {.what = WAKE_OPEN, .everybody = wake != NULL && wake->everybody};
    if (wake == NULL || !uuid_from_bytes(wake->actor.data, wake->actor.len, &order.actor.id.u))
        return false;
    order.actor.kind = (actor_kind)wake->kind;
    if (!subject_actor_valid(&order.actor))
        return false;
    if (strcmp(to, subject_host(host).text) == 0) {
        if (!own_read(wake, reply, &order))
            return false;
    } else if (strcmp(to, subject_wake(order.actor.kind).text) != 0) {
        return false;
    }
    *ret_order = order;
    return true;
}

uint32_t wake_write(const actor_ref *actor, bool chosen, uint8_t ret_bytes[static WAKE_BYTES_MAX])
{
    wire w = {.bytes = ret_bytes, .max = WAKE_BYTES_MAX};
    wire_number(&w, 1, (uint64_t)actor->kind);
    wire_bytes(&w, 2, actor->id.u.bytes, sizeof actor->id.u.bytes);
    if (chosen)
        wire_number(&w, 4, 1);
    return w.count;
}
