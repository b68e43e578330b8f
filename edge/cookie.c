#include "edge/cookie.h"

#include "schemas/origin.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

void session_cookie_make(const session_keys *k, const session *s,
                         char ret_cookie[static SESSION_COOKIE_BYTES_MAX])
{
    char token[SESSION_TOKEN_BYTES_MAX];
    (void)session_token_make(k, SESSION_BROWSER, s, token);
    int bytes = snprintf(ret_cookie, SESSION_COOKIE_BYTES_MAX,
                         SESSION_COOKIE "=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax",
                         token, (int)SESSION_BROWSER_SECONDS);
    assert(bytes > 0 && bytes < SESSION_COOKIE_BYTES_MAX);
}

// The value of a cookie pair with this name ahead; NULL when the pair is another's.
static const char *pair_value(const char *pair, const char *name)
{
    size_t bytes = strlen(name);
    return strncmp(pair, name, bytes) == 0 && pair[bytes] == '=' ? pair + bytes + 1 : NULL;
}

// The value of our cookie; NULL when there is none, or an empty one.
static const char *cookie_find(const char *cookies, size_t *ret_bytes)
{
    for (const char *at = cookies; at && *at;) {
        at += strspn(at, " \t;");
        const char *value = pair_value(at, SESSION_COOKIE);
        if (value) {
            *ret_bytes = strcspn(value, "; \t");
            return *ret_bytes > 0 ? value : NULL;
        }
        at += strcspn(at, ";");
    }
    return NULL;
}

bool session_cookie_there(const char *cookies)
{
    size_t bytes;
    return cookie_find(cookies, &bytes) != NULL;
}

bool session_cookie_read(const session_keys *k, const char *cookies, int64_t now_s,
                         session *ret_session)
{
    size_t bytes;
    const char *value = cookie_find(cookies, &bytes);
    return value && session_token_read(k, SESSION_BROWSER, value, bytes, now_s, ret_session);
}

bool origin_own(const char *origin, const char *host, const char *public_url)
{
    if (!origin)
        return false;
    if (public_url[0])
        return strcasecmp(origin, public_url) == 0;
    if (!host)
        return false;
    if (strncasecmp(origin, "https://", 8) == 0)
        return strcasecmp(origin + 8, host) == 0;
    return strncasecmp(origin, "http://", 7) == 0 && host_is_loopback(host) &&
           strcasecmp(origin + 7, host) == 0;
}
