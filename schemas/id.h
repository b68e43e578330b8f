// Ids: UUIDs (RFC 9562) in distinct struct types, so that a swap does not compile. Event and buyer
// ids are plain UUIDv7. Ids made for an event (reservation, payment, ticket) are UUIDv7 too and
// carry the event's 32-bit tag: 12 bits (the slot) in rand_a and 20 bits at the start of rand_b, so
// that any of them finds its shard, its partition and its event by itself; 42 bits stay random.
// Knows no clock and no randomness: both are passed in. Pure; any thread.
#ifndef CAVEA_SCHEMAS_ID_H
#define CAVEA_SCHEMAS_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_CHECK __attribute__((warn_unused_result))

typedef struct uuid {
    uint8_t bytes[16];
} uuid;

enum { UUID_TEXT_BYTES = 37 }; // 36 characters and the final NUL

typedef struct event_id {
    uuid u;
} event_id;
typedef struct buyer_id {
    uuid u;
} buyer_id;
typedef struct reservation_id {
    uuid u;
} reservation_id;
typedef struct payment_id {
    uuid u;
} payment_id;
typedef struct ticket_id {
    uuid u;
} ticket_id;

typedef enum actor_kind {
    ACTOR_EVENT = 1,
    ACTOR_PAYMENT = 2,
    ACTOR_TICKET = 3,
    ACTOR_EXPIRY = 4,
    ACTOR_KINDS_END
} actor_kind;

// 16 bytes that name an actor: an event actor has its event's id, a partition a UUIDv8 made of the
// kind and the partition's number.
typedef struct actor_id {
    uuid u;
} actor_id;

typedef struct actor_ref {
    actor_kind kind;
    actor_id id;
} actor_ref;

typedef struct digest16 {
    uint8_t bytes[16];
} digest16;
typedef struct digest32 {
    uint8_t bytes[32];
} digest32;

static inline bool uuid_equal(const uuid *a, const uuid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}
static inline bool uuid_is_zero(const uuid *a)
{
    static const uuid zero;
    return uuid_equal(a, &zero);
}

// Reads the canonical 36-character lower-case form and nothing else.
MUST_CHECK bool uuid_parse(const char *text, size_t text_bytes, uuid *ret_id);
void uuid_format(const uuid *id, char ret_text[static UUID_TEXT_BYTES]);
// Exactly 16 bytes, as protobuf carries them; false for any other length.
MUST_CHECK bool uuid_from_bytes(const void *data, size_t data_bytes, uuid *ret_id);

// UUIDv7 (RFC 9562, 5.7) with 74 bits from random.
uuid uuid_v7(int64_t unix_ms, const uint8_t random[static 10]);
int64_t uuid_unix_ms(const uuid *id); // meaningful for version 7 only
// The smallest UUIDv7 of a millisecond: a lower bound for a range scan.
uuid uuid_v7_floor(int64_t unix_ms);

// BLAKE2b-32 of the event id; its upper 12 bits are the slot. Unique over the catalogue: the
// database refuses a second event with the same tag and the creator draws another id.
uint32_t event_tag(const event_id *id);
uint32_t tag_slot(uint32_t tag);
uint32_t slot_partition(uint32_t slot); // payment, ticket and expiry actors own ranges of slots

// An id that carries the tag; random gives 42 bits.
uuid uuid_tagged(int64_t unix_ms, uint32_t tag, const uint8_t random[static 6]);
uint32_t uuid_tag(const uuid *id); // of an id made by uuid_tagged

// The one ticket of a seat in a reservation: derived, so that signing twice makes the same ticket.
ticket_id ticket_id_of(const reservation_id *reservation, uint32_t seat);

actor_ref actor_of_event(const event_id *id);
actor_ref actor_of_partition(actor_kind kind, uint32_t partition);
// The actor of a partitioned kind that is responsible for a tagged id's slot.
actor_ref actor_of_tag(actor_kind kind, uint32_t tag);
uint32_t actor_partition(const actor_id *id); // of a partitioned kind's id
event_id actor_event(const actor_id *id);     // of an event actor's id

#endif
