#include "schemas/origin.h"

#include <strings.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

// A name or an IPv4 address; returns its length, 0 when it is none.
static size_t name_bytes(const char *at)
{
    size_t bytes = 0;
    for (; is_alnum(at[bytes]) || at[bytes] == '.' || at[bytes] == '-'; bytes++)
        if (at[bytes] == '.' && (bytes == 0 || at[bytes - 1] == '.'))
            return 0;
    return bytes > 0 && is_alnum(at[0]) && is_alnum(at[bytes - 1]) ? bytes : 0;
}

// An IPv6 address in its brackets; the same.
static size_t literal_bytes(const char *at)
{
    size_t bytes = strspn(at + 1, "0123456789abcdef:.");
    return bytes > 1 && at[1 + bytes] == ']' ? bytes + 2 : 0;
}

// Digits up to the end; 0 when they are no port.
static unsigned port_read(const char *at, size_t bytes)
{
    unsigned port = 0;
    if (bytes == 0 || bytes > 5 || at[0] == '0')
        return 0;
    for (size_t i = 0; i < bytes; i++) {
        if (!is_digit(at[i]))
            return 0;
        port = port * 10 + (unsigned)(at[i] - '0');
    }
    return port <= 65535 ? port : 0;
}

static bool one_valid(const char *origin, size_t bytes)
{
    bool secure = bytes > 8 && memcmp(origin, "https://", 8) == 0;
    if (!secure && !(bytes > 7 && memcmp(origin, "http://", 7) == 0))
        return false;
    const char *host = origin + (secure ? 8 : 7), *end = origin + bytes;
    const char *at = host + (*host == '[' ? literal_bytes(host) : name_bytes(host));
    if (at == host || at > end)
        return false;
    if (at == end)
        return true;
    unsigned port = *at == ':' ? port_read(at + 1, (size_t)(end - at) - 1) : 0;
    return port != 0 && port != (secure ? 443 : 80);
}

bool origin_valid(const char *origin)
{
    return one_valid(origin, strlen(origin));
}

bool origins_valid(const char *origins)
{
    for (const char *at = origins; *at;) {
        size_t bytes = strcspn(at, ",");
        if (!one_valid(at, bytes) || (at[bytes] == ',' && at[bytes + 1] == 0))
            return false;
        at += bytes + (at[bytes] == ',');
    }
    return true;
}

bool origins_have(const char *origins, const char *url)
{
    for (const char *at = origins; *at;) {
        size_t bytes = strcspn(at, ",");
        if (strncmp(url, at, bytes) == 0 && (url[bytes] == 0 || strchr("/?#", url[bytes])))
            return true;
        at += bytes + (at[bytes] == ',');
    }
    return false;
}

bool host_is_loopback(const char *host)
{
    static const char own[] = "localhost";
    size_t bytes =
        host[0] == '[' ? strcspn(host, "]") + (strchr(host, ']') != NULL) : strcspn(host, ":");
    size_t own_bytes = sizeof own - 1;
    if (host[bytes] != 0 &&
        (host[bytes] != ':' || port_read(host + bytes + 1, strlen(host + bytes + 1)) == 0))
        return false;
    if (bytes == 5 && memcmp(host, "[::1]", 5) == 0)
        return true;
    if (bytes > 4 && strncmp(host, "127.", 4) == 0)
        return strspn(host, "0123456789.") == bytes;
    return bytes >= own_bytes && strncasecmp(host + bytes - own_bytes, own, own_bytes) == 0 &&
           (bytes == own_bytes || host[bytes - own_bytes - 1] == '.');
}
