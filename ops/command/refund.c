// Refunds that a person has to look after.
#include "actors/payment/payment.h"
#include "ops/command/ask.h"
#include "ops/command/nouns.h"

#include <stdio.h>

static bool is_for_a_person(const json_t *refund)
{
    const char *state = json_string_value(json_object_get(refund, "state"));
    return strcmp(state, "refund_failed") == 0 &&
           json_integer_value(json_object_get(refund, "attempts")) >= PAYMENT_REFUND_TRIES_MAX;
}

static command_status refund_list(command *c)
{
    command_status status;
    size_t i;
    json_t *all = command_report_read(c, REPORT_REFUNDS, NULL, &status), *refund;
    if (!all)
        return status;
    json_t *shown = json_array();
    json_array_foreach(all, i, refund)
    {
        bool waits = is_for_a_person(refund);
        if (!waits && !command_flag(c, "all"))
            continue;
        json_object_set_new(refund, "for_a_person", json_boolean(waits));
        json_array_append(shown, refund);
    }
    json_decref(all);
    return command_print(c, shown);
}

// Puts a command about one payment to its actor, which is found by the id alone.
static command_status payment_ask(command *c, const payment_id *id, Cavea__V1__Command *message,
                                  const char *outcome)
{
    ASK_AUTO a = {0};
    actor_ref to = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&id->u));
    ask_answer answer = {.error = ERROR_NONE};
    command_status status = ask_init(&a, c);
    if (status == COMMAND_OK)
        status = ask_run(&a, c, &to, message, false, &answer);
    if (status != COMMAND_OK)
        return status;
    if (answer.error == ERROR_NOT_FOUND)
        return command_fail(c, COMMAND_FAILED, "there is no such payment");
    if (answer.error == ERROR_REFUND_NOT_FAILED &&
        message->body_case == CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE)
        return command_fail(c, COMMAND_FAILED,
                            "the payment refuses: only a refund that failed %d times can be "
                            "resolved, before that it is tried again by itself",
                            PAYMENT_REFUND_TRIES_MAX);
    if (answer.error != ERROR_NONE)
        return command_fail(c, COMMAND_FAILED, "the payment refuses: %s",
                            error_info_of(answer.error)->title);
    return command_print(c, json_pack("{s:s, s:s}", "payment", c->arguments[0], "refund", outcome));
}

static ProtobufCBinaryData binary(payment_id *id)
{
    return (ProtobufCBinaryData){sizeof id->u.bytes, id->u.bytes};
}

static command_status refund_retry(command *c)
{
    payment_id id;
    Cavea__V1__RefundRetry retry = CAVEA__V1__REFUND_RETRY__INIT;
    Cavea__V1__Command message = CAVEA__V1__COMMAND__INIT;
    if (!command_id(c, &id.u))
        return COMMAND_USAGE;
    retry.payment_id = binary(&id);
    message.body_case = CAVEA__V1__COMMAND__BODY_REFUND_RETRY;
    message.refund_retry = &retry;
    return payment_ask(c, &id, &message, "tried again");
}

// It stays in a fact for ever, in a log of a terminal, on a page: one line of plain text.
static bool note_good(const char *note)
{
    size_t bytes = strlen(note);
    if (bytes == 0 || bytes >= PAYMENT_NOTE_BYTES)
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (note[i] < ' ' || note[i] > '~')
            return false;
    return true;
}

static command_status refund_resolve(command *c)
{
    payment_id id;
    Cavea__V1__RefundResolve resolve = CAVEA__V1__REFUND_RESOLVE__INIT;
    Cavea__V1__Command message = CAVEA__V1__COMMAND__INIT;
    char note[PAYMENT_NOTE_BYTES];
    const char *text = command_option(c, "note", "");
    if (!command_id(c, &id.u))
        return COMMAND_USAGE;
    if (!note_good(text))
        return command_fail(c, COMMAND_USAGE,
                            "say with --note how the money went back: one line of 1 to %d plain "
                            "characters, no personal data",
                            PAYMENT_NOTE_BYTES - 1);
    snprintf(note, sizeof note, "%s", text);
    resolve.payment_id = binary(&id);
    resolve.note = note;
    message.body_case = CAVEA__V1__COMMAND__BODY_REFUND_RESOLVE;
    message.refund_resolve = &resolve;
    return payment_ask(c, &id, &message, "resolved");
}

const verb refund_verbs[] = {
    {"list",
     NULL,
     "Lists the refunds that failed for good and wait for a person.",
     0,
     0,
     {{"all", NULL, "those that are under way, too"}},
     refund_list},
    {"retry", "PAYMENT", "Tries such a refund again.", 1, 1, {{0}}, refund_retry},
    {"resolve",
     "PAYMENT",
     "Notes that the money of such a refund went back by other means.",
     1,
     1,
     {{"note", "TEXT", "how; it is kept for ever, so no personal data"}},
     refund_resolve},
    {0},
};
