#include "edge/edge.h"
#include "edge/encoding.h"
#include "schemas/digest.h"

#include <stdio.h>

#define PLAN_CACHE_CONTROL "public, max-age=31536000, immutable"

typedef error_code (*shelf_get)(plan_shelf *c, const digest32 *hash, shared_bytes **ret_bytes);

// Reads the path's hash and gets one form of that plan. False, and the problem answered, when there
// is none.
static bool plan_enter(edge_call *call, shelf_get get, digest32 *ret_hash, shared_bytes **ret_bytes)
{
    const http_request *q = call->request;
    error_code error = ERROR_NOT_FOUND;
    if (digest32_parse(q->id, q->id_bytes, ret_hash)) {
        error = ERROR_OVERLOADED;
        if (load_gate_enter(call->edge->gate)) {
            error = get(call->edge->plans, ret_hash, ret_bytes);
            load_gate_leave(call->edge->gate);
        }
    }
    if (error != ERROR_NONE)
        http_answer_problem(call->answer, error, NULL);
    return error == ERROR_NONE;
}

// A form never changes, so the plan's address and the form's name are its entity tag. Takes over
// the bytes.
static void answer_form(edge_call *call, const digest32 *hash, const char *form, shared_bytes *b)
{
    char text[DIGEST32_TEXT_BYTES], etag[ETAG_BYTES];
    digest32_format(hash, text);
    snprintf(etag, sizeof etag, "\"%s%s\"", text, form);
    call->answer->cache_control = PLAN_CACHE_CONTROL;
    if (http_answer_fresh(call->answer, call->request, etag))
        shared_bytes_unref(b);
    else
        call->answer->shared = b;
}

void handle_plan_read(edge_call *call)
{
    digest32 hash;
    shared_bytes *layout = NULL;
    if (plan_enter(call, plan_shelf_layout, &hash, &layout))
        answer_form(call, &hash, "", layout);
}

void handle_plan_map(edge_call *call)
{
    digest32 hash;
    shared_bytes *map = NULL;
    encoding form = encoding_choose(call->request->accept_encoding, 1u << ENCODING_GZIP);
    bool packed = form == ENCODING_GZIP; // all browsers can unpack
    if (!plan_enter(call, packed ? plan_shelf_map : plan_shelf_map_plain, &hash, &map))
        return;
    call->answer->content_type = "application/octet-stream";
    http_answer_header(call->answer, "Vary", "Accept-Encoding");
    answer_form(call, &hash, packed ? "-map.gz" : "-map", map);
    if (packed && call->answer->shared)
        http_answer_header(call->answer, "Content-Encoding", encoding_name(form));
}
