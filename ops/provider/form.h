// Reads application/x-www-form-urlencoded bodies and queries the way Stripe writes them, with
// nested names such as metadata[payment_id]. Bounded, and strict where leniency would let two
// readers see different things: bad escapes, NULs, text that is not UTF-8 and unbalanced brackets
// are refused. Pure; a form belongs to one thread.
#ifndef CAVEA_OPS_PROVIDER_FORM_H
#define CAVEA_OPS_PROVIDER_FORM_H

#include "schemas/id.h"

enum { FORM_FIELDS_MAX = 200, FORM_BYTES_MAX = 64 * 1024, FORM_DEPTH_MAX = 4 };

typedef struct form_field {
    const char *name, *value; // decoded, NUL-ended, inside form.text
} form_field;

typedef struct form {
    form_field fields[FORM_FIELDS_MAX];
    uint32_t fields_count;
    char *text; // owned
} form;

// Returns NULL, or a sentence that says what is wrong (static); the form is empty then. Copies.
MUST_CHECK const char *form_parse(const char *data, size_t data_bytes, form *ret_form);
void form_done(form *f);

// The last field of that name, as Stripe reads repeated ones; NULL when there is none.
const char *form_find(const form *f, const char *name);
typedef enum form_number {
    FORM_ABSENT,
    FORM_PRESENT,
    FORM_WRONG, // not a decimal integer of up to 18 digits
} form_number;
MUST_CHECK form_number form_find_integer(const form *f, const char *name, int64_t *ret_value);

// Walks the members of an object: name[key]=value, one level. *at starts at 0; false at the end.
// ret_key is NUL-ended and has room for key_bytes; longer keys are cut, which the caller can tell
// because it asked for more than it accepts.
bool form_next_member(const form *f, const char *name, uint32_t *at, char *ret_key,
                      size_t key_bytes, const char **ret_value);

#endif
