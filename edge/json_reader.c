#include "edge/json_reader.h"

#include "schemas/utf8.h"

_Static_assert(JSON_DEPTH_MAX <= 32, "one bit of `started` for each level");

json_reader json_reader_of(const void *data, size_t data_bytes)
{
    return (json_reader){.at = data, .end = (const char *)data + data_bytes};
}

void json_reader_fail(json_reader *r)
{
    r->bad = true;
    r->at = r->end;
}

static void blanks_skip(json_reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

// The next byte that is not blank, 0 at the end.
static char peek(json_reader *r)
{
    blanks_skip(r);
    return r->at < r->end ? *r->at : 0;
}

static bool take(json_reader *r, char c)
{
    if (peek(r) != c)
        return false;
    r->at++;
    return true;
}

static void need(json_reader *r, char c)
{
    if (!take(r, c))
        json_reader_fail(r);
}

json_kind json_reader_kind(json_reader *r)
{
    char c = peek(r);
    if (c == '-' || (c >= '0' && c <= '9'))
        return JSON_KIND_NUMBER;
    return c == '{'   ? JSON_KIND_OBJECT
           : c == '[' ? JSON_KIND_ARRAY
           : c == '"' ? JSON_KIND_TEXT
           : c == 't' ? JSON_KIND_TRUE
           : c == 'f' ? JSON_KIND_FALSE
           : c == 'n' ? JSON_KIND_NULL
                      : JSON_KIND_BAD;
}

static void container_open(json_reader *r, char bracket)
{
    need(r, bracket);
    if (r->bad)
        return;
    if (r->depth == JSON_DEPTH_MAX)
        return json_reader_fail(r);
    r->started &= ~(UINT32_C(1) << r->depth);
    r->depth++;
}

// Takes the bracket at the end of a container, or the comma before its next element.
static bool container_next(json_reader *r, char bracket)
{
    if (r->bad || r->depth == 0) {
        json_reader_fail(r);
        return false;
    }
    uint32_t bit = UINT32_C(1) << (r->depth - 1);
    if (take(r, bracket)) {
        r->depth--;
        return false;
    }
    if (r->started & bit)
        need(r, ',');
    r->started |= bit;
    return !r->bad;
}

void json_reader_object(json_reader *r)
{
    container_open(r, '{');
}

void json_reader_array(json_reader *r)
{
    container_open(r, '[');
}

bool json_reader_item(json_reader *r)
{
    return container_next(r, ']');
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// The four digits after \u; 0 after an error, as for \u0000, which no text of ours may hold.
static uint32_t unit_take(json_reader *r)
{
    uint32_t unit = 0;
    if (r->end - r->at < 4) {
        json_reader_fail(r);
        return 0;
    }
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(r->at[i]);
        if (digit < 0) {
            json_reader_fail(r);
            return 0;
        }
        unit = unit << 4 | (uint32_t)digit;
    }
    r->at += 4;
    return unit;
}

static size_t utf8_write(uint32_t point, char ret_text[static 4])
{
    if (point < 0x80) {
        ret_text[0] = (char)point;
        return 1;
    }
    size_t bytes = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--, point >>= 6)
        ret_text[i] = (char)(0x80 | (point & 0x3f));
    ret_text[0] = (char)((0xf00 >> bytes & 0xff) | point);
    return bytes;
}

// A backslash was taken: the text it stands for, 0 bytes after an error.
static size_t escape_take(json_reader *r, char ret_text[static 4])
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end) {
        json_reader_fail(r);
        return 0;
    }
    char c = *r->at++;
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        ret_text[0] = to[found - from];
        return 1;
    }
    uint32_t point = 0;
    if (c == 'u')
        point = unit_take(r);
    if (point >= 0xd800 && point < 0xdc00) { // the first half of a pair
        uint32_t high = point;
        point = 0;
        if (r->end - r->at >= 2 && r->at[0] == '\\' && r->at[1] == 'u') {
            r->at += 2;
            uint32_t low = unit_take(r);
            if (low >= 0xdc00 && low < 0xe000)
                point = 0x10000 + ((high - 0xd800) << 10 | (low - 0xdc00));
        }
    } else if (point >= 0xdc00 && point < 0xe000) {
        point = 0;
    }
    if (point == 0) {
        json_reader_fail(r);
        return 0;
    }
    return utf8_write(point, ret_text);
}

// How many bytes ahead are ASCII that stands for itself.
static size_t plain_run(const char *at, const char *end)
{
    const char *first = at;
    while (at < end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' &&
           *at != '\\')
        at++;
    return (size_t)(at - first);
}

// Reads a string; what does not fit the buffer is counted but not written.
static size_t string_take(json_reader *r, char *buffer, size_t buffer_bytes)
{
    size_t count = 0;
    need(r, '"');
    while (!r->bad) {
        char escaped[4];
        const char *from = r->at;
        size_t bytes = 0;
        if (r->at == r->end || (unsigned char)*r->at < 0x20) {
            json_reader_fail(r);
        } else if (*r->at == '"') {
            r->at++;
            return count;
        } else if (*r->at == '\\') {
            r->at++;
            bytes = escape_take(r, escaped);
            from = escaped;
        } else {
            bytes = plain_run(r->at, r->end);
            if (bytes == 0)
                bytes = utf8_sequence((const uint8_t *)r->at, (size_t)(r->end - r->at));
            r->at += bytes;
            if (bytes == 0)
                json_reader_fail(r);
        }
        if (!r->bad && count <= buffer_bytes && bytes <= buffer_bytes - count)
            memcpy(buffer + count, from, bytes);
        count += bytes;
    }
    return 0;
}

bool json_reader_key(json_reader *r)
{
    if (!container_next(r, '}'))
        return false;
    r->key_bytes = string_take(r, r->key, sizeof r->key);
    need(r, ':');
    return !r->bad;
}

bool json_reader_key_is(const json_reader *r, const char *key)
{
    return r->key_bytes <= sizeof r->key && r->key_bytes == strlen(key) &&
           memcmp(r->key, key, r->key_bytes) == 0;
}

void json_reader_text(json_reader *r, char *buffer, size_t buffer_bytes, size_t *ret_bytes)
{
    size_t bytes = string_take(r, buffer, buffer_bytes);
    if (bytes > buffer_bytes)
        return json_reader_fail(r);
    if (!r->bad)
        *ret_bytes = bytes;
}

static void digits_skip(json_reader *r)
{
    const char *first = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    if (r->at == first)
        json_reader_fail(r);
}

// Takes `-` and the digits of an integer, which has no leading zeros.
static void integer_skip(json_reader *r)
{
    (void)take(r, '-');
    const char *first = r->at;
    digits_skip(r);
    if (!r->bad && *first == '0' && r->at - first > 1)
        json_reader_fail(r);
}

static void number_skip(json_reader *r)
{
    integer_skip(r);
    if (r->at < r->end && *r->at == '.') {
        r->at++;
        digits_skip(r);
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        digits_skip(r);
    }
}

void json_reader_int(json_reader *r, int64_t *ret_value)
{
    blanks_skip(r);
    const char *first = r->at;
    integer_skip(r);
    if (r->bad || (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E')))
        return json_reader_fail(r);
    bool minus = *first == '-';
    int64_t value = 0;
    for (const char *at = first + minus; at < r->at; at++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, *at - '0', &value))
            return json_reader_fail(r);
    if (!minus && __builtin_sub_overflow(0, value, &value))
        return json_reader_fail(r);
    *ret_value = value;
}

static void word_skip(json_reader *r, const char *word)
{
    size_t bytes = strlen(word);
    if ((size_t)(r->end - r->at) < bytes || memcmp(r->at, word, bytes) != 0)
        return json_reader_fail(r);
    r->at += bytes;
}

void json_reader_skip(json_reader *r)
{
    switch (json_reader_kind(r)) {
    case JSON_KIND_OBJECT:
        json_reader_object(r);
        while (json_reader_key(r))
            json_reader_skip(r);
        break;
    case JSON_KIND_ARRAY:
        json_reader_array(r);
        while (json_reader_item(r))
            json_reader_skip(r);
        break;
    case JSON_KIND_TEXT:
        (void)string_take(r, NULL, 0);
        break;
    case JSON_KIND_NUMBER:
        number_skip(r);
        break;
    case JSON_KIND_TRUE:
        word_skip(r, "true");
        break;
    case JSON_KIND_FALSE:
        word_skip(r, "false");
        break;
    case JSON_KIND_NULL:
        word_skip(r, "null");
        break;
    case JSON_KIND_BAD:
        json_reader_fail(r);
        break;
    }
}

bool json_reader_end(json_reader *r)
{
    if (r->depth != 0 || peek(r) != 0 || r->at != r->end)
        r->bad = true;
    return !r->bad;
}
