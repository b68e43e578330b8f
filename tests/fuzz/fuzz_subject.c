// The readers of subjects against anything: what they accept is exactly what the builders write.

#include "schemas/subject.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_same(const subject *built, const char *text, size_t text_bytes)
{
    assert(strlen(built->text) == text_bytes && memcmp(built->text, text, text_bytes) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    const char *text = (const char *)data;
    subject_room room = SUBJECT_ROOMS_END;
    actor_ref actor = {.kind = ACTOR_KINDS_END};
    uint64_t number = 0, seq = 0;
    uuid id;
    if (subject_parse(text, data_bytes, &room, &actor)) {
        subject built = subject_of(room, &actor);
        check_same(&built, text, data_bytes);
        assert(actor.kind == ACTOR_EVENT || actor_partition(&actor.id) < PARTITIONS);
    }
    if (subject_ack_parse(text, data_bytes, &number, &seq)) {
        enum { HOST_AT = sizeof "cavea.v1.ack." - 1 };
        assert(uuid_parse(text + HOST_AT, UUID_TEXT_BYTES - 1, &id));
        subject built = subject_ack(&id, number, seq);
        check_same(&built, text, data_bytes);
    }
    subject reply = {""};
    if (subject_reply_parse(text, data_bytes, &reply)) {
        check_same(&reply, text, data_bytes);
        assert(strncmp(text, "cavea.v1.reply.", 15) == 0);
        for (size_t i = 0; i < data_bytes; i++)
            assert(strchr("abcdefghijklmnopqrstuvwxyz0123456789.-", text[i]) != NULL);
    }
    if (subject_inbox_valid(text, data_bytes))
        assert(memchr(text, '\r', data_bytes) == NULL && memchr(text, ' ', data_bytes) == NULL);
    if (uuid_parse(text, data_bytes, &id)) {
        char back[UUID_TEXT_BYTES];
        uuid_format(&id, back);
        assert(memcmp(back, text, data_bytes) == 0);
    }
    if (subject_token_valid(text, data_bytes))
        assert(memchr(text, '.', data_bytes) == NULL && memchr(text, '\n', data_bytes) == NULL);
    return 0;
}
