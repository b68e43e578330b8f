// The gateway's reader of requests against anything a stranger sends: what it accepts stays inside
// the head, is clean enough to stand in an answer's head, and reads the same however it arrives in
// pieces.

#include "edge/gateway/address.h"
#include "edge/gateway/ask.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes);

static void check_text(ask_text t, const char *head, size_t bytes)
{
    if (!t.at)
        return;
    assert(t.at >= head && t.at + t.bytes <= head + bytes);
    for (size_t i = 0; i < t.bytes; i++)
        assert(t.at[i] != '\r' && t.at[i] != '\n' && t.at[i] != 0);
}

static void check_ask(const ask *a, const char *head, size_t bytes)
{
    address from;
    char id[UUID_TEXT_BYTES];
    check_text(a->host, head, bytes);
    check_text(a->origin, head, bytes);
    check_text(a->forwarded_for, head, bytes);
    assert(a->has_since || a->since == 0);
    uuid_format(&a->event.u, id);
    assert(memmem(head, bytes, id, UUID_TEXT_BYTES - 1));
    if (ask_origin_allowed(a->origin, a->host, "https://tickets.example") && a->origin.at)
        assert(a->origin.bytes == 23);
    if (ask_origin_allowed(a->origin, a->host, ""))
        for (size_t i = 0; i < a->origin.bytes; i++)
            assert(a->origin.at[i] > ' ' && a->origin.at[i] < 0x7f);
    if (a->forwarded_for.at)
        (void)!address_forwarded(a->forwarded_for.at, a->forwarded_for.bytes, &from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_bytes)
{
    const char *text = (const char *)data;
    size_t end = ask_head_bytes(text, data_bytes, 0), found = 0;
    for (size_t bytes = 1; bytes <= data_bytes && found == 0; bytes++)
        found = ask_head_bytes(text, bytes, bytes - 1);
    assert(end == found);
    ask a;
    if (end > 0 && ask_read(text, end, &a) == ERROR_NONE)
        check_ask(&a, text, end);
    ask b; // a head that has no end, or more than one
    if (data_bytes > 0 && ask_read(text, data_bytes, &b) == ERROR_NONE)
        assert(end == data_bytes);
    return 0;
}
