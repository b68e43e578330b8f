// What strangers may write into names: UTF-8 for people to read, with nothing in it that a
// terminal, a log, a page or a reader's eye could take for something else. Pure; any thread.
#ifndef CAVEA_SCHEMAS_TEXT_H
#define CAVEA_SCHEMAS_TEXT_H

#include "schemas/id.h"

// 1 to bytes_max bytes of well-formed UTF-8 (Unicode 15, table 3-7) without control characters,
// line separators, byte order marks or characters that change the direction of what follows.
MUST_CHECK bool text_name_valid(const char *text, size_t text_bytes, size_t bytes_max);

// Makes any text safe to show: bytes that a name may not have become '?'. Text is ended by NUL.
void text_tidy(char *text);

#endif
