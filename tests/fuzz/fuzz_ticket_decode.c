// Texts that a scanner reads. Whatever is accepted must be exactly what signing writes; whatever
// Base45 takes must come out the same again.
#include "actors/ticket/base45.h"
#include "actors/ticket/sign.h"

#include <stdlib.h>

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void base45_round_trip(const char *text, size_t text_bytes)
{
    uint8_t data[512];
    char again[BASE45_TEXT_BYTES(sizeof data)];
    size_t bytes;
    if (!base45_decode(text, text_bytes, sizeof data, data, &bytes))
        return;
    must(bytes <= sizeof data && BASE45_TEXT_BYTES(bytes) == text_bytes);
    base45_encode(data, bytes, again);
    must(memcmp(again, text, text_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    static const uint8_t seed[TICKET_SEED_BYTES] = {7};
    const char *text = (const char *)data;
    ticket_texts again;
    ticket_signer signer;
    ticket_key key;
    ticket_claims claims;
    ticket_signer_of("k1", seed, &signer, &key);
    if (ticket_read(text, data_bytes, &key, 1, &claims) == TICKET_READ) {
        ticket_sign(&signer, &claims, &again);
        must((again.jws_bytes == data_bytes && memcmp(again.jws, text, data_bytes) == 0) ||
             (again.compact_bytes == data_bytes && memcmp(again.compact, text, data_bytes) == 0));
    }
    base45_round_trip(text, data_bytes);
    return 0;
}
