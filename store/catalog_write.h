// Writes organizers, venues, plans, productions and events: what the operator's command does. One
// call is one transaction. An event's status is never written here: its actor does that.
// Threads: those of the connection. Results: STORE_OK; STORE_REFUSED and STORE_UNKNOWN with one
// sentence in ret_problem. Texts and bytes are borrowed until return.
#ifndef CAVEA_STORE_CATALOG_WRITE_H
#define CAVEA_STORE_CATALOG_WRITE_H

#include "schemas/refund.h"
#include "store/connection.h"

enum { CATALOG_PROBLEM_BYTES = 512 };

typedef struct catalog_bytes {
    const void *data; // NULL: the column is NULL
    size_t bytes;
} catalog_bytes;

typedef struct catalog_venue {
    uuid id, organizer;
    const char *name, *city;
    const char *country;   // ISO 3166-1, two capital letters
    const char *time_zone; // IANA, "Europe/Berlin"
} catalog_venue;

typedef struct catalog_plan {
    digest32 hash;
    const char *name;
    int32_t seats;
    catalog_bytes layout, packed, source, side;
} catalog_plan;

typedef struct catalog_event {
    event_id id;
    uuid venue;             // it belongs to the venue's organizer
    const char *production; // name; found, or made with the id below; NULL: none
    uuid production_id;
    const char *name, *category, *description;
    char currency[4];
    int64_t starts_us, sale_starts_us;
    int32_t hold_seconds;
    digest32 plan_hash;
    int32_t seats;                                // not blocked in the plan
    int64_t price_minor[CATEGORIES_PER_PLAN_MAX]; // by the plan's category
    uint32_t prices_count;
    int64_t price_min_minor, price_max_minor; // of seats that can be sold
    int16_t fee_bp, tax_bp;                   // of the price, basis points
    bool has_refunds;                         // false: the policy that every event has by itself
    refund_policy refunds;
} catalog_event;

// Why the connection's last call failed, without the server's word for "error".
void catalog_problem(const connection *c, char ret_problem[static CATALOG_PROBLEM_BYTES]);

// The organizer of that name; made with `id` when there is none.
store_result catalog_organizer(connection *c, const char *name, const uuid *id, uuid *ret_id,
                               char ret_problem[static CATALOG_PROBLEM_BYTES]);
// A venue or event that exists with this id stays as it is and *ret_made is false.
store_result catalog_venue_put(connection *c, const catalog_venue *row, bool *ret_made,
                               char ret_problem[static CATALOG_PROBLEM_BYTES]);
// A plan with this hash keeps its layout; its side is replaced when row has one.
store_result catalog_plan_put(connection *c, const catalog_plan *row, bool *ret_made,
                              char ret_problem[static CATALOG_PROBLEM_BYTES]);
// With its prices and the first revision of its plan. *ret_tag_taken: another event has the same
// tag and nothing was written: try again with another id.
store_result catalog_event_put(connection *c, const catalog_event *row, bool *ret_made,
                               bool *ret_tag_taken, char ret_problem[static CATALOG_PROBLEM_BYTES]);

#endif
