#include "ops/provider/jsonout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void jsonout_done(jsonout *j)
{
    free(j->at);
    *j = (jsonout){0};
}

void jsonout_raw(jsonout *j, const char *data, size_t data_bytes)
{
    if (j->bytes_max - j->bytes <= data_bytes) {
        size_t bytes_max = j->bytes_max < 1024 ? 1024 : j->bytes_max;
        while (bytes_max - j->bytes <= data_bytes)
            bytes_max *= 2;
        char *at = realloc(j->at, bytes_max);
        if (at == NULL)
            abort();
        j->at = at;
        j->bytes_max = bytes_max;
    }
    memcpy(j->at + j->bytes, data, data_bytes);
    j->bytes += data_bytes;
    j->at[j->bytes] = '\0';
}

static void jsonout_quoted(jsonout *j, const char *text)
{
    jsonout_raw(j, "\"", 1);
    size_t plain = 0; // bytes that need no escape
    for (;; text += plain + 1) {
        for (plain = 0; (unsigned char)text[plain] >= 0x20 && text[plain] != '"' &&
                        text[plain] != '\\' && text[plain] != 0x7f;)
            plain++;
        jsonout_raw(j, text, plain);
        if (text[plain] == '\0')
            break;
        char escape[8] = {'\\', text[plain]};
        int bytes = 2; // for those two that texts of JSON are full of
        if (text[plain] != '"' && text[plain] != '\\')
            bytes = snprintf(escape, sizeof escape, "\\u%04x", (unsigned char)text[plain]);
        jsonout_raw(j, escape, (size_t)bytes);
    }
    jsonout_raw(j, "\"", 1);
}

// A comma is due unless the value is the first of its object, array, member, line or text.
static void jsonout_key(jsonout *j, const char *key)
{
    char last = j->bytes > 0 ? j->at[j->bytes - 1] : '\n';
    if (last != '{' && last != '[' && last != ':' && last != '\n')
        jsonout_raw(j, ",", 1);
    if (key == NULL)
        return;
    jsonout_quoted(j, key);
    jsonout_raw(j, ":", 1);
}

void jsonout_open(jsonout *j, const char *key, char brace)
{
    jsonout_key(j, key);
    jsonout_raw(j, &brace, 1);
}

void jsonout_close(jsonout *j, char brace)
{
    jsonout_raw(j, &brace, 1);
}

void jsonout_member(jsonout *j, const char *key, const char *value, size_t value_bytes)
{
    jsonout_key(j, key);
    jsonout_raw(j, value, value_bytes);
}

void jsonout_null(jsonout *j, const char *key)
{
    jsonout_member(j, key, "null", 4);
}

void jsonout_string(jsonout *j, const char *key, const char *value)
{
    if (value == NULL) {
        jsonout_null(j, key);
        return;
    }
    jsonout_key(j, key);
    jsonout_quoted(j, value);
}

void jsonout_integer(jsonout *j, const char *key, int64_t value)
{
    char text[24];
    int bytes = snprintf(text, sizeof text, "%" PRId64, value);
    jsonout_member(j, key, text, (size_t)bytes);
}

void jsonout_real(jsonout *j, const char *key, double value)
{
    char text[32];
    int bytes = snprintf(text, sizeof text, "%.12g", value);
    jsonout_member(j, key, text, (size_t)bytes);
}

void jsonout_boolean(jsonout *j, const char *key, bool value)
{
    jsonout_member(j, key, value ? "true" : "false", value ? 4 : 5);
}
