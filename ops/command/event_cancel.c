#include "ops/command/event_cancel.h"

#include "ops/command/event_status.h"
#include "ops/command/nouns.h"
#include "ops/command/progress.h"

enum {
    REFUNDS_AT_ONCE = 64,  // what an actor decides in one tick
    SILENCES_MAX = 12,     // of five seconds each: hosts may change meanwhile
    STANDSTILLS_MAX = 100, // answers in a row that leave as many as before
};

typedef struct cancellation {
    command *c;
    ask bus;
    actor_ref event;
    uint32_t first_left, left; // at the first and at the last answer
    bool is_known;
} cancellation;

static void cancellation_done(cancellation *x)
{
    ask_done(&x->bus);
}

// One step; silence is tried again, because hosts may be on their way up or down.
static command_status refunds_step(cancellation *x)
{
    Cavea__V1__RefundAll all = CAVEA__V1__REFUND_ALL__INIT;
    Cavea__V1__Command message = CAVEA__V1__COMMAND__INIT;
    ask_answer answer = {.error = ERROR_NONE};
    command_status status = COMMAND_UNREACHABLE;
    all.limit = REFUNDS_AT_ONCE;
    message.body_case = CAVEA__V1__COMMAND__BODY_REFUND_ALL;
    message.refund_all = &all;
    for (int i = 1; status == COMMAND_UNREACHABLE && i <= SILENCES_MAX; i++)
        status = ask_run(&x->bus, x->c, &x->event, &message, i < SILENCES_MAX, &answer);
    if (status != COMMAND_OK)
        return status;
    if (answer.error != ERROR_NONE)
        return command_fail(x->c, COMMAND_FAILED, "the event refuses: %s",
                            error_info_of(answer.error)->title);
    if (!x->is_known)
        x->first_left = answer.left + REFUNDS_AT_ONCE;
    x->is_known = true;
    x->left = answer.left;
    return COMMAND_OK;
}

static command_status refunds_run(cancellation *x)
{
    progress p = progress_start("refunding reservations");
    command_status status = COMMAND_OK;
    int standstills = 0;
    do {
        uint32_t before = x->left;
        bool was_known = x->is_known;
        status = refunds_step(x);
        standstills = was_known && x->left >= before ? standstills + 1 : 0;
        if (x->is_known)
            progress_show(&p, x->first_left - x->left, x->first_left);
    } while (status == COMMAND_OK && x->left > 0 && standstills < STANDSTILLS_MAX);
    progress_end(&p);
    if (status == COMMAND_OK && x->left > 0)
        return command_fail(x->c, COMMAND_FAILED,
                            "%u reservations are left and do not get fewer; run this again",
                            x->left);
    return status;
}

// Whether the event exists, and is cancelled already.
static command_status event_look(command *c, const event_id *id, bool *ret_cancelled)
{
    command_status status = COMMAND_OK;
    json_t *event = command_report_read(c, REPORT_EVENT, &id->u, &status);
    if (!event)
        return status;
    const char *word = json_string_value(json_object_get(event, "status"));
    *ret_cancelled = word && strcmp(word, "cancelled") == 0;
    json_decref(event);
    return COMMAND_OK;
}

static command_status answer_print(command *c, const event_id *id)
{
    command_status status;
    json_t *money = command_report_read(c, REPORT_FINANCE, &id->u, &status);
    if (!money)
        return status;
    json_t *result = json_pack("{s:s, s:s, s:O}", "id", c->arguments[0], "status", "cancelled",
                               "currencies", json_object_get(money, "currencies"));
    json_decref(money);
    return command_print(c, result);
}

command_status event_cancel(command *c)
{
    event_id id;
    bool cancelled = false;
    if (!command_id(c, &id.u))
        return COMMAND_USAGE;
    command_status status = event_look(c, &id, &cancelled);
    if (status != COMMAND_OK)
        return status;
    __attribute__((cleanup(cancellation_done)))
    cancellation x = {.c = c, .event = actor_of_event(&id)};
    status = ask_init(&x.bus, c);
    if (status == COMMAND_OK && !cancelled)
        status = event_status_ask(&x.bus, c, &id, EVENT_CANCELLED);
    if (status == COMMAND_OK)
        status = refunds_run(&x);
    return status == COMMAND_OK ? answer_print(c, &id) : status;
}
