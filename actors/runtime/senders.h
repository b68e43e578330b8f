// The numbers an actor has seen, per sender: the highest and a bitmap of the SENDER_WINDOW before
// it (the scheme of RFC 4303's anti-replay window). It commits with the actor's cursor, so a copy
// of a message is recognised after a restart too. Pure; the tick's thread.
#ifndef CAVEA_ACTORS_RUNTIME_SENDERS_H
#define CAVEA_ACTORS_RUNTIME_SENDERS_H

#include "schemas/id.h"
#include "schemas/limits.h"

typedef struct sender {
    uuid id;
    uint64_t highest;
    uint64_t seen[SENDER_WINDOW / 64]; // bit n: number highest - n
    int64_t heard_us;                  // database time
} sender;

typedef struct senders {
    sender list[SENDERS_PER_ACTOR_MAX];
    uint32_t count;
} senders;

enum {
    SENDER_ENCODED_BYTES = 16 + 8 + SENDER_WINDOW / 8 + 8,
    SENDERS_ENCODED_BYTES_MAX = SENDER_ENCODED_BYTES * SENDERS_PER_ACTOR_MAX
};

typedef enum sender_verdict {
    SENDER_NEW,  // first time; now noted
    SENDER_SEEN, // seen before, or too old to tell
    SENDER_FULL, // too many senders are remembered: refuse, note nothing
} sender_verdict;

sender_verdict senders_note(senders *s, const uuid *id, uint64_t number, int64_t now_us);

// Little-endian, SENDER_ENCODED_BYTES each; returns the bytes written.
uint32_t senders_encode(const senders *s, uint8_t ret_bytes[static SENDERS_ENCODED_BYTES_MAX]);
// False when the bytes are no encoding; s is untouched then.
MUST_CHECK bool senders_decode(senders *s, const uint8_t *bytes, uint32_t bytes_count);

#endif
