// Secrets come from files that nobody else can read, and from nowhere else. The file must be a
// regular file of mode 0600 or 0400 that belongs to this user or to root. The caller wipes what it
// no longer needs (sodium_memzero). One thread, at start.
#ifndef CAVEA_OPS_HOST_SECRET_FILE_H
#define CAVEA_OPS_HOST_SECRET_FILE_H

#include "ops/host/config.h"

// Reads bytes as they are; false with one sentence when the file is missing, readable by others, or
// not of bytes_min to bytes_max bytes. ret_data has room for bytes_max.
MUST_CHECK bool secret_file_read(const char *path, size_t bytes_min, size_t bytes_max,
                                 uint8_t *ret_data, size_t *ret_bytes,
                                 char ret_problem[static CONFIG_PROBLEM_BYTES]);
// Reads one line of printable ASCII, without its line end, and ends it with NUL. ret_text has room
// for text_bytes, the NUL included.
MUST_CHECK bool secret_file_read_text(const char *path, size_t text_bytes, char *ret_text,
                                      char ret_problem[static CONFIG_PROBLEM_BYTES]);

#endif
