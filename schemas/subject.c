#include "schemas/subject.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define PREFIX "cavea.v1."

_Static_assert(sizeof PREFIX + sizeof "deliver." + UUID_TEXT_BYTES +
                       2 * sizeof ".18446744073709551615" <
                   SUBJECT_BYTES_MAX,
               "the longest subject fits");

static const char *const kind_names[ACTOR_KINDS_END] = {
    [ACTOR_EVENT] = "event",
    [ACTOR_PAYMENT] = "payment",
    [ACTOR_TICKET] = "ticket",
    [ACTOR_EXPIRY] = "expiry",
};

static const char *const room_names[SUBJECT_ROOMS_END] = {
    [SUBJECT_IN] = "in",
    [SUBJECT_DIRECT] = "direct",
    [SUBJECT_FACT] = "fact",
    [SUBJECT_LIVE] = "live",
};

bool subject_token_valid(const char *token, size_t token_bytes)
{
    if (token_bytes == 0 || token_bytes > SUBJECT_TOKEN_BYTES_MAX)
        return false;
    for (size_t i = 0; i < token_bytes; i++) {
        char c = token[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return true;
}

const char *actor_kind_name(actor_kind kind)
{
    return (unsigned)kind < ACTOR_KINDS_END ? kind_names[kind] : NULL;
}

bool actor_kind_parse(const char *name, size_t name_bytes, actor_kind *ret_kind)
{
    for (actor_kind kind = ACTOR_EVENT; kind < ACTOR_KINDS_END; kind++) {
        if (strlen(kind_names[kind]) == name_bytes &&
            memcmp(kind_names[kind], name, name_bytes) == 0) {
            *ret_kind = kind;
            return true;
        }
    }
    return false;
}

// cavea.v1.<room>.<uuid>
static subject subject_of_uuid(const char *room, const uuid *id)
{
    subject s;
    char key[UUID_TEXT_BYTES];
    uuid_format(id, key);
    snprintf(s.text, sizeof s.text, PREFIX "%s.%s", room, key);
    return s;
}

subject subject_of(subject_room room, const actor_ref *actor)
{
    subject s;
    char key[UUID_TEXT_BYTES];
    const char *kind = actor_kind_name(actor->kind);
    assert((unsigned)room < SUBJECT_ROOMS_END && kind);
    uuid_format(&actor->id.u, key);
    snprintf(s.text, sizeof s.text, PREFIX "%s.%s.%s", room_names[room], kind, key);
    return s;
}

subject subject_wake(actor_kind kind)
{
    subject s;
    const char *name = actor_kind_name(kind);
    assert(name);
    snprintf(s.text, sizeof s.text, PREFIX "wake.%s", name);
    return s;
}

subject subject_host(const uuid *host)
{
    return subject_of_uuid("host", host);
}

subject subject_deliver(const uuid *host, uint64_t number)
{
    subject s = subject_of_uuid("deliver", host);
    size_t at = strlen(s.text);
    snprintf(s.text + at, sizeof s.text - at, ".%" PRIu64, number);
    return s;
}

subject subject_ack(const uuid *host, uint64_t number, uint64_t seq)
{
    subject s = subject_of_uuid("ack", host);
    size_t at = strlen(s.text);
    snprintf(s.text + at, sizeof s.text - at, ".%" PRIu64 ".%" PRIu64, number, seq);
    return s;
}

subject subject_reply(const uuid *sender)
{
    return subject_of_uuid("reply", sender);
}

// A subject that is being read, token by token.
typedef struct reader {
    const char *at, *end;
} reader;

static bool reader_token(reader *r, const char **ret_token, size_t *ret_bytes)
{
    if (!r->at)
        return false;
    size_t left = (size_t)(r->end - r->at);
    const char *dot = memchr(r->at, '.', left);
    size_t bytes = dot ? (size_t)(dot - r->at) : left;
    if (!subject_token_valid(r->at, bytes))
        return false;
    *ret_token = r->at;
    *ret_bytes = bytes;
    r->at = dot ? dot + 1 : NULL;
    return true;
}

static bool reader_open(reader *r, const char *text, size_t text_bytes)
{
    if (text_bytes >= SUBJECT_BYTES_MAX || text_bytes < sizeof PREFIX ||
        memcmp(text, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    *r = (reader){text + sizeof PREFIX - 1, text + text_bytes};
    return true;
}

static bool room_parse(const char *name, size_t name_bytes, subject_room *ret_room)
{
    for (subject_room room = SUBJECT_IN; room < SUBJECT_ROOMS_END; room++) {
        if (strlen(room_names[room]) == name_bytes &&
            memcmp(room_names[room], name, name_bytes) == 0) {
            *ret_room = room;
            return true;
        }
    }
    return false;
}

bool subject_actor_valid(const actor_ref *actor)
{
    if (actor_kind_name(actor->kind) == NULL)
        return false;
    if (actor->kind == ACTOR_EVENT)
        return true;
    uint32_t partition = actor_partition(&actor->id);
    if (partition >= PARTITIONS)
        return false;
    actor_ref made = actor_of_partition(actor->kind, partition);
    return uuid_equal(&made.id.u, &actor->id.u);
}

bool subject_parse(const char *text, size_t text_bytes, subject_room *ret_room,
                   actor_ref *ret_actor)
{
    reader r;
    const char *token;
    size_t bytes;
    subject_room room;
    actor_ref actor;
    if (!reader_open(&r, text, text_bytes))
        return false;
    if (!reader_token(&r, &token, &bytes) || !room_parse(token, bytes, &room))
        return false;
    if (!reader_token(&r, &token, &bytes) || !actor_kind_parse(token, bytes, &actor.kind))
        return false;
    if (!reader_token(&r, &token, &bytes) || !uuid_parse(token, bytes, &actor.id.u))
        return false;
    if (r.at || !subject_actor_valid(&actor))
        return false;
    *ret_room = room;
    *ret_actor = actor;
    return true;
}

// Decimal without sign, blank or leading zero, as subject_ack writes it.
static bool number_parse(const char *token, size_t bytes, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (token[0] == '0' && bytes > 1)
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if (token[i] < '0' || token[i] > '9')
            return false;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, (uint64_t)(token[i] - '0'), &number))
            return false;
    }
    *ret_number = number;
    return true;
}

bool subject_ack_parse(const char *text, size_t text_bytes, uint64_t *ret_number, uint64_t *ret_seq)
{
    reader r;
    const char *token;
    size_t bytes;
    uuid host;
    uint64_t number, seq;
    if (!reader_open(&r, text, text_bytes))
        return false;
    if (!reader_token(&r, &token, &bytes) || bytes != 3 || memcmp(token, "ack", 3) != 0)
        return false;
    if (!reader_token(&r, &token, &bytes) || !uuid_parse(token, bytes, &host))
        return false;
    if (!reader_token(&r, &token, &bytes) || !number_parse(token, bytes, &number))
        return false;
    if (!reader_token(&r, &token, &bytes) || !number_parse(token, bytes, &seq) || r.at)
        return false;
    *ret_number = number;
    *ret_seq = seq;
    return true;
}

bool subject_receipt_parse(const char *text, size_t text_bytes, subject *ret_receipt)
{
    uint64_t number, seq;
    if (text_bytes >= SUBJECT_BYTES_MAX || !subject_ack_parse(text, text_bytes, &number, &seq) ||
        number != 0)
        return false;
    memcpy(ret_receipt->text, text, text_bytes);
    ret_receipt->text[text_bytes] = 0;
    return true;
}

bool subject_reply_parse(const char *text, size_t text_bytes, subject *ret_reply)
{
    reader r;
    const char *token;
    size_t bytes;
    uuid sender;
    uint64_t number;
    if (!reader_open(&r, text, text_bytes))
        return false;
    if (!reader_token(&r, &token, &bytes) || bytes != 5 || memcmp(token, "reply", 5) != 0)
        return false;
    if (!reader_token(&r, &token, &bytes) || !uuid_parse(token, bytes, &sender))
        return false;
    subject made = subject_reply(&sender);
    if (r.at) {
        if (!reader_token(&r, &token, &bytes) || !number_parse(token, bytes, &number) || r.at)
            return false;
        size_t at = strlen(made.text);
        snprintf(made.text + at, sizeof made.text - at, ".%" PRIu64, number);
    }
    *ret_reply = made;
    return true;
}

bool subject_inbox_valid(const char *text, size_t text_bytes)
{
    static const char inbox[] = "_INBOX.";
    if (text_bytes < sizeof inbox || text_bytes >= SUBJECT_BYTES_MAX ||
        memcmp(text, inbox, sizeof inbox - 1) != 0)
        return false;
    reader r = {text + sizeof inbox - 1, text + text_bytes};
    const char *token;
    size_t bytes;
    while (r.at)
        if (!reader_token(&r, &token, &bytes))
            return false;
    return true;
}
