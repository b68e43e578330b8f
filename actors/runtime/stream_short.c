#include "actors/runtime/stream_short.h"

#include <stdio.h>

void stream_short_forget(stream_short *s)
{
    s->since_us = 0;
}

bool stream_short_note(stream_short *s, bool is_short, const char *leader, int64_t now_us)
{
    char name[STREAM_LEADER_BYTES];
    snprintf(name, sizeof name, "%s", leader);
    bool goes_on = s->since_us != 0 && strcmp(s->leader, name) == 0 &&
                   now_us - s->looked_us <= STREAM_LOOKS_APART_MS * INT64_C(1000);
    if (!goes_on)
        s->since_us = now_us;
    if (!is_short)
        s->since_us = 0;
    s->looked_us = now_us;
    memcpy(s->leader, name, sizeof name);
    return s->since_us != 0 && now_us - s->since_us > s->patience_ms * 1000;
}
