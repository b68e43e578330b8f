// Origins as browsers write them (RFC 6454, 6.2): scheme://host[:port], http or https, in lower
// case, without a path and without the port that goes without saying. Knows no network and no
// names: what a host resolves to is not its business. Pure; any thread.
#ifndef CAVEA_SCHEMAS_ORIGIN_H
#define CAVEA_SCHEMAS_ORIGIN_H

#include "schemas/id.h"

MUST_CHECK bool origin_valid(const char *origin);
// Each of a list with commas between, which may be empty.
MUST_CHECK bool origins_valid(const char *origins);
// Whether a URL is of one of such a list: nothing but a path, a query or a fragment follows it.
MUST_CHECK bool origins_have(const char *origins, const char *url);
// Whether a host, with or without a port, is this machine whatever the network says: localhost,
// names below it, 127.0.0.0/8 and [::1].
MUST_CHECK bool host_is_loopback(const char *host);

#endif
