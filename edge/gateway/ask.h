// What a browser asks the gateway: one GET, read from its bytes. Accepts exactly what a listener
// needs to say and refuses everything that two readers could understand in two ways (folded lines,
// repeated fields, a body). A general HTTP parser would be more code to keep than this is to read;
// llhttp is in neither Debian 12 nor 13. Knows no sockets. Pure; any thread.
#ifndef CAVEA_EDGE_GATEWAY_ASK_H
#define CAVEA_EDGE_GATEWAY_ASK_H

#include "schemas/error.h"
#include "schemas/id.h"

enum {
    ASK_BYTES_MAX = 8192, // of a head: a browser's with its cookies
    ASK_FIELDS_MAX = 64,
};

typedef struct ask_text { // borrowed from the head; at is NULL when it was not said
    const char *at;
    size_t bytes;
} ask_text;

typedef struct ask {
    event_id event;
    bool has_since;
    uint64_t since; // the version that the listener has: Last-Event-ID, else ?since=
    ask_text host, origin;
    ask_text forwarded_for; // the last X-Forwarded-For
} ask;

// The length of the head, its empty line included; 0 while that has not come. looked: bytes that
// were searched before.
size_t ask_head_bytes(const char *data, size_t bytes, size_t looked);
// Reads a whole head. ERROR_NONE, or what is wrong: MALFORMED, NOT_FOUND, METHOD_NOT_ALLOWED.
// ret_ask is untouched unless it is ERROR_NONE.
error_code ask_read(const char *head, size_t bytes, ask *ret_ask);

// Whether a page of this origin may listen. No origin: it is no other site's page. public_url is
// the pages' origin; when that is "", pages of the host that was asked for, and of this machine.
bool ask_origin_allowed(ask_text origin, ask_text host, const char *public_url);

#endif
