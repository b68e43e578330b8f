#include "edge/http.h"

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// Decodes application/x-www-form-urlencoded text; control characters are refused.
static bool decode(const char *from, size_t from_bytes, char *buffer, size_t buffer_bytes)
{
    size_t count = 0;
    for (size_t i = 0; i < from_bytes; i++) {
        char c = from[i] == '+' ? ' ' : from[i];
        if (from[i] == '%') {
            int high = i + 2 < from_bytes ? hex_value(from[i + 1]) : -1;
            int low = i + 2 < from_bytes ? hex_value(from[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if ((unsigned char)c < ' ' || c == 0x7f || count + 1 >= buffer_bytes)
            return false;
        buffer[count++] = c;
    }
    buffer[count] = 0;
    return true;
}

bool http_query_text(const char *query, const char *name, char *buffer, size_t buffer_bytes,
                     bool *ret_valid)
{
    size_t name_bytes = strlen(name);
    for (const char *at = query; *at;) {
        size_t bytes = strcspn(at, "&");
        if (bytes > name_bytes && at[name_bytes] == '=' && memcmp(at, name, name_bytes) == 0) {
            *ret_valid = decode(at + name_bytes + 1, bytes - name_bytes - 1, buffer, buffer_bytes);
            if (!*ret_valid)
                buffer[0] = 0;
            return true;
        }
        at += bytes;
        if (*at == '&')
            at++;
    }
    return false;
}

bool http_query_int(const char *query, const char *name, int64_t most, int64_t *ret_value)
{
    char text[24];
    bool valid;
    int64_t value = 0;
    if (!http_query_text(query, name, text, sizeof text, &valid))
        return true;
    if (!valid || text[0] == 0 || strlen(text) > 18)
        return false;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9')
            return false;
        value = value * 10 + (*at - '0');
    }
    *ret_value = value;
    return value <= most;
}
