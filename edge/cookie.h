// The cookie that carries a browser's session: `__Host-cavea` with the token of edge/session.h,
// HttpOnly, Secure, SameSite=Lax and for this host alone (RFC 6265bis). Browsers take the name's
// prefix only over HTTPS or, Chromium and Firefox, from a loopback address. And the check that goes
// with cookies: whether a request was made by our own pages. Pure; any thread.
#ifndef CAVEA_EDGE_COOKIE_H
#define CAVEA_EDGE_COOKIE_H

#include "edge/session.h"

#define SESSION_COOKIE "__Host-cavea"
#define SESSION_COOKIE_NONE SESSION_COOKIE "=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"

enum { SESSION_COOKIE_BYTES_MAX = SESSION_TOKEN_BYTES_MAX + 128 };

// The value of Set-Cookie.
void session_cookie_make(const session_keys *k, const session *s,
                         char ret_cookie[static SESSION_COOKIE_BYTES_MAX]);
// Whether a Cookie header has our cookie at all, readable or not; NULL has none.
MUST_CHECK bool session_cookie_there(const char *cookies);
// Finds the session in a Cookie header; NULL has none. False as session_token_read.
MUST_CHECK bool session_cookie_read(const session_keys *k, const char *cookies, int64_t now_s,
                                    session *ret_session);

// Origin (RFC 6454) against the origin that browsers see, or, when that is "", against what Host
// says: with https, and with http on a loopback address. Elsewhere http pages have no such cookie,
// and could be anybody's who sits on the way. An absent Origin is foreign: browsers send it with
// all that is unsafe.
MUST_CHECK bool origin_own(const char *origin, const char *host, const char *public_url);

#endif
