// A bus on a network in memory, for tests of the edge: what it sent is looked at, what it is
// answered is said, and its clock is set. Include it in one source of a test program.
#ifndef CAVEA_TESTS_UNIT_EDGE_EDGE_BUS_RIG_H
#define CAVEA_TESTS_UNIT_EDGE_EDGE_BUS_RIG_H

#include "edge/bus_private.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

enum { CROWD_MAX = 8 };

// A network that only remembers what it was given, and a clock that stands still.
typedef struct sent {
    char subject[SUBJECT_BYTES_MAX];
    char reply[SUBJECT_BYTES_MAX]; // "": none
    Cavea__V1__Envelope *envelope; // NULL for a wake-up
    uint8_t bytes[ENVELOPE_BYTES_MAX];
    uint32_t count;
} sent;

typedef struct network {
    sent messages[64];
    uint32_t count;
    int64_t now_us, wall_us;
    bool down;
} network;

static inline bool network_send(void *self, const char *to, const char *reply, const void *data,
                                uint32_t data_bytes)
{
    network *n = self;
    if (n->down)
        return false;
    assert_true(n->count < sizeof n->messages / sizeof *n->messages);
    sent *m = &n->messages[n->count++];
    snprintf(m->subject, sizeof m->subject, "%s", to);
    snprintf(m->reply, sizeof m->reply, "%s", reply ? reply : "");
    m->count = data_bytes;
    memcpy(m->bytes, data, data_bytes);
    m->envelope = strstr(to, ".wake.") ? NULL : cavea__v1__envelope__unpack(NULL, data_bytes, data);
    return true;
}

static inline int64_t network_now(void *self)
{
    return ((network *)self)->now_us;
}

static inline int64_t network_wall(void *self)
{
    return ((network *)self)->wall_us;
}

static inline void network_clear(network *n)
{
    for (uint32_t i = 0; i < n->count; i++)
        if (n->messages[i].envelope)
            cavea__v1__envelope__free_unpacked(n->messages[i].envelope, NULL);
    n->count = 0;
}

typedef struct fixture {
    network net;
    bus *bus;
    actor_ref actor;
} fixture;

static inline int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->net.now_us = 1000000000;
    bus_options options = {.link = {&f->net, network_send, network_now, network_wall},
                           .sender = {{7}},
                           .queued_max = 600,
                           .crowd_actor_max = CROWD_MAX,
                           .inflight_max = 2};
    f->bus = bus_new(&options);
    event_id event = {{{9, 9}}};
    f->actor = actor_of_event(&event);
    *state = f;
    return f->bus ? 0 : -1;
}

static inline int teardown(void **state)
{
    fixture *f = *state;
    network_clear(&f->net);
    bus_free(f->bus);
    free(f);
    return 0;
}

typedef struct asked {
    bus_waiter waiter;
    bus_answer answer;
    uint8_t bytes[64];
} asked;

static inline void ask_of(fixture *f, asked *a, uint32_t id, bool deferred, bool crowd)
{
    Cavea__V1__Command command = CAVEA__V1__COMMAND__INIT;
    Cavea__V1__Cancel cancel = CAVEA__V1__CANCEL__INIT;
    *a = (asked){.waiter = {.deferred = deferred, .crowd = crowd, .answer = &a->answer}};
    memcpy(a->waiter.command.bytes, &id, sizeof id);
    command.id = (ProtobufCBinaryData){16, a->waiter.command.bytes};
    command.body_case = CAVEA__V1__COMMAND__BODY_CANCEL;
    command.cancel = &cancel;
    assert_true(cavea__v1__command__get_packed_size(&command) <= sizeof a->bytes);
    size_t count = cavea__v1__command__pack(&command, a->bytes);
    assert_true(bus_begin(f->bus, &f->actor, a->bytes, (uint32_t)count, &a->waiter));
}

static inline void ask_as(fixture *f, asked *a, uint32_t id, bool deferred)
{
    ask_of(f, a, id, deferred, false);
}

static inline void ask(fixture *f, asked *a, uint32_t id)
{
    ask_of(f, a, id, false, false);
}

// Answers the commands with these ids in one ReplyBatch.
static inline void reply(fixture *f, uint64_t number, const uint32_t *ids, size_t ids_count)
{
    Cavea__V1__ReplyBatch m = CAVEA__V1__REPLY_BATCH__INIT;
    Cavea__V1__Reply replies[8], *pointers[8];
    uuid commands[8] = {0};
    for (size_t i = 0; i < ids_count; i++) {
        cavea__v1__reply__init(&replies[i]);
        memcpy(commands[i].bytes, &ids[i], sizeof ids[i]);
        replies[i].command_id = (ProtobufCBinaryData){16, commands[i].bytes};
        replies[i].error = ERROR_NOT_FOUND;
        pointers[i] = &replies[i];
    }
    m.number = number;
    m.database_now_us = f->net.now_us + 5000000;
    m.replies = pointers;
    m.n_replies = ids_count;
    uint8_t bytes[1024];
    size_t count = cavea__v1__reply_batch__pack(&m, bytes);
    bus_receive(f->bus, 0, bytes, count);
}

static inline bool done(const asked *a, bus_result result)
{
    return a->waiter.state == WAITER_DONE && a->waiter.result == result;
}

static inline size_t envelopes(const network *n)
{
    size_t count = 0;
    for (uint32_t i = 0; i < n->count; i++)
        count += n->messages[i].envelope != NULL;
    return count;
}

#endif
