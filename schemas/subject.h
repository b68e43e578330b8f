// The only place where NATS subjects are built and read. A token is [A-Za-z0-9_-]{1,64}; nothing
// else ever gets into a subject, so no stranger can inject a wildcard, a blank or a line end.
// Pure; any thread.
#ifndef CAVEA_SCHEMAS_SUBJECT_H
#define CAVEA_SCHEMAS_SUBJECT_H

#include "schemas/id.h"
#include "schemas/limits.h"

typedef struct subject {
    char text[SUBJECT_BYTES_MAX];
} subject;

typedef enum subject_room {
    SUBJECT_IN,     // cavea.v1.in.<kind>.<key>      the inbox, stored by JetStream
    SUBJECT_DIRECT, // cavea.v1.direct.<kind>.<key>  core NATS to the holder
    SUBJECT_FACT,   // cavea.v1.fact.<kind>.<key>    facts of a few ticks, stored by JetStream
    SUBJECT_LIVE,   // cavea.v1.live.<kind>.<key>    seat-map deltas, core NATS
    SUBJECT_ROOMS_END
} subject_room;

MUST_CHECK bool subject_token_valid(const char *token, size_t token_bytes);
// "event", "payment", ...; NULL for a number that is no kind.
const char *actor_kind_name(actor_kind kind);
MUST_CHECK bool actor_kind_parse(const char *name, size_t name_bytes, actor_kind *ret_kind);

subject subject_of(subject_room room, const actor_ref *actor);
subject subject_wake(actor_kind kind);  // cavea.v1.wake.<kind>
subject subject_host(const uuid *host); // cavea.v1.host.<host>: a wake for one host
subject subject_deliver(const uuid *host, uint64_t number); // a consumer's deliver subject
subject subject_ack(const uuid *host, uint64_t number, uint64_t seq); // publish acknowledgements
subject subject_reply(const uuid *sender);                            // cavea.v1.reply.<sender>

// An event's key is any id; a partition's key is exactly the one that actor_of_partition makes.
MUST_CHECK bool subject_actor_valid(const actor_ref *actor);
// Reads in/direct/fact/live subjects; false for anything else, outputs untouched.
MUST_CHECK bool subject_parse(const char *text, size_t text_bytes, subject_room *ret_room,
                              actor_ref *ret_actor);
// Reads "cavea.v1.ack.<host>.<number>.<seq>".
MUST_CHECK bool subject_ack_parse(const char *text, size_t text_bytes, uint64_t *ret_number,
                                  uint64_t *ret_seq);
// Reads exactly "cavea.v1.reply.<sender>[.<number>]", the only subjects that answers leave for: a
// sender writes where it waits into its message, and nothing but this comes out of it. False for
// anything else: nobody waits.
MUST_CHECK bool subject_reply_parse(const char *text, size_t text_bytes, subject *ret_reply);
// Reads exactly "cavea.v1.ack.<host>.0.<seq>", where an actor's message to another host is said to
// have been taken: no stream acknowledges for cell 0.
MUST_CHECK bool subject_receipt_parse(const char *text, size_t text_bytes, subject *ret_receipt);
// Whether the text is an inbox of NATS ("_INBOX." and tokens): where a stranger to our messages,
// who asks for discovery or hands a wake on, may be answered.
MUST_CHECK bool subject_inbox_valid(const char *text, size_t text_bytes);

#define SUBJECT_LIVE_EVENTS "cavea.v1.live.event.*" // every event's
#define SUBJECT_STREAM_IN "CAVEA_IN"
#define SUBJECT_STREAM_FACT "CAVEA_FACT"
#define SUBJECT_QUEUE_HOSTS "hosts"

#endif
