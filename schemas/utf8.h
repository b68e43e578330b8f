// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. Pure; any
// thread.
#ifndef CAVEA_SCHEMAS_UTF8_H
#define CAVEA_SCHEMAS_UTF8_H

#include "schemas/id.h"

// The length of the well-formed sequence that data begins with, or 0. data_bytes is at least 1.
size_t utf8_sequence(const uint8_t *data, size_t data_bytes);
MUST_CHECK bool utf8_valid(const char *text, size_t text_bytes);

#endif
