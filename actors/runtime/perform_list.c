#include "actors/runtime/perform_list.h"

#include "actors/runtime/kind.h"
#include "actors/runtime/perform_provider.h"
#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

enum { REPORTS_EACH = 32, ROWS_EACH = 256, SEEN_FIRST = 4096, STEP_MS = 1000 };

// Intents of one look by a hash of their id; 0: none. Open addressing, half full at most.
typedef struct seen {
    uint64_t *at;
    uint32_t max, count;
    bool full;
} seen;

struct perform_list {
    perform_list_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping;
    int64_t since_us;  // wall time: what is before it was compared; 0: nothing yet
    int64_t looked_us; // monotonic: when the last whole look ended
    seen seen;
    provider_page page;
    captured_row rows[ROWS_EACH];
};

// FNV-1a; an id that is taken for another by accident is only not asked for.
static uint64_t hash_of(const char *id)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (; *id != 0; id++)
        h = (h ^ (uint8_t)*id) * 0x100000001b3u;
    return h == 0 ? 1 : h;
}

static uint32_t seen_slot(const seen *s, uint64_t h)
{
    uint32_t at = (uint32_t)(h >> 32) & (s->max - 1);
    while (s->at[at] != 0 && s->at[at] != h)
        at = (at + 1) & (s->max - 1);
    return at;
}

static bool seen_grow(seen *s)
{
    seen grown = {.max = s->max == 0 ? SEEN_FIRST : 2 * s->max};
    grown.at = grown.max > 2 * LIST_INTENTS_MAX ? NULL : calloc(grown.max, sizeof *grown.at);
    if (grown.at == NULL)
        return false;
    for (uint32_t i = 0; i < s->max; i++)
        if (s->at[i] != 0)
            grown.at[seen_slot(&grown, s->at[i])] = s->at[i];
    grown.count = s->count;
    free(s->at);
    *s = grown;
    return true;
}

static void seen_add(seen *s, const char *id)
{
    if (s->full || (2 * s->count >= s->max && !seen_grow(s))) {
        s->full = true;
        return;
    }
    uint64_t h = hash_of(id);
    uint32_t at = seen_slot(s, h);
    s->count += s->at[at] == 0;
    s->at[at] = h;
}

static bool seen_has(const seen *s, const char *id)
{
    return s->max > 0 && s->at[seen_slot(s, hash_of(id))] != 0;
}

static void seen_clear(seen *s)
{
    free(s->at);
    *s = (seen){0};
}

static bool is_stopping(perform_list *l)
{
    pthread_mutex_lock(&l->mutex);
    bool stopping = l->stopping;
    pthread_mutex_unlock(&l->mutex);
    return stopping;
}

static void rest(perform_list *l, int64_t ms)
{
    int64_t until_us = clock_monotonic_us() + ms * 1000;
    pthread_mutex_lock(&l->mutex);
    while (!l->stopping && clock_condition_wait(&l->changed, &l->mutex, until_us))
        continue;
    pthread_mutex_unlock(&l->mutex);
}

static ProtobufCBinaryData binary(const uuid *id)
{
    return (ProtobufCBinaryData){sizeof id->bytes, (uint8_t *)(uintptr_t)id->bytes};
}

// Sends some reports for one partition as one envelope. Secrets stay here: who needs them asks.
static void reports_tell(const perform_list *l, const actor_ref *to, provider_entry **entries,
                         uint32_t count)
{
    Cavea__V1__ProviderReport reports[REPORTS_EACH];
    Cavea__V1__Command commands[REPORTS_EACH];
    Cavea__V1__Command *pointers[REPORTS_EACH];
    Cavea__V1__Envelope envelope = CAVEA__V1__ENVELOPE__INIT;
    uint8_t bytes[REPORTS_EACH * 512];
    for (uint32_t i = 0; i < count; i++) {
        payment_report *r = &entries[i]->report;
        r->client_secret[0] = r->pay_url[0] = 0;
        perform_report(&entries[i]->payment, r, &reports[i]);
        reports[i].provider_event = (char *)(uintptr_t)PROVIDER_EVENT_LIST;
        commands[i] = (Cavea__V1__Command)CAVEA__V1__COMMAND__INIT;
        commands[i].id = binary(&entries[i]->payment.u);
        commands[i].body_case = CAVEA__V1__COMMAND__BODY_PROVIDER_REPORT;
        commands[i].provider_report = &reports[i];
        pointers[i] = &commands[i];
    }
    envelope.n_commands = count;
    envelope.commands = pointers;
    size_t size = cavea__v1__envelope__get_packed_size(&envelope);
    assert(size <= sizeof bytes);
    cavea__v1__envelope__pack(&envelope, bytes);
    l->config.tell(l->config.self, to, bytes, (uint32_t)size);
}

// An open intent says nothing that its payment does not know or ask for.
static void page_tell(perform_list *l)
{
    for (uint32_t n = 0; n < PARTITIONS; n++) {
        actor_ref to = actor_of_partition(ACTOR_PAYMENT, n);
        provider_entry *entries[REPORTS_EACH];
        uint32_t count = 0;
        for (uint32_t i = 0; i < l->page.entries_count; i++) {
            provider_entry *e = &l->page.entries[i];
            actor_ref its = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&e->payment.u));
            if (e->report.status == PROVIDER_INTENT_OPEN || !uuid_equal(&its.id.u, &to.id.u))
                continue;
            entries[count++] = e;
            if (count == REPORTS_EACH) {
                reports_tell(l, &to, entries, count);
                count = 0;
            }
        }
        if (count > 0)
            reports_tell(l, &to, entries, count);
    }
    metric_add(METRIC_PROVIDER_LISTED, l->page.entries_count);
}

static bool list_read(perform_list *l, int64_t since_us, int64_t until_us)
{
    provider_client *c = performer_client(l->config.performer);
    // Its clock may be ahead of ours; what is newer than our look does no harm.
    provider_window w = {.since_s = since_us / 1000000,
                         .until_s = until_us / 1000000 + LIST_AHEAD_SECONDS};
    for (;;) {
        if (is_stopping(l) || !l->config.is_ours(l->config.self) ||
            !provider_client_page(c, &w, &l->page))
            return false;
        for (uint32_t i = 0; i < l->page.entries_count; i++)
            seen_add(&l->seen, l->page.entries[i].report.intent_id);
        page_tell(l);
        if (l->page.after[0] == 0)
            return true;
        if (!provider_window_next(&w, &l->page)) {
            log_event(LOG_ERROR, "provider_list.repeated", LOG_S("after", w.after));
            return false;
        }
        rest(l, LIST_PAUSE_MS);
    }
}

// Not in the list: perhaps only not in this piece of it. The answer tells the payment's actor.
static bool row_ask(const perform_list *l, const captured_row *row)
{
    perform_port port = performer_port(l->config.performer);
    effect e = {
        .type = EFFECT_INTENT_FETCH,
        .actor = actor_of_tag(ACTOR_PAYMENT, uuid_tag(&row->id.u)),
        .payment = row->id,
        .reservation = row->reservation,
        .event = row->event,
    };
    _Static_assert(sizeof e.intent_id == sizeof row->intent_id, "texts of one size");
    memcpy(e.intent_id, row->intent_id, sizeof e.intent_id);
    return port.start(port.self, &e);
}

// What was captured since, without what is so young that the list may have been before it.
static bool captured_compare(perform_list *l, int64_t since_us, int64_t until_us)
{
    captured_row behind;
    uint32_t count = ROWS_EACH, asked = 0;
    for (bool first = true; count == ROWS_EACH; first = false) {
        if (is_stopping(l) || l->config.store.load_captured(l->config.store.self, since_us,
                                                            until_us, first ? NULL : &behind,
                                                            l->rows, ROWS_EACH, &count) != STORE_OK)
            return false;
        for (uint32_t i = 0; i < count; i++)
            if (!seen_has(&l->seen, l->rows[i].intent_id)) {
                asked++;
                if (!row_ask(l, &l->rows[i]))
                    return false; // the queue is full: all of it again, later
            }
        if (count > 0)
            behind = l->rows[count - 1];
    }
    if (asked > 0)
        log_event(LOG_WARNING, "provider_list.differs", LOG_I("payments", asked));
    return true;
}

// One comparison; false: it has to be made again.
static bool look(perform_list *l)
{
    const int64_t second_us = 1000000;
    int64_t until_us = clock_wall_us(), overlap_us = LIST_OVERLAP_SECONDS * second_us;
    int64_t since_us = l->since_us != 0 ? l->since_us : until_us - LIST_FIRST_SECONDS * second_us;
    bool whole = list_read(l, since_us, until_us);
    if (whole && l->seen.full)
        log_event(LOG_WARNING, "provider_list.too_long", LOG_I("intents", l->seen.count));
    else if (whole)
        whole = captured_compare(l, since_us, until_us - overlap_us);
    seen_clear(&l->seen);
    if (whole)
        l->since_us = until_us - overlap_us;
    return whole;
}

// Returns how long to rest.
static int64_t step(perform_list *l)
{
    if (!l->config.is_ours(l->config.self)) {
        l->since_us = 0; // who compares meanwhile is not known to have seen everything
        metric_set(METRIC_PROVIDER_LIST_AGE, 0);
        l->looked_us = clock_monotonic_us();
        return STEP_MS;
    }
    int64_t rest_ms = l->config.every_ms;
    if (look(l))
        l->looked_us = clock_monotonic_us();
    else if (rest_ms > LIST_RETRY_MS)
        rest_ms = LIST_RETRY_MS;
    metric_set(METRIC_PROVIDER_LIST_AGE, (clock_monotonic_us() - l->looked_us) / 1000000);
    return rest_ms;
}

static void *list_run(void *self)
{
    perform_list *l = self;
    while (!is_stopping(l))
        rest(l, step(l));
    return NULL;
}

perform_list *perform_list_start(const perform_list_config *settings)
{
    perform_list *l = calloc(1, sizeof *l);
    if (l == NULL)
        return NULL;
    l->config = *settings;
    l->looked_us = clock_monotonic_us();
    pthread_mutex_init(&l->mutex, NULL);
    clock_condition_init(&l->changed);
    if (pthread_create(&l->thread, NULL, list_run, l) == 0)
        return l;
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    free(l);
    return NULL;
}

void perform_list_stop(perform_list *l)
{
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    seen_clear(&l->seen);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    free(l);
}
