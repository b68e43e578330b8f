// Plays expiry.txt: deadlines noted, and what is told when time goes by.
#include "actors/expiry/expiry.h"
#include "tests/golden/transcript.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

enum { EPOCH_MS = 1000000 };

typedef struct stage {
    expiry *self;
    int64_t now_ms;
} stage;

static uuid id_of(const char *name)
{
    uuid id = {{0}};
    for (size_t i = 0; i < 4 && name[i] != 0; i++)
        id.bytes[12 + i] = (uint8_t)name[i];
    return id;
}

static void time_step(stage *s, transcript *t, char *const *words)
{
    expiry_expire list[EXPIRY_TAKEN_MAX];
    s->now_ms += strtoll(words[1], NULL, 10);
    for (uint32_t count; (count = expiry_due_take(s->self, s->now_ms * 1000, list)) > 0;)
        for (uint32_t i = 0; i < count; i++)
            transcript_say(t, "expire %.4s %.4s", (const char *)list[i].event.u.bytes + 12,
                           (const char *)list[i].reservation.u.bytes + 12);
    int64_t due_us = expiry_due_us(s->self);
    if (due_us == INT64_MAX)
        transcript_say(t, "at %lld, nothing more", (long long)(s->now_ms - EPOCH_MS));
    else
        transcript_say(t, "at %lld, next in %lld ms", (long long)(s->now_ms - EPOCH_MS),
                       (long long)(due_us / 1000 - s->now_ms));
}

static void step(void *self, transcript *t, char *const *words, uint32_t n)
{
    stage *s = self;
    if (strcmp(words[0], "new") == 0) {
        expiry_free(s->self);
        s->self = expiry_new();
        s->now_ms = EPOCH_MS;
    } else if (strcmp(words[0], "note") == 0) {
        int64_t in_ms = transcript_number(words, n, "in", 0);
        deadline d = {{id_of(words[2])}, {id_of(words[1])}, (s->now_ms + in_ms) * 1000};
        expiry_apply(s->self, &d);
    } else if (strcmp(words[0], "over") == 0) {
        deadline d = {{id_of(words[2])}, {id_of(words[1])}, 0};
        expiry_apply(s->self, &d);
        transcript_say(t, "%u noted", expiry_count(s->self));
    } else if (strcmp(words[0], "time") == 0) {
        time_step(s, t, words);
    } else {
        transcript_say(t, "unknown command");
    }
}

static void test_expiry_core__given_the_transcript_then_says_the_same(void **state)
{
    (void)state;
    stage s = {0};
    bool same = transcript_run("tests/golden/expiry.txt", step, &s);
    expiry_free(s.self);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry_core__given_the_transcript_then_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
