#include "edge/problem.h"

enum { RETRY_AFTER_S = 1 };

void problem_begin(doc *d, error_code code, const char *detail)
{
    const error_info *info = error_info_of(code);
    doc_object(d);
    doc_key(d, "type");
    doc_text(d, info->type);
    doc_key(d, "title");
    doc_text(d, info->title);
    doc_key(d, "status");
    doc_int(d, info->http_status);
    if (detail) {
        doc_key(d, "detail");
        doc_text(d, detail);
    }
    doc_key(d, "code");
    doc_text(d, info->name);
    doc_key(d, "retryable");
    doc_raw(d, info->retryable ? "true" : "false", info->retryable ? 4 : 5);
}

int problem_retry_after(error_code code)
{
    const error_info *info = error_info_of(code);
    bool later = info->http_status == 503 || info->http_status == 429;
    return later && info->retryable ? RETRY_AFTER_S : 0;
}
