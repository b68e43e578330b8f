// What people ask about the catalogue and about one reservation, as JSON made by the database. For
// the operator's command; nothing here is on a hot path. Threads: those of the connection.
#ifndef CAVEA_STORE_CATALOG_REPORT_H
#define CAVEA_STORE_CATALOG_REPORT_H

#include "store/catalog_write.h"

typedef enum catalog_report_kind {
    REPORT_PLANS,       // [{hash,name,seats,currency,created_at}], newest first
    REPORT_VENUES,      // [{id,name,city,country,time_zone,organizer}]
    REPORT_VENUE,       // one, by id, with its number of events
    REPORT_EVENTS,      // [{id,name,category,venue,city,status,starts_at,sale_starts_at,...}]
    REPORT_EVENT,       // one, by id, with prices, seats held and sold, and who holds its actor
    REPORT_RESERVATION, // one, by id, with its payments and tickets; seats are indexes
    REPORT_LEDGER,  // {claims_without_reservation,...,sold_minor,captured_minor,...}, by event id
    REPORT_HOSTS,   // [{name,alive,stopping,heartbeat_age_ms,actors,started_at}]
    REPORT_SERVER,  // {version,version_number,database,user,recovery,now_us,settings:{...}}
    REPORT_FINANCE, // {event,name,agrees,currencies:[{currency,captured_minor,...}]}, by event id
    REPORT_REFUNDS, // [{payment,state,refund_minor,attempts,...}] under way or failed
} catalog_report_kind;

// The answer as JSON text on the heap, the caller's; *ret_json NULL: there is no such thing. id is
// NULL for lists. Times are RFC 3339 in UTC.
store_result catalog_report(connection *c, catalog_report_kind kind, const uuid *id,
                            char **ret_json, char ret_problem[static CATALOG_PROBLEM_BYTES]);

// One plan's bytes on the heap, the caller's (stored_plan_done); *ret_found false: there is none.
typedef struct stored_plan {
    char *name;
    uint8_t *layout, *packed, *source, *side; // source and side may be NULL
    size_t layout_bytes, packed_bytes, source_bytes, side_bytes;
} stored_plan;
store_result catalog_plan_load(connection *c, const digest32 *hash, stored_plan *ret_plan,
                               bool *ret_found, char ret_problem[static CATALOG_PROBLEM_BYTES]);
void stored_plan_done(stored_plan *p);

// The plan of an event; *ret_found false: there is no such event.
store_result catalog_event_plan(connection *c, const event_id *id, digest32 *ret_hash,
                                bool *ret_found, char ret_problem[static CATALOG_PROBLEM_BYTES]);

// A time as people write it: "now", "+90s" (s, m, h, d), RFC 3339 with an offset, or without one in
// the venue's time zone. Refused: it is none of these, or there is no such venue.
store_result catalog_time(connection *c, const char *text, const uuid *venue, int64_t *ret_us,
                          char ret_problem[static CATALOG_PROBLEM_BYTES]);

#endif
