// Documents that are the same for everybody: the key set and the API's description.
#include "edge/edge.h"
#include "edge/key_set.h"

#include "ops/host/clock.h"

#define DOCUMENT_CACHE_CONTROL "public, max-age=300"

static void answer_document(edge_call *call, shared_bytes *b)
{
    http_answer *a = call->answer;
    a->cache_control = DOCUMENT_CACHE_CONTROL;
    if (http_answer_fresh(a, call->request, b->etag))
        shared_bytes_unref(b);
    else
        a->shared = b;
}

void handle_key_set(edge_call *call)
{
    shared_bytes *b = key_ring_get(call->edge->keys, clock_monotonic_us());
    if (!b)
        return http_answer_problem(call->answer, ERROR_UNAVAILABLE, NULL);
    answer_document(call, b);
}

void handle_openapi(edge_call *call)
{
    answer_document(call, shared_bytes_ref(call->edge->openapi));
}

// What time the database has it, so that a page counts down to the deadlines it decides by.
void handle_time(edge_call *call)
{
    doc *d = &call->answer->body;
    doc_object(d);
    doc_key(d, "now");
    doc_time(d, edge_database_now_us(call->edge));
    doc_object_end(d);
}
