#include "ops/command/json_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool stream_read(FILE *file, size_t bytes_max, char **ret_text, size_t *ret_bytes,
                        const char **ret_why)
{
    // One byte more than allowed tells a file that is too long from one that just fits.
    char *text = malloc(bytes_max + 1);
    if (!text) {
        *ret_why = "out of memory";
        return false;
    }
    size_t bytes = fread(text, 1, bytes_max + 1, file);
    if (!ferror(file) && bytes <= bytes_max) {
        *ret_text = text;
        *ret_bytes = bytes;
        return true;
    }
    *ret_why = ferror(file) ? strerror(errno) : "the file is too long";
    free(text);
    return false;
}

bool json_file_read(const char *path, size_t bytes_max, char **ret_text, size_t *ret_bytes,
                    char ret_problem[static JSON_FILE_PROBLEM_BYTES])
{
    bool standard = strcmp(path, "-") == 0;
    const char *why = NULL;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file)
        why = strerror(errno);
    bool read = file && stream_read(file, bytes_max, ret_text, ret_bytes, &why);
    if (file && !standard)
        fclose(file);
    if (!read)
        snprintf(ret_problem, JSON_FILE_PROBLEM_BYTES, "cannot read %.100s: %s", path, why);
    return read;
}

// Counts brackets and commas outside of strings; it need not be JSON yet.
static bool shape_check(const char *text, size_t text_bytes, char *ret_problem)
{
    int depth = 0;
    size_t values = 0;
    bool quoted = false;
    for (size_t i = 0; i < text_bytes; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
            continue;
        }
        quoted = c == '"';
        values += c == '{' || c == '[' || c == ',';
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth > JSON_FILE_DEPTH_MAX || values > JSON_FILE_VALUES_MAX) {
            snprintf(ret_problem, JSON_FILE_PROBLEM_BYTES,
                     "the JSON is nested deeper than %d or has more than %d values",
                     JSON_FILE_DEPTH_MAX, JSON_FILE_VALUES_MAX);
            return false;
        }
    }
    return true;
}

json_t *json_file_parse(const char *text, size_t text_bytes,
                        char ret_problem[static JSON_FILE_PROBLEM_BYTES])
{
    json_error_t error;
    if (!shape_check(text, text_bytes, ret_problem))
        return NULL;
    json_t *root = json_loadb(text, text_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        snprintf(ret_problem, JSON_FILE_PROBLEM_BYTES, "no valid JSON in line %d: %.120s",
                 error.line, error.text);
    return root;
}
