#include "ops/command/event_status.h"

command_status event_status_ask(ask *a, command *c, const event_id *id, event_status wanted)
{
    Cavea__V1__EventStatusSet set = CAVEA__V1__EVENT_STATUS_SET__INIT;
    Cavea__V1__Command message = CAVEA__V1__COMMAND__INIT;
    actor_ref to = actor_of_event(id);
    ask_answer answer = {.error = ERROR_NONE};
    set.status = (Cavea__V1__EventStatus)wanted;
    message.body_case = CAVEA__V1__COMMAND__BODY_EVENT_STATUS_SET;
    message.event_status_set = &set;
    command_status status = ask_run(a, c, &to, &message, false, &answer);
    if (status == COMMAND_OK && answer.error != ERROR_NONE)
        return command_fail(c, COMMAND_FAILED, "the event refuses: %s",
                            error_info_of(answer.error)->title);
    return status;
}

command_status event_status_set(command *c, const event_id *id, event_status wanted)
{
    ASK_AUTO a = {0};
    command_status status = ask_init(&a, c);
    return status == COMMAND_OK ? event_status_ask(&a, c, id, wanted) : status;
}
