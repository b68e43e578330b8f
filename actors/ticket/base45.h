// Base45 (RFC 9285): bytes as the characters that a QR code stores most densely. Pure; any thread.
#ifndef CAVEA_ACTORS_TICKET_BASE45_H
#define CAVEA_ACTORS_TICKET_BASE45_H

#include "schemas/id.h"

#define BASE45_TEXT_BYTES(data_bytes) ((data_bytes) / 2 * 3 + (data_bytes) % 2 * 2)

// Writes exactly BASE45_TEXT_BYTES(data_bytes) characters and no NUL.
void base45_encode(const uint8_t *data, size_t data_bytes, char *ret_text);
// False for a character outside the alphabet, an impossible length, a value that is too large, or
// more than data_max bytes; ret_data is unspecified then.
MUST_CHECK bool base45_decode(const char *text, size_t text_bytes, size_t data_max,
                              uint8_t *ret_data, size_t *ret_bytes);

#endif
