#include "edge/gateway/channel.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BUCKETS = 16384,
    TAIL_BYTES = 40, // "]}\nid: 18446744073709551615\n\n"
    NUMBER_BYTES = 12,
};

static const char reset_text[] = "event: reset\ndata: {}\n\n";

struct channels {
    channel *buckets[BUCKETS];
    uint32_t count, count_max;
    size_t ring_bytes, ring_bytes_max;
    channel *dirty, **dirty_end;
    channel *newest, *oldest; // by their last change
    uint32_t round;           // of dirty ones that were not looked at yet
};

chunk *chunk_of(const char *text)
{
    size_t bytes = strlen(text);
    chunk *c = malloc(sizeof *c + bytes);
    if (!c)
        return NULL;
    *c = (chunk){.references = 1, .bytes = (uint32_t)bytes};
    memcpy(c->data, text, bytes);
    return c;
}

chunk *chunk_ref(chunk *c)
{
    c->references++;
    return c;
}

void chunk_unref(chunk *c)
{
    if (c && --c->references == 0)
        free(c);
}

static channel **bucket_of(channels *all, const event_id *event)
{
    uint32_t low;
    memcpy(&low, event->u.bytes + 12, sizeof low);
    return &all->buckets[low % BUCKETS];
}

static channel *find(channels *all, const event_id *event)
{
    channel *c = *bucket_of(all, event);
    while (c && !uuid_equal(&c->event.u, &event->u))
        c = c->chain;
    return c;
}

static void line_remove(channels *all, channel *c)
{
    *(c->newer ? &c->newer->older : &all->newest) = c->older;
    *(c->older ? &c->older->newer : &all->oldest) = c->newer;
}

static void line_add(channels *all, channel *c)
{
    c->newer = NULL;
    c->older = all->newest;
    *(all->newest ? &all->newest->newer : &all->oldest) = c;
    all->newest = c;
}

static void ring_drop(channels *all, channel *c)
{
    chunk *first = c->oldest;
    c->oldest = first->newer;
    if (!c->oldest)
        c->newest = NULL;
    c->ring_bytes -= first->bytes;
    all->ring_bytes -= first->bytes;
    first->newer = NULL;
    chunk_unref(first);
}

static void ring_clear(channels *all, channel *c)
{
    while (c->oldest)
        ring_drop(all, c);
}

static void ring_add(channels *all, channel *c, chunk *added)
{
    *(c->newest ? &c->newest->newer : &c->oldest) = chunk_ref(added);
    c->newest = added;
    c->ring_bytes += added->bytes;
    all->ring_bytes += added->bytes;
    while (c->ring_bytes > CHANNEL_RING_BYTES_MAX)
        ring_drop(all, c);
    // Who changed longest ago gives way; the line's newest has just been added to.
    for (channel *old = all->oldest; old && all->ring_bytes > all->ring_bytes_max; old = old->newer)
        ring_clear(all, old);
}

static void pending_clear(channel *c)
{
    free(c->pending);
    c->pending = NULL;
    c->lost = false;
}

channels *channels_new(uint32_t channels_max, size_t ring_bytes_max)
{
    channels *all = calloc(1, sizeof *all);
    if (!all)
        return NULL;
    all->count_max = channels_max;
    all->ring_bytes_max = ring_bytes_max;
    all->dirty_end = &all->dirty;
    return all;
}

static void channel_free(channels *all, channel *c)
{
    channel **at = bucket_of(all, &c->event);
    while (*at != c)
        at = &(*at)->chain;
    *at = c->chain;
    line_remove(all, c);
    ring_clear(all, c);
    pending_clear(c);
    all->count--;
    free(c);
}

void channels_free(channels *all)
{
    if (!all)
        return;
    while (all->oldest)
        channel_free(all, all->oldest);
    free(all);
}

uint32_t channels_count(const channels *all)
{
    return all->count;
}

// The one that changed longest ago and that nobody listens to. One that is dirty is in the list of
// those, and stays.
static bool make_room(channels *all)
{
    channel *c = all->oldest;
    while (c && (c->listeners || c->dirty))
        c = c->newer;
    if (c)
        channel_free(all, c);
    return c != NULL;
}

channel *channels_enter(channels *all, const event_id *event)
{
    channel *c = find(all, event);
    if (c)
        return c;
    if (all->count == all->count_max && !make_room(all))
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->event = *event;
    c->chain = *bucket_of(all, event);
    *bucket_of(all, event) = c;
    line_add(all, c);
    all->count++;
    return c;
}

static void dirty_add(channels *all, channel *c)
{
    if (c->dirty)
        return;
    c->dirty = true;
    c->next_dirty = NULL;
    *all->dirty_end = c;
    all->dirty_end = &c->next_dirty;
    all->round++;
}

static bool pending_begin(channel *c)
{
    c->pending = malloc(sizeof *c->pending + CHUNK_BYTES_MAX);
    if (!c->pending)
        return false;
    *c->pending = (chunk){.references = 1, .after = c->version};
    int bytes = snprintf(c->pending->data, CHUNK_BYTES_MAX, "data: {\"after\":%llu,\"seats\":[",
                         (unsigned long long)c->version);
    c->pending->bytes = (uint32_t)bytes;
    return true;
}

static void number_put(chunk *c, uint32_t number)
{
    char digits[NUMBER_BYTES];
    uint32_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    if (c->data[c->bytes - 1] != '[')
        c->data[c->bytes++] = ',';
    memcpy(c->data + c->bytes, digits + at, sizeof digits - at);
    c->bytes += (uint32_t)sizeof digits - at;
}

// False when they are too many for a chunk.
static bool pending_add(channel *c, const uint32_t *packed, size_t packed_count)
{
    if (!c->pending && !pending_begin(c))
        return false;
    for (size_t i = 0; i < packed_count; i++) {
        if (c->pending->bytes + NUMBER_BYTES + TAIL_BYTES > CHUNK_BYTES_MAX)
            return false;
        number_put(c->pending, packed[i]);
    }
    return true;
}

void channels_take(channels *all, const event_id *event, uint64_t first, uint64_t last,
                   const uint32_t *packed, size_t packed_count)
{
    channel *c = channels_enter(all, event);
    if (!c || first == 0 || last < first)
        return;
    uint64_t before = c->dirty ? c->last : c->version;
    if (c->known && last <= before)
        return;
    if (!c->known)
        c->version = first - 1;
    else if (first > before + 1)
        c->lost = true; // some are missing: nobody can go on from what they have
    c->known = true;
    c->last = last;
    if (!c->lost && !pending_add(c, packed, packed_count))
        c->lost = true;
    line_remove(all, c);
    line_add(all, c);
    dirty_add(all, c);
}

void channels_forget(channels *all)
{
    while (all->dirty) {
        all->dirty->dirty = false;
        all->dirty = all->dirty->next_dirty;
    }
    all->dirty_end = &all->dirty;
    all->round = 0;
    for (channel *c = all->oldest; c; c = c->newer) {
        pending_clear(c);
        ring_clear(all, c);
        c->known = false;
    }
}

// What is pending as a chunk, with its end; the room that it did not need is given back.
static chunk *pending_seal(channel *c)
{
    chunk *sealed = c->pending;
    c->pending = NULL;
    sealed->last = c->last;
    int bytes = snprintf(sealed->data + sealed->bytes, TAIL_BYTES, "]}\nid: %llu\n\n",
                         (unsigned long long)c->last);
    sealed->bytes += (uint32_t)bytes;
    chunk *fitting = realloc(sealed, sizeof *sealed + sealed->bytes);
    return fitting ? fitting : sealed;
}

static chunk *channel_seal(channels *all, channel *c, int64_t now_ms)
{
    chunk *sealed;
    if (c->lost) {
        sealed = chunk_of(reset_text);
        ring_clear(all, c);
        pending_clear(c);
        c->silent_until_ms = now_ms + CHANNEL_RESET_PAUSE_MS;
    } else {
        sealed = pending_seal(c);
        ring_add(all, c, sealed);
    }
    c->version = c->last;
    return sealed;
}

chunk *channels_seal(channels *all, int64_t now_ms, channel **ret_channel)
{
    while (all->round > 0) {
        channel *c = all->dirty;
        all->round--;
        all->dirty = c->next_dirty;
        if (!all->dirty)
            all->dirty_end = &all->dirty;
        c->dirty = false;
        if (c->lost && now_ms < c->silent_until_ms) {
            uint32_t round = all->round;
            dirty_add(all, c); // its turn comes in a later round
            all->round = round;
            continue;
        }
        chunk *sealed = channel_seal(all, c, now_ms);
        *ret_channel = c;
        if (sealed)
            return sealed;
    }
    for (channel *c = all->dirty; c; c = c->next_dirty)
        all->round++;
    return NULL;
}

bool channels_dirty(const channels *all)
{
    return all->dirty != NULL;
}

bool channel_missed(const channel *c, uint64_t since, const chunk **ret_first)
{
    const chunk *at = c->oldest;
    if (!c->known)
        return false;
    if (since < c->version && (!at || since < at->after))
        return false;
    while (at && at->last <= since)
        at = at->newer;
    *ret_first = at;
    return true;
}
