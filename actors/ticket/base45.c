#include "actors/ticket/base45.h"

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

void base45_encode(const uint8_t *data, size_t data_bytes, char *ret_text)
{
    for (size_t i = 0; i < data_bytes; i += 2) {
        bool pair = i + 1 < data_bytes;
        uint32_t n = pair ? (uint32_t)data[i] << 8 | data[i + 1] : data[i];
        *ret_text++ = alphabet[n % 45];
        *ret_text++ = alphabet[n / 45 % 45];
        if (pair)
            *ret_text++ = alphabet[n / (45 * 45)];
    }
}

static bool digit_of(char c, uint32_t *ret_digit)
{
    const char *at = c == 0 ? NULL : strchr(alphabet, c);
    if (at == NULL)
        return false;
    *ret_digit = (uint32_t)(at - alphabet);
    return true;
}

bool base45_decode(const char *text, size_t text_bytes, size_t data_max, uint8_t *ret_data,
                   size_t *ret_bytes)
{
    size_t bytes = text_bytes / 3 * 2 + (text_bytes % 3 == 2);
    if (text_bytes % 3 == 1 || bytes > data_max)
        return false;
    for (size_t i = 0, at = 0; i < text_bytes; i += 3) {
        bool triple = i + 2 < text_bytes;
        uint32_t c, d, e = 0;
        if (!digit_of(text[i], &c) || !digit_of(text[i + 1], &d) ||
            (triple && !digit_of(text[i + 2], &e)))
            return false;
        uint32_t n = c + 45 * d + 45 * 45 * e;
        if (n > (triple ? UINT16_MAX : UINT8_MAX))
            return false;
        if (triple)
            ret_data[at++] = (uint8_t)(n >> 8);
        ret_data[at++] = (uint8_t)n;
    }
    *ret_bytes = bytes;
    return true;
}
