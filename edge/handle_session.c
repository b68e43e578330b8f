#include "edge/body.h"
#include "edge/edge.h"

#include "ops/host/clock.h"

// Every session is a new buyer; the address is only where mail goes.
void handle_session_create(edge_call *call)
{
    session_body body;
    const http_request *q = call->request;
    http_answer *a = call->answer;
    error_code error = session_body_read(q->body, q->body_bytes, &body);
    if (error != ERROR_NONE)
        return http_answer_problem(a, error, "The body is {} or {\"email\": \"...\"}");
    session s = {.expires_s = clock_wall_us() / 1000000 + SESSION_SECONDS};
    s.buyer.u = edge_random_uuid(call->edge);
    memcpy(s.email, body.email, sizeof s.email);
    char token[SESSION_TOKEN_BYTES_MAX];
    size_t token_bytes = session_token_make(&call->edge->sessions, &s, token);
    a->status = 201;
    doc *d = &a->body;
    doc_object(d);
    doc_key(d, "token");
    doc_text_of(d, token, token_bytes);
    doc_key(d, "buyer_id");
    doc_uuid(d, &s.buyer.u);
    doc_key(d, "expires_at");
    doc_time(d, s.expires_s * 1000000);
    doc_object_end(d);
}
