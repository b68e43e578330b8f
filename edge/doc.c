#include "edge/doc.h"

#include "edge/time_text.h"

#include <stdlib.h>

enum { HEAP_BYTES_FIRST = 4096 };

void doc_init(doc *d, char *buffer, size_t buffer_bytes)
{
    *d = (doc){.text = buffer, .max = buffer_bytes};
}

void doc_init_heap(doc *d)
{
    *d = (doc){.grows = true};
}

void doc_done(doc *d)
{
    if (d->grows)
        free(d->text);
    *d = (doc){.full = true};
}

// Room for so many more bytes.
static bool doc_room(doc *d, size_t bytes)
{
    if (d->full)
        return false;
    if (bytes <= d->max - d->bytes)
        return true;
    if (d->grows) {
        size_t max = d->max ? d->max : HEAP_BYTES_FIRST;
        while (max - d->bytes < bytes)
            max *= 2;
        char *text = realloc(d->text, max);
        if (text) {
            d->text = text;
            d->max = max;
            return true;
        }
    }
    d->full = true;
    return false;
}

static void doc_put(doc *d, const char *text, size_t bytes)
{
    if (!doc_room(d, bytes))
        return;
    memcpy(d->text + d->bytes, text, bytes);
    d->bytes += bytes;
}

// Before a value: the comma that separates it from the one before.
static void doc_value(doc *d)
{
    if (d->comma)
        doc_put(d, ",", 1);
    d->comma = true;
}

static void doc_open(doc *d, const char *bracket)
{
    doc_value(d);
    doc_put(d, bracket, 1);
    d->comma = false;
}

static void doc_close(doc *d, const char *bracket)
{
    doc_put(d, bracket, 1);
    d->comma = true;
}

void doc_object(doc *d)
{
    doc_open(d, "{");
}

void doc_object_end(doc *d)
{
    doc_close(d, "}");
}

void doc_array(doc *d)
{
    doc_open(d, "[");
}

void doc_array_end(doc *d)
{
    doc_close(d, "]");
}

void doc_key(doc *d, const char *key)
{
    doc_value(d);
    doc_put(d, "\"", 1);
    doc_put(d, key, strlen(key));
    doc_put(d, "\":", 2);
    d->comma = false;
}

static size_t escape(unsigned char c, char ret_text[static 6])
{
    static const char hex[] = "0123456789abcdef";
    static const char short_of[0x20] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    ret_text[0] = '\\';
    if (c == '"' || c == '\\' || (c < 0x20 && short_of[c])) {
        ret_text[1] = c < 0x20 ? short_of[c] : (char)c;
        return 2;
    }
    memcpy(ret_text + 1, "u00", 3);
    ret_text[4] = hex[c >> 4];
    ret_text[5] = hex[c & 15];
    return 6;
}

static bool plain(unsigned char c)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

void doc_text_of(doc *d, const char *text, size_t text_bytes)
{
    doc_value(d);
    doc_put(d, "\"", 1);
    for (size_t at = 0; at < text_bytes;) {
        size_t run = at;
        while (run < text_bytes && plain((unsigned char)text[run]))
            run++;
        doc_put(d, text + at, run - at);
        at = run;
        if (at < text_bytes) {
            char escaped[6];
            doc_put(d, escaped, escape((unsigned char)text[at], escaped));
            at++;
        }
    }
    doc_put(d, "\"", 1);
}

void doc_text(doc *d, const char *text)
{
    if (text)
        doc_text_of(d, text, strlen(text));
    else
        doc_null(d);
}

void doc_int(doc *d, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (value < 0)
        digits[--at] = '-';
    doc_value(d);
    doc_put(d, digits + at, sizeof digits - at);
}

void doc_uuid(doc *d, const uuid *id)
{
    char text[UUID_TEXT_BYTES + 2];
    text[0] = '"';
    uuid_format(id, text + 1);
    text[UUID_TEXT_BYTES] = '"';
    doc_value(d);
    doc_put(d, text, UUID_TEXT_BYTES + 1);
}

void doc_time(doc *d, int64_t unix_us)
{
    char text[TIME_TEXT_BYTES];
    doc_text_of(d, text, time_text_write(unix_us, text));
}

void doc_null(doc *d)
{
    doc_raw(d, "null", 4);
}

void doc_raw(doc *d, const char *text, size_t text_bytes)
{
    doc_value(d);
    doc_put(d, text, text_bytes);
}
