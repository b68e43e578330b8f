#include "ops/provider/answer.h"

#include <stdio.h>

void answer_init(answer *a)
{
    *a = (answer){.status = 200};
}

void answer_done(answer *a)
{
    jsonout_done(&a->body);
}

void answer_refuse(answer *a, int status, const char *type, const char *code, const char *param,
                   const char *message)
{
    a->status = status;
    a->body.bytes = 0;
    jsonout *out = &a->body;
    jsonout_open(out, NULL, '{');
    jsonout_open(out, "error", '{');
    if (code != NULL)
        jsonout_string(out, "code", code);
    jsonout_string(out, "message", message);
    if (param != NULL)
        jsonout_string(out, "param", param);
    jsonout_string(out, "type", type);
    jsonout_close(out, '}');
    jsonout_close(out, '}');
}

void answer_invalid(answer *a, const char *code, const char *param, const char *message)
{
    answer_refuse(a, 400, "invalid_request_error", code, param, message);
}

void answer_missing(answer *a, const char *what, const char *id)
{
    char message[160];
    snprintf(message, sizeof message, "No such %s: '%.80s'", what, id);
    answer_refuse(a, 404, "invalid_request_error", "resource_missing", "id", message);
}
