#include "schemas/text.h"

#include "schemas/utf8.h"

// Reads one character; returns its length in bytes, 0 when it is not well-formed.
static size_t character_read(const uint8_t *at, size_t left, uint32_t *ret_character)
{
    size_t bytes = utf8_sequence(at, left);
    if (bytes == 0)
        return 0;
    uint32_t character = bytes == 1 ? at[0] : at[0] & (0x7fU >> bytes);
    for (size_t i = 1; i < bytes; i++)
        character = character << 6 | (at[i] & 0x3f);
    *ret_character = character;
    return bytes;
}

static bool character_refused(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f)      // control characters
           || c == 0x2028 || c == 0x2029             // line and paragraph separator
           || (c >= 0x202a && c <= 0x202e)           // direction embeddings and overrides
           || (c >= 0x2066 && c <= 0x2069)           // direction isolates
           || c == 0xfeff || (c & 0xfffe) == 0xfffe; // byte order mark, no characters
}

bool text_name_valid(const char *text, size_t text_bytes, size_t bytes_max)
{
    if (text_bytes == 0 || text_bytes > bytes_max)
        return false;
    for (size_t at = 0; at < text_bytes;) {
        uint32_t character;
        size_t bytes = character_read((const uint8_t *)text + at, text_bytes - at, &character);
        if (bytes == 0 || character_refused(character))
            return false;
        at += bytes;
    }
    return true;
}

void text_tidy(char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        uint32_t character = 0;
        size_t bytes = character_read((const uint8_t *)text, left, &character);
        if (bytes == 0)
            bytes = 1;
        if (character == 0 || character_refused(character))
            memset(text, '?', bytes);
        text += bytes;
        left -= bytes;
    }
}
