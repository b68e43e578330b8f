// Times as RFC 3339 text, without the C library's locale and time zone. Microseconds since 1970 in
// UTC. Pure; any thread.
#ifndef CAVEA_EDGE_TIME_TEXT_H
#define CAVEA_EDGE_TIME_TEXT_H

#include "schemas/id.h"

enum { TIME_TEXT_BYTES = 25 }; // "2031-05-17T18:30:00.123Z" and the final NUL

// With milliseconds when there are any; returns the length. Times outside the years 1970 to 9999
// are clamped.
size_t time_text_write(int64_t unix_us, char ret_text[static TIME_TEXT_BYTES]);
// A time with Z or a numeric offset, or a date alone (midnight UTC); nothing else.
MUST_CHECK bool time_text_read(const char *text, size_t text_bytes, int64_t *ret_unix_us);

#endif
