#include "schemas/utf8.h"

size_t utf8_sequence(const uint8_t *data, size_t data_bytes)
{
    uint8_t first = data[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length > data_bytes)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((data[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (first == 0xe0 && data[1] < 0xa0) || (first == 0xf0 && data[1] < 0x90);
    bool outside = (first == 0xed && data[1] > 0x9f) || (first == 0xf4 && data[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

bool utf8_valid(const char *text, size_t text_bytes)
{
    const uint8_t *data = (const uint8_t *)text;
    size_t at = 0, length = 1;
    for (; at < text_bytes && length > 0; at += length)
        length = utf8_sequence(data + at, text_bytes - at);
    return length > 0;
}
