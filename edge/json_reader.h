// Reads JSON (RFC 8259) by pulling: the caller walks the document it expects and skips the rest.
// Nothing is allocated, nothing is kept. Strict: UTF-8 only, no trailing bytes, numbers as
// integers, at most JSON_DEPTH_MAX levels. The first error sticks: every later call fails, and
// json_reader_end tells. Refuses to know what the document means. One thread per reader; the bytes
// are borrowed.
//
//     json_reader r = json_reader_of(body, body_bytes);
//     json_reader_object(&r);
//     while (json_reader_key(&r)) {
//         if (json_reader_key_is(&r, "email"))
//             json_reader_text(&r, email, sizeof email, &email_bytes);
//         else
//             json_reader_skip(&r);
//     }
//     return json_reader_end(&r);
#ifndef CAVEA_EDGE_JSON_READER_H
#define CAVEA_EDGE_JSON_READER_H

#include "schemas/id.h"

enum { JSON_DEPTH_MAX = 32, JSON_KEY_BYTES = 64 };

typedef enum json_kind {
    JSON_KIND_BAD, // an error, or the end
    JSON_KIND_OBJECT,
    JSON_KIND_ARRAY,
    JSON_KIND_TEXT,
    JSON_KIND_NUMBER,
    JSON_KIND_TRUE,
    JSON_KIND_FALSE,
    JSON_KIND_NULL,
} json_kind;

typedef struct json_reader {
    const char *at, *end;
    unsigned depth;
    uint32_t started; // bit n: the container at depth n + 1 has had an element
    bool bad;
    char key[JSON_KEY_BYTES]; // of the member at hand, unescaped
    size_t key_bytes;         // more than JSON_KEY_BYTES: too long to be one we know
} json_reader;

json_reader json_reader_of(const void *data, size_t data_bytes);
json_kind json_reader_kind(json_reader *r); // of the value ahead; takes nothing

void json_reader_object(json_reader *r); // needs a `{` ahead, likewise below
// The next member's key, or false at the `}`, which is taken, or after an error.
MUST_CHECK bool json_reader_key(json_reader *r);
MUST_CHECK bool json_reader_key_is(const json_reader *r, const char *key);
void json_reader_array(json_reader *r);
MUST_CHECK bool
json_reader_item(json_reader *r); // one more value; false at the `]` or after an error

// Unescapes into the caller's buffer, not NUL-ended. Longer text is an error.
void json_reader_text(json_reader *r, char *buffer, size_t buffer_bytes, size_t *ret_bytes);
void json_reader_int(json_reader *r, int64_t *ret_value); // a fraction or exponent is an error
void json_reader_skip(json_reader *r);                    // any value, checked all the same

void json_reader_fail(json_reader *r); // the caller does not like what it read
// The document is over and was JSON.
MUST_CHECK bool json_reader_end(json_reader *r);

#endif
