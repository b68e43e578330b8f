// How many listeners each network address has. An IPv6 address counts as its /64, which is what one
// customer has. Knows no sockets. One thread.
#ifndef CAVEA_EDGE_GATEWAY_ADDRESS_H
#define CAVEA_EDGE_GATEWAY_ADDRESS_H

#include "schemas/id.h"

#include <sys/socket.h>

typedef struct address { // IPv4 as ::ffff:a.b.c.d
    uint8_t bytes[16];
} address;

MUST_CHECK bool address_of(const struct sockaddr *from, address *ret_address);
// The last address of an X-Forwarded-For: the one that our own proxy wrote.
MUST_CHECK bool address_forwarded(const char *text, size_t text_bytes, address *ret_address);

typedef struct addresses addresses;

// Room for entries_max listeners, all of which may come from different addresses.
addresses *addresses_new(uint32_t entries_max, uint32_t each_max);
void addresses_free(addresses *all);
// False when this address has as many as it may.
MUST_CHECK bool addresses_enter(addresses *all, const address *a);
void addresses_leave(addresses *all, const address *a); // entered before

#endif
