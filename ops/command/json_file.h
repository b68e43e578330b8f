// JSON files of strangers: read whole within a byte limit, then looked over before they are parsed,
// because jansson has no bounds that a caller can set (its depth limit is 2,048, and a file of
// brackets needs 40 times its size when parsed). One thread.
#ifndef CAVEA_OPS_COMMAND_JSON_FILE_H
#define CAVEA_OPS_COMMAND_JSON_FILE_H

#include "schemas/id.h"

#include <jansson.h>

enum {
    JSON_FILE_DEPTH_MAX = 32,
    JSON_FILE_VALUES_MAX = 2 * 1024 * 1024,
    JSON_FILE_PROBLEM_BYTES = 200,
};

// The bytes of a file, or of standard input for "-". The caller frees *ret_text.
MUST_CHECK bool json_file_read(const char *path, size_t bytes_max, char **ret_text,
                               size_t *ret_bytes, char ret_problem[static JSON_FILE_PROBLEM_BYTES]);
// NULL with one sentence when it is no JSON (RFC 8259), too deep, too large or has a key twice in
// an object. The caller owns the reference.
json_t *json_file_parse(const char *text, size_t text_bytes,
                        char ret_problem[static JSON_FILE_PROBLEM_BYTES]);

#endif
