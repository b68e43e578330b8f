// Every message that comes over NATS against anything: decoding stays within the arena's budget,
// and the actors' codecs bound all they accept. Nobody without the key gets anything in that needs
// a seal.

#include "actors/event/codec.h"
#include "actors/payment/codec.h"
#include "actors/ticket/codec.h"
#include "schemas/arena.h"
#include "schemas/seal.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_commands(const Cavea__V1__Envelope *e)
{
    for (size_t i = 0; i < e->n_commands; i++) {
        event_command for_event;
        payment_command for_payment;
        ticket_command for_ticket;
        if (event_command_read(e->commands[i], &for_event) == ERROR_NONE)
            assert(for_event.seats_count <= SEATS_PER_RESERVATION_MAX &&
                   for_event.currency[3] == 0);
        if (payment_command_read(e->commands[i], &for_payment) == ERROR_NONE)
            assert(e->commands[i]->body_case >= CAVEA__V1__COMMAND__BODY_PAYMENT_START);
        if (ticket_command_read(e->commands[i], &for_ticket) == ERROR_NONE)
            assert(e->commands[i]->body_case >= CAVEA__V1__COMMAND__BODY_TICKETS_ISSUE);
    }
}

static void check_seal(const Cavea__V1__Envelope *e, const uint8_t *data, size_t data_bytes)
{
    static const seal_ring ring = {.keys = {{{"no corpus was sealed with this"}}}, .keys_count = 1};
    const actor_ref to = actor_of_partition(ACTOR_PAYMENT, 1);
    assert(seal_read(&ring, &to, data, (uint32_t)data_bytes) != SEAL_GOOD);
    if (!seal_admits(&ring, &to, 1, e, data, (uint32_t)data_bytes))
        return;
    for (size_t i = 0; i < e->n_commands; i++)
        assert(seal_needless(e->commands[i]->body_case));
}

// A decoder, within its budget. What it accepts can be packed, as senders do.
static void check_message(arena *a, const ProtobufCMessageDescriptor *descriptor,
                          const uint8_t *data, size_t data_bytes)
{
    arena_reset(a);
    ProtobufCMessage *m = protobuf_c_message_unpack(descriptor, &a->allocator, data_bytes, data);
    assert(a->bytes_used <= a->bytes_max);
    if (m == NULL)
        return;
    if (descriptor == &cavea__v1__envelope__descriptor) {
        check_commands((const Cavea__V1__Envelope *)m);
        check_seal((const Cavea__V1__Envelope *)m, data, data_bytes);
    }
    size_t packed_bytes = protobuf_c_message_get_packed_size(m);
    uint8_t *packed = malloc(packed_bytes + 1);
    assert(packed != NULL);
    size_t written = protobuf_c_message_pack(m, packed);
    assert(written == packed_bytes);
    free(packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    static const ProtobufCMessageDescriptor *const messages[] = {
        &cavea__v1__envelope__descriptor,    &cavea__v1__reply_batch__descriptor,
        &cavea__v1__live_delta__descriptor,  &cavea__v1__wake__descriptor,
        &cavea__v1__event_fact__descriptor,  &cavea__v1__payment_fact__descriptor,
        &cavea__v1__ticket_fact__descriptor, &cavea__v1__fact_batch__descriptor,
    };
    static arena a;
    if (data_bytes > ENVELOPE_BYTES_MAX)
        return 0;
    if (a.memory == NULL && !arena_init(&a, ARENA_ENVELOPE_BYTES))
        abort();
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        check_message(&a, messages[i], data, data_bytes);
    return 0;
}
