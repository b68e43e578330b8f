// Writes JSON (RFC 8259) into one growing buffer, faster than building a tree first. Knows nothing
// of what it writes; the caller nests properly. Running out of memory ends the process: a provider
// that forgets money would be worse. Not shared between threads.
#ifndef CAVEA_OPS_PROVIDER_JSONOUT_H
#define CAVEA_OPS_PROVIDER_JSONOUT_H

#include "schemas/id.h"

typedef struct jsonout {
    char *at; // NUL-ended once something was written
    size_t bytes, bytes_max;
} jsonout;

void jsonout_done(jsonout *j);
void jsonout_raw(jsonout *j, const char *data, size_t data_bytes);
// key is NULL inside an array and for the outermost value. brace is '{' or '['.
void jsonout_open(jsonout *j, const char *key, char brace);
void jsonout_close(jsonout *j, char brace);                          // '}' or ']'
void jsonout_string(jsonout *j, const char *key, const char *value); // NULL writes null
void jsonout_integer(jsonout *j, const char *key, int64_t value);
void jsonout_real(jsonout *j, const char *key, double value);
void jsonout_boolean(jsonout *j, const char *key, bool value);
void jsonout_null(jsonout *j, const char *key);
// value is JSON already.
void jsonout_member(jsonout *j, const char *key, const char *value, size_t value_bytes);

#endif
