#include "schemas/id.h"

#include "schemas/digest.h"
#include "schemas/limits.h"

#include <assert.h>
#include <sodium.h>

static bool hex_value(char c, uint8_t *ret_value)
{
    if (c >= '0' && c <= '9')
        *ret_value = (uint8_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *ret_value = (uint8_t)(c - 'a' + 10);
    else
        return false;
    return true;
}

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool uuid_parse(const char *text, size_t text_bytes, uuid *ret_id)
{
    uuid id = {0};
    size_t digits = 0;
    if (text_bytes != UUID_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < text_bytes; i++) {
        uint8_t value;
        if (dash_at(i)) {
            if (text[i] != '-')
                return false;
            continue;
        }
        if (!hex_value(text[i], &value))
            return false;
        id.bytes[digits / 2] = (uint8_t)(id.bytes[digits / 2] << 4 | value);
        digits++;
    }
    *ret_id = id;
    return true;
}

void uuid_format(const uuid *id, char ret_text[static UUID_TEXT_BYTES])
{
    static const char hex[] = "0123456789abcdef";
    size_t at = 0;
    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (dash_at(at))
            ret_text[at++] = '-';
        ret_text[at++] = hex[id->bytes[i] >> 4];
        ret_text[at++] = hex[id->bytes[i] & 15];
    }
    ret_text[at] = 0;
}

bool uuid_from_bytes(const void *data, size_t data_bytes, uuid *ret_id)
{
    if (data_bytes != sizeof ret_id->bytes)
        return false;
    memcpy(ret_id->bytes, data, sizeof ret_id->bytes);
    return true;
}

// The 48-bit time and the version and variant bits; all other bits zero.
static uuid uuid_frame(int64_t unix_ms)
{
    uuid id = {0};
    assert(unix_ms >= 0 && unix_ms < (int64_t)1 << 48);
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(unix_ms >> (40 - 8 * i));
    id.bytes[6] = 0x70;
    id.bytes[8] = 0x80;
    return id;
}

uuid uuid_v7(int64_t unix_ms, const uint8_t random[static 10])
{
    uuid id = uuid_frame(unix_ms);
    id.bytes[6] = (uint8_t)(id.bytes[6] | (random[0] & 0x0f));
    id.bytes[7] = random[1];
    id.bytes[8] = (uint8_t)(id.bytes[8] | (random[2] & 0x3f));
    memcpy(id.bytes + 9, random + 3, 7);
    return id;
}

int64_t uuid_unix_ms(const uuid *id)
{
    int64_t unix_ms = 0;
    for (int i = 0; i < 6; i++)
        unix_ms = unix_ms << 8 | id->bytes[i];
    return unix_ms;
}

uuid uuid_v7_floor(int64_t unix_ms)
{
    return uuid_frame(unix_ms);
}

uint32_t event_tag(const event_id *id)
{
    uint8_t out[4];
    int failed = crypto_generichash_blake2b(out, sizeof out, id->u.bytes, sizeof id->u.bytes, 0, 0);
    assert(!failed);
    return (uint32_t)out[0] << 24 | (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3];
}

uint32_t tag_slot(uint32_t tag)
{
    _Static_assert(SLOTS == 1 << 12, "the slot is the tag's upper 12 bits");
    return tag >> 20;
}

uint32_t slot_partition(uint32_t slot)
{
    assert(slot < SLOTS);
    return slot / (SLOTS / PARTITIONS);
}

uuid uuid_tagged(int64_t unix_ms, uint32_t tag, const uint8_t random[static 6])
{
    uuid id = uuid_frame(unix_ms);
    id.bytes[6] = (uint8_t)(id.bytes[6] | tag >> 28);
    id.bytes[7] = (uint8_t)(tag >> 20);
    id.bytes[8] = (uint8_t)(id.bytes[8] | (tag >> 14 & 0x3f));
    id.bytes[9] = (uint8_t)(tag >> 6);
    id.bytes[10] = (uint8_t)((tag & 0x3f) << 2 | (random[0] & 3));
    memcpy(id.bytes + 11, random + 1, 5);
    return id;
}

uint32_t uuid_tag(const uuid *id)
{
    const uint8_t *b = id->bytes;
    return (uint32_t)(b[6] & 0x0f) << 28 | (uint32_t)b[7] << 20 | (uint32_t)(b[8] & 0x3f) << 14 |
           (uint32_t)b[9] << 6 | (uint32_t)b[10] >> 2;
}

ticket_id ticket_id_of(const reservation_id *reservation, uint32_t seat)
{
    uint8_t input[20];
    memcpy(input, reservation->u.bytes, 16);
    for (int i = 0; i < 4; i++)
        input[16 + i] = (uint8_t)(seat >> (24 - 8 * i));
    digest16 derived = digest16_of(input, sizeof input);
    ticket_id id = {
        uuid_tagged(uuid_unix_ms(&reservation->u), uuid_tag(&reservation->u), derived.bytes)};
    return id;
}

actor_ref actor_of_event(const event_id *id)
{
    actor_ref ref = {ACTOR_EVENT, {id->u}};
    return ref;
}

// UUIDv8: the kind in the first two bytes, the partition in the last four.
actor_ref actor_of_partition(actor_kind kind, uint32_t partition)
{
    actor_ref ref = {kind, {{{0}}}};
    uint8_t *b = ref.id.u.bytes;
    assert(kind > ACTOR_EVENT && kind < ACTOR_KINDS_END && partition < PARTITIONS);
    b[1] = (uint8_t)kind;
    b[6] = 0x80;
    b[8] = 0x80;
    b[15] = (uint8_t)partition;
    return ref;
}

actor_ref actor_of_tag(actor_kind kind, uint32_t tag)
{
    return actor_of_partition(kind, slot_partition(tag_slot(tag)));
}

uint32_t actor_partition(const actor_id *id)
{
    const uint8_t *b = id->u.bytes;
    return (uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 | b[15];
}

event_id actor_event(const actor_id *id)
{
    event_id event = {id->u};
    return event;
}
