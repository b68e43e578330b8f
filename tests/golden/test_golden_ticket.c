// Plays ticket.txt: commands to the ticket core, and what they give.
#include "actors/ticket/ticket.h"
#include "tests/golden/transcript.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#define EPOCH_US (INT64_C(1800000000) * 1000000)

typedef struct stage {
    tickets *self;
    int64_t now_us;
    event_id event;
} stage;

static reservation_id reservation_of(const stage *s, const char *name)
{
    static const uint8_t random[6] = {0, 0, 0, 0, 0, 0};
    reservation_id id = {uuid_tagged(EPOCH_US / 1000, event_tag(&s->event), random)};
    for (size_t i = 0; i < 4 && name[i] != 0; i++)
        id.u.bytes[12 + i] = (uint8_t)name[i];
    return id;
}

static const char *name_of(const reservation_id *id)
{
    static char name[5];
    memcpy(name, id->u.bytes + 12, 4);
    return name;
}

// Seats of the words that are numbers.
static void seats_read(ticket_command *c, char *const *words, uint32_t n)
{
    for (uint32_t i = 2; i < n && c->seats_count < SEATS_PER_RESERVATION_MAX; i++)
        if (words[i][0] >= '0' && words[i][0] <= '9')
            c->seats[c->seats_count++] = (uint32_t)strtoul(words[i], NULL, 10);
}

static void signing_say(transcript *t, const char *what, const ticket_signing *signing)
{
    char seats[128] = "";
    size_t at = 0;
    for (uint32_t i = 0; i < signing->seats_count; i++)
        at += (size_t)snprintf(seats + at, sizeof seats - at, " %u", signing->seats[i]);
    transcript_say(t, "%s %s%s", what, name_of(&signing->reservation), seats);
}

static void command_run(stage *s, transcript *t, ticket_command *c)
{
    static const char *const names[] = {"missing", "valid", "revoked", "used"};
    ticket_effects e;
    c->now_us = s->now_us;
    ticket_decide(s->self, c, &e);
    if (e.refusal != ERROR_NONE)
        transcript_say(t, "refused %s", error_info_of(e.refusal)->name);
    for (uint32_t i = 0; i < e.facts_count; i++) {
        ticket_apply(s->self, &e.facts[i]);
        transcript_say(t, "fact %s %s seat=%u kid=%s", names[e.facts[i].state],
                       name_of(&e.facts[i].reservation), e.facts[i].seat, e.facts[i].key_id);
    }
    if (e.sign.seats_count == 0)
        return;
    signing_say(t, "sign", &e.sign);
    ticket_signing_started(s->self, &e.sign, s->now_us);
}

static void time_step(stage *s, transcript *t, char *const *words)
{
    ticket_signing signing;
    s->now_us += strtoll(words[1], NULL, 10) * 1000000;
    while (ticket_due_take(s->self, s->now_us, &signing))
        signing_say(t, "sign again", &signing);
}

static void step(void *self, transcript *t, char *const *words, uint32_t n)
{
    stage *s = self;
    if (strcmp(words[0], "new") == 0) {
        tickets_free(s->self);
        s->self = tickets_new();
        s->now_us = EPOCH_US;
        return;
    }
    if (strcmp(words[0], "time") == 0)
        return time_step(s, t, words);
    ticket_command c = {.event = s->event, .reservation = reservation_of(s, words[1])};
    seats_read(&c, words, n);
    if (strcmp(words[0], "issue") == 0)
        c.type = TICKET_COMMAND_ISSUE;
    else if (strcmp(words[0], "revoke") == 0)
        c.type = TICKET_COMMAND_REVOKE;
    else if (strcmp(words[0], "signed") == 0)
        c.type = TICKET_COMMAND_SIGNED;
    else
        return transcript_say(t, "unknown command");
    const char *wrong = transcript_word(words, n, "wrong", "");
    if (strcmp(wrong, "event") == 0)
        c.event.u.bytes[15] ^= 1;
    for (uint32_t i = 0; i < c.seats_count; i++)
        c.tickets[i] =
            (ticket_signed){ticket_id_of(&c.reservation, c.seats[i] + (strcmp(wrong, "id") == 0)),
                            "k1", "jws", "C1"};
    command_run(s, t, &c);
}

static void test_ticket_core__given_the_transcript_then_says_the_same(void **state)
{
    (void)state;
    stage s = {.event = {{{1, 2, 3}}}};
    bool same = transcript_run("tests/golden/ticket.txt", step, &s);
    tickets_free(s.self);
    assert_true(same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ticket_core__given_the_transcript_then_says_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
