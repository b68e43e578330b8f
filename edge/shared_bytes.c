#include "edge/shared_bytes.h"

#include "schemas/digest.h"

#include <sched.h>
#include <sodium.h>
#include <stdlib.h>

shared_bytes *shared_bytes_take(char *data, size_t count)
{
    shared_bytes *b = malloc(sizeof *b);
    if (!b) {
        free(data);
        return NULL;
    }
    *b = (shared_bytes){
        .references = 1, .count = count, .data = data, .wire_busy = ATOMIC_FLAG_INIT};
    return b;
}

shared_bytes *shared_bytes_of(doc *document)
{
    if (document->full) {
        doc_done(document);
        return NULL;
    }
    // It grew by doubling, and now stays as it is.
    char *shrunk = realloc(document->text, document->bytes > 0 ? document->bytes : 1);
    shared_bytes *b = shared_bytes_take(shrunk ? shrunk : document->text, document->bytes);
    document->text = NULL;
    doc_done(document);
    return b;
}

void shared_bytes_name(shared_bytes *b)
{
    digest16 digest = digest16_of(b->data, b->count);
    sodium_bin2hex(b->etag + 1, sizeof b->etag - 1, digest.bytes, sizeof digest.bytes);
    b->etag[0] = '"';
    memcpy(b->etag + 1 + 2 * sizeof digest.bytes, "\"", 2);
}

shared_bytes *shared_bytes_ref(shared_bytes *b)
{
    if (b)
        atomic_fetch_add_explicit(&b->references, 1, memory_order_relaxed);
    return b;
}

void shared_bytes_unref(shared_bytes *b)
{
    if (!b || atomic_fetch_sub_explicit(&b->references, 1, memory_order_acq_rel) != 1)
        return;
    shared_bytes_unref(b->wire);
    free(b->data);
    free(b);
}

static void wire_lock(shared_bytes *b)
{
    while (atomic_flag_test_and_set_explicit(&b->wire_busy, memory_order_acquire))
        sched_yield();
}

static void wire_unlock(shared_bytes *b)
{
    atomic_flag_clear_explicit(&b->wire_busy, memory_order_release);
}

shared_bytes *shared_bytes_wire(shared_bytes *b, int64_t second, bool *ret_wanted)
{
    wire_lock(b);
    shared_bytes *wire = b->wire_s == second ? shared_bytes_ref(b->wire) : NULL;
    *ret_wanted = b->asked_s == second;
    b->asked_s = second;
    wire_unlock(b);
    return wire;
}

void shared_bytes_wire_put(shared_bytes *b, shared_bytes *wire, int64_t second)
{
    shared_bytes_ref(wire);
    wire_lock(b);
    shared_bytes *before = b->wire;
    b->wire = wire;
    b->wire_s = second;
    wire_unlock(b);
    shared_bytes_unref(before);
}
