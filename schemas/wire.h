// Writes protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) piece by piece,
// for messages that are assembled from parts already packed: an Envelope from its commands, a
// ReplyBatch from its replies. The buffer is the caller's and of fixed size; a piece that does not
// fit sets `full` and writes nothing. Pure; one thread per writer.
#ifndef CAVEA_SCHEMAS_WIRE_H
#define CAVEA_SCHEMAS_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct wire {
    uint8_t *bytes;
    uint32_t count, max;
    bool full;
} wire;

static inline uint32_t wire_varint_bytes(uint64_t value)
{
    uint32_t n = 1;
    for (; value >= 0x80; value >>= 7)
        n++;
    return n;
}

static inline void wire_raw(wire *w, const void *data, uint32_t data_bytes)
{
    if (w->full || data_bytes > w->max - w->count) {
        w->full = true;
        return;
    }
    if (data_bytes > 0)
        memcpy(w->bytes + w->count, data, data_bytes);
    w->count += data_bytes;
}

static inline void wire_varint(wire *w, uint64_t value)
{
    uint8_t text[10];
    uint32_t n = 0;
    for (; value >= 0x80; value >>= 7)
        text[n++] = (uint8_t)(value | 0x80);
    text[n++] = (uint8_t)value;
    wire_raw(w, text, n);
}

static inline void wire_number(wire *w, uint32_t field, uint64_t value)
{
    if (value == 0)
        return;
    wire_varint(w, field << 3);
    wire_varint(w, value);
}

static inline void wire_bytes(wire *w, uint32_t field, const void *data, uint32_t data_bytes)
{
    wire_varint(w, field << 3 | 2);
    wire_varint(w, data_bytes);
    wire_raw(w, data, data_bytes);
}

// A sub-message, packed in place.
static inline void wire_message(wire *w, uint32_t field, const ProtobufCMessage *message)
{
    uint32_t size = (uint32_t)protobuf_c_message_get_packed_size(message);
    if (w->full || w->max - w->count < size + 16) {
        w->full = true;
        return;
    }
    wire_varint(w, field << 3 | 2);
    wire_varint(w, size);
    w->count += (uint32_t)protobuf_c_message_pack(message, w->bytes + w->count);
}

#endif
