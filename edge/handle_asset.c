#include "edge/asset.h"
#include "edge/edge.h"

#include "schemas/origin.h"

#include <stdio.h>

// Everything a page needs comes from here, nothing stands inline, and no script makes markup of
// text. The one place beside us that it may connect to is cavea-live.
#define PAGE_POLICY                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "   \
    "connect-src 'self'%s%s; manifest-src 'self'; base-uri 'none'; form-action 'self'; "           \
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
#define PAGE_PERMISSIONS "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
#define HASHED_CACHE_CONTROL "public, max-age=31536000, immutable"

static const char no_pages[] =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
    "<title>cavea</title>\n<h1>cavea</h1>\n"
    "<p>This server was built without its pages, which takes Node.js and npm. The API works: "
    "<a href=\"/v1/openapi.json\">its description</a>.</p>\n</html>\n";

bool page_policy_make(const char *live_url, char ret_policy[static PAGE_POLICY_BYTES])
{
    bool own = *live_url == 0 || strcmp(live_url, "/") == 0;
    if (!own && !origin_valid(live_url))
        return false;
    int bytes =
        snprintf(ret_policy, PAGE_POLICY_BYTES, PAGE_POLICY, own ? "" : " ", own ? "" : live_url);
    return bytes > 0 && bytes < PAGE_POLICY_BYTES;
}

const asset *asset_find(const asset *table, const char *name, size_t name_bytes)
{
    for (const asset *a = table; a->name; a++)
        if (strlen(a->name) == name_bytes && memcmp(a->name, name, name_bytes) == 0)
            return a;
    return NULL;
}

static void answer_asset(edge_call *call, const asset *file, const char *cache_control)
{
    http_answer *a = call->answer;
    char etag[ETAG_BYTES];
    unsigned available = 0;
    for (unsigned e = 0; e < ENCODINGS_END; e++)
        available |= file->forms[e].data ? 1u << e : 0;
    encoding e = encoding_choose(call->request->accept_encoding, available);
    const char *coding = encoding_name(e);
    a->cache_control = cache_control;
    http_answer_header(a, "Vary", "Accept-Encoding");
    snprintf(etag, sizeof etag, "\"%s%s%s\"", file->digest, coding ? "-" : "",
             coding ? coding : "");
    if (http_answer_fresh(a, call->request, etag))
        return;
    a->content_type = file->content_type;
    if (coding)
        http_answer_header(a, "Content-Encoding", coding);
    a->data = file->forms[e].data;
    a->data_bytes = file->forms[e].bytes;
}

void handle_asset(edge_call *call)
{
    const http_request *q = call->request;
    const asset *file = asset_find(web_assets, q->id, q->id_bytes);
    if (!file)
        return handle_lost(call);
    http_answer_header(call->answer, "Cross-Origin-Resource-Policy", "same-origin");
    answer_asset(call, file, file->hashed ? HASHED_CACHE_CONTROL : "public, max-age=3600");
}

void handle_page(edge_call *call)
{
    static const char name[] = "index.html";
    http_answer *a = call->answer;
    const asset *shell = asset_find(web_assets, name, sizeof name - 1);
    a->policy = call->edge->page_policy;
    a->referrer_policy = "same-origin"; // with "no-referrer" some requests have a null Origin
    http_answer_header(a, "Cross-Origin-Opener-Policy", "same-origin");
    http_answer_header(a, "Permissions-Policy", PAGE_PERMISSIONS);
    if (strncmp(call->edge->public_url, "https://", 8) == 0)
        http_answer_header(a, "Strict-Transport-Security", "max-age=31536000");
    if (shell)
        return answer_asset(call, shell, "no-cache");
    a->status = 503;
    a->content_type = "text/html; charset=utf-8";
    a->data = no_pages;
    a->data_bytes = sizeof no_pages - 1;
}

// The shell says that there is no such page; who is no browser gets the problem.
void handle_lost(edge_call *call)
{
    const char *accept = call->request->accept;
    if (!accept || !strstr(accept, "text/html"))
        return http_answer_problem(call->answer, ERROR_NOT_FOUND, NULL);
    handle_page(call);
    if (call->answer->status == 200)
        call->answer->status = 404;
    call->answer->cache_control = "no-store";
}
