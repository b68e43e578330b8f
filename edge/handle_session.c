#include "edge/body.h"
#include "edge/cookie.h"
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
    size_t token_bytes = session_token_make(&call->edge->sessions, SESSION_BEARER, &s, token);
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

// A browser's session: a token in a cookie that scripts cannot read. Whoever has one keeps the
// buyer it names; a new address replaces the old one, no address leaves it. Who has one that cannot
// be read is not made somebody else, as that would overwrite it, and with it all that leads to the
// tickets.
void handle_session_put(edge_call *call)
{
    session_body body;
    const http_request *q = call->request;
    http_answer *a = call->answer;
    const session_keys *key = &call->edge->sessions;
    int64_t now_s = clock_wall_us() / 1000000;
    session s;
    if (!edge_call_own_page(call))
        return;
    error_code error = session_body_read(q->body, q->body_bytes, &body);
    if (error != ERROR_NONE)
        return http_answer_problem(a, error, "The body is {} or {\"email\": \"...\"}");
    bool known = session_cookie_read(key, q->cookie, now_s, &s);
    if (!known && session_cookie_there(q->cookie))
        return http_answer_problem(
            a, ERROR_UNAUTHORIZED,
            "This browser's session cannot be read; DELETE it to start over");
    if (!known)
        s = (session){.buyer.u = edge_random_uuid(call->edge)};
    s.expires_s = now_s + SESSION_BROWSER_SECONDS;
    if (body.email[0])
        memcpy(s.email, body.email, sizeof s.email);
    char cookie[SESSION_COOKIE_BYTES_MAX];
    session_cookie_make(key, &s, cookie);
    http_answer_header(a, "Set-Cookie", cookie);
    doc *d = &a->body;
    doc_object(d);
    doc_key(d, "buyer_id");
    doc_uuid(d, &s.buyer.u);
    doc_key(d, "email");
    if (s.email[0])
        doc_text(d, s.email);
    else
        doc_null(d);
    doc_key(d, "expires_at");
    doc_time(d, s.expires_s * 1000000);
    doc_object_end(d);
}

// The browser forgets who it was; reservations and tickets stay what they are.
void handle_session_delete(edge_call *call)
{
    if (!edge_call_own_page(call))
        return;
    http_answer_header(call->answer, "Set-Cookie", SESSION_COOKIE_NONE);
    call->answer->status = 204;
}
