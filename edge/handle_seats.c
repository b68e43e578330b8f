#include "edge/edge.h"
#include "schemas/digest.h"

#include <stdlib.h>

#define LIVE_CACHE_CONTROL "public, max-age=1, s-maxage=1, stale-while-revalidate=5"
#define VERSION_HEADER "Cavea-Version"

enum { SECTION_CACHED_BYTES_MAX = 256 * 1024 };

// The event's details and its map. False, and the problem answered, when there is none.
static bool map_enter(edge_call *call, catalogue_event **ret_event, live_event **ret_map)
{
    const http_request *q = call->request;
    event_id id;
    error_code error = ERROR_NOT_FOUND;
    if (uuid_parse(q->id, q->id_bytes, &id.u))
        error = catalogue_get(call->edge->catalogue, &id, ret_event);
    if (error == ERROR_NONE)
        *ret_map =
            live_enter(call->edge->live, &id, (*ret_event)->plan, edge_deadline_us(call), &error);
    if (error != ERROR_NONE)
        http_answer_problem(call->answer, error, NULL);
    return error == ERROR_NONE;
}

// Answers with a buffer that was built before; takes the reference.
static void answer_built(edge_call *call, shared_bytes *b)
{
    http_answer *a = call->answer;
    if (!b)
        return http_answer_problem(a, ERROR_OVERLOADED, NULL);
    a->cache_control = LIVE_CACHE_CONTROL;
    if (http_answer_fresh(a, call->request, b->etag))
        shared_bytes_unref(b);
    else
        a->shared = b;
    a->shared_head = true;
}

void handle_availability(edge_call *call)
{
    CATALOGUE_EVENT_AUTO *event = NULL;
    live_event *map;
    if (!map_enter(call, &event, &map))
        return;
    answer_built(call, live_availability(map));
    live_leave(call->edge->live, map);
}

static bool since_read(const char *query, bool *ret_given, uint64_t *ret_since)
{
    char text[24];
    bool valid;
    uint64_t since = 0;
    *ret_since = 0;
    *ret_given = http_query_text(query, "since", text, sizeof text, &valid);
    if (!*ret_given)
        return true;
    if (!valid || text[0] == 0 || strlen(text) > 18)
        return false;
    for (const char *at = text; *at; at++) {
        if (*at < '0' || *at > '9')
            return false;
        since = since * 10 + (uint64_t)(*at - '0');
    }
    *ret_since = since;
    return true;
}

void handle_seats_bin(edge_call *call)
{
    CATALOGUE_EVENT_AUTO *event = NULL;
    live_event *map;
    uint64_t since;
    bool given;
    if (!since_read(call->request->query, &given, &since))
        return http_answer_problem(call->answer, ERROR_MALFORMED, "since is a version");
    if (!map_enter(call, &event, &map))
        return;
    shared_bytes *b = given && since > 0 ? live_changes(map, since) : live_map(map);
    live_leave(call->edge->live, map);
    call->answer->content_type = "application/octet-stream";
    if (b)
        http_answer_header_number(call->answer, VERSION_HEADER, b->version);
    answer_built(call, b);
    if (b && call->answer->shared && b->count == 0)
        call->answer->status = 304; // nothing is new, whatever the client has
}

static void seat_write(doc *d, const catalogue_event *event, uint32_t seat, uint8_t state)
{
    const plan *p = event->plan->plan;
    uint32_t category = p->seat_category[seat];
    doc_object(d);
    doc_key(d, "id");
    doc_text(d, plan_seat_id(p, seat));
    doc_key(d, "section");
    doc_text(d, plan_section_id(p, p->seat_section[seat]));
    doc_key(d, "row");
    doc_text(d, plan_row_name(p, p->seat_row[seat]));
    doc_key(d, "number");
    doc_text(d, plan_seat_number(p, seat));
    doc_key(d, "category");
    doc_text(d, plan_category_name(p, category));
    doc_key(d, "price_minor");
    doc_int(d, category < event->detail.prices_count ? event->detail.price_minor[category] : 0);
    doc_key(d, "state");
    doc_text(d, seat_state_name((seat_state)state));
    if (p->seat_flags[seat] & SEAT_FLAG_ACCESSIBLE) {
        doc_key(d, "accessible");
        doc_raw(d, "true", 4);
    }
    if (p->seat_flags[seat] & SEAT_FLAG_COMPANION) {
        doc_key(d, "companion");
        doc_raw(d, "true", 4);
    }
    doc_object_end(d);
}

static void section_write(doc *d, const catalogue_event *event, uint32_t first, uint32_t count,
                          const uint8_t *states, uint64_t version)
{
    doc_object(d);
    doc_key(d, "version");
    doc_int(d, (int64_t)version);
    doc_key(d, "seats");
    doc_array(d);
    for (uint32_t i = 0; i < count; i++)
        seat_write(d, event, first + i, states[i]);
    doc_array_end(d);
    doc_object_end(d);
}

// Built once for each version, like the whole map, and kept while it is asked for.
static digest16 section_key(const catalogue_event *event, uint32_t section, live_stamp stamp)
{
    struct {
        event_id event;
        live_stamp stamp;
        uint64_t section;
    } key = {event->detail.row.id, stamp, section};
    return digest16_of(&key, sizeof key);
}

static shared_bytes *section_build(const catalogue_event *event, live_event *map, uint32_t section,
                                   live_stamp *ret_stamp)
{
    const plan *p = event->plan->plan;
    uint32_t first = p->section_first[section], count = p->section_first[section + 1] - first;
    uint8_t *states = malloc(count + 1);
    doc d;
    if (!states)
        return NULL;
    live_states(map, first, count, states, ret_stamp);
    doc_init_heap(&d);
    section_write(&d, event, first, count, states, ret_stamp->version);
    free(states);
    shared_bytes *b = shared_bytes_of(&d);
    if (b)
        live_etag('v', 0, *ret_stamp, b->etag);
    return b;
}

static void answer_section(edge_call *call, const catalogue_event *event, live_event *map,
                           uint32_t section)
{
    answer_cache *cache = call->edge->answers;
    live_stamp stamp = live_stamp_of(map);
    int64_t now_us = call->request->started_us;
    digest16 key = section_key(event, section, stamp);
    shared_bytes *b = answer_cache_get(cache, &key, now_us);
    if (!b) {
        b = section_build(event, map, section, &stamp);
        key = section_key(event, section, stamp);
        if (b && b->count <= SECTION_CACHED_BYTES_MAX)
            answer_cache_put(cache, &key, b, now_us);
    }
    answer_built(call, b);
}

void handle_seats(edge_call *call)
{
    CATALOGUE_EVENT_AUTO *event = NULL;
    live_event *map;
    char section_id[3 * SEAT_ID_BYTES_MAX];
    bool valid;
    uint32_t section;
    if (!http_query_text(call->request->query, "section", section_id, sizeof section_id, &valid) ||
        !valid)
        return http_answer_problem(call->answer, ERROR_MALFORMED,
                                   "The query names a section of the event");
    if (!map_enter(call, &event, &map))
        return;
    if (plan_section_find(event->plan->plan, section_id, strlen(section_id), &section))
        answer_section(call, event, map, section);
    else
        http_answer_problem(call->answer, ERROR_NOT_FOUND, "The event has no such section");
    live_leave(call->edge->live, map);
}
