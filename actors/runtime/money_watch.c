#include "actors/runtime/money_watch.h"

#include "ops/host/clock.h"
#include "ops/host/log.h"
#include "ops/host/metric.h"
#include "store/finance.h"

#include <pthread.h>
#include <stdlib.h>

enum {
    WATCHED_MAX = 4096, // events that are to be looked at, or not settled
    MOVED_MAX = 256,    // taken at once
    LOOK_MS_MAX = 5000, // then the rest waits for the next look
    ROUND_MS_MAX = 1000,
    STATEMENT_MS = 15000,
};

typedef struct watched {
    event_id event;
    bool is_dirty; // to be looked at, whatever it was
    int64_t unbalanced_minor, open_minor;
    int64_t open_since_us; // of the oldest undecided money; 0: none
} watched;

struct money_watch {
    money_watch_config config;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping;
    connection *database;
    int64_t since_us;
    money_place place;
    watched list[WATCHED_MAX];
    uint32_t count, next; // next: where the look that ran out of time goes on
};

static bool is_stopping(money_watch *w)
{
    pthread_mutex_lock(&w->mutex);
    bool stopping = w->stopping;
    pthread_mutex_unlock(&w->mutex);
    return stopping;
}

// False: the list is full of events that are not settled.
static bool watch(money_watch *w, const event_id *id)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (uuid_equal(&w->list[i].event.u, &id->u)) {
            w->list[i].is_dirty = true;
            return true;
        }
    if (w->count == WATCHED_MAX)
        return false;
    w->list[w->count++] = (watched){.event = *id, .is_dirty = true};
    return true;
}

static bool find_moved(money_watch *w)
{
    event_id ids[MOVED_MAX];
    uint32_t count = MOVED_MAX;
    while (count == MOVED_MAX && w->count + MOVED_MAX <= WATCHED_MAX) {
        if (finance_moved(w->database, &w->since_us, ids, MOVED_MAX, &count) != STORE_OK)
            return false;
        for (uint32_t i = 0; i < count; i++)
            (void)watch(w, &ids[i]);
    }
    return true;
}

// Half of the list is enough for the round: events in which money moves have a place always.
static bool find_others(money_watch *w)
{
    event_id ids[MOVED_MAX];
    uint32_t count;
    int64_t until_us = clock_monotonic_us() + ROUND_MS_MAX * INT64_C(1000);
    do {
        if (w->count + MOVED_MAX > WATCHED_MAX / 2)
            return true;
        if (finance_round(w->database, &w->place, ids, MOVED_MAX, &count) != STORE_OK)
            return false;
        for (uint32_t i = 0; i < count; i++)
            (void)watch(w, &ids[i]);
    } while (clock_monotonic_us() < until_us && !uuid_is_zero(&w->place.after.u));
    return true;
}

static void tell_unbalanced(const watched *e, const money_row *row)
{
    log_event(LOG_ERROR, "money.unbalanced", LOG_U("event", &e->event.u),
              LOG_S("currency", row->currency), LOG_I("unbalanced_minor", row->unbalanced_minor));
}

static bool look_at(money_watch *w, watched *e)
{
    money_row rows[FINANCE_CURRENCIES_MAX];
    uint32_t count;
    if (finance_event(w->database, &e->event, rows, &count) != STORE_OK)
        return false;
    watched seen = {.event = e->event};
    for (uint32_t i = 0; i < count; i++) {
        // Between two actors, or not for long enough that it was looked at before.
        int64_t since_us = rows[i].undecided_since_us;
        if (since_us == 0)
            since_us = e->open_since_us != 0 ? e->open_since_us : clock_wall_us();
        seen.unbalanced_minor += rows[i].unbalanced_minor;
        seen.open_minor += rows[i].undecided_minor;
        if (rows[i].undecided_minor != 0 &&
            (seen.open_since_us == 0 || since_us < seen.open_since_us))
            seen.open_since_us = since_us;
        if (rows[i].unbalanced_minor != 0)
            tell_unbalanced(e, &rows[i]);
    }
    *e = seen;
    return true;
}

static bool is_settled(const watched *e)
{
    return !e->is_dirty && e->unbalanced_minor == 0 && e->open_since_us == 0;
}

static void metrics_set(const money_watch *w)
{
    int64_t unbalanced = 0, open = 0, oldest_us = INT64_MAX;
    for (uint32_t i = 0; i < w->count; i++) {
        const watched *e = &w->list[i];
        unbalanced += e->unbalanced_minor;
        open += e->open_since_us != 0;
        if (e->open_since_us != 0 && e->open_since_us < oldest_us)
            oldest_us = e->open_since_us;
    }
    int64_t age_us = oldest_us == INT64_MAX ? 0 : clock_wall_us() - oldest_us;
    metric_set(METRIC_MONEY_UNBALANCED, unbalanced);
    metric_set(METRIC_MONEY_UNDECIDED_AGE, age_us < 0 ? 0 : age_us / 1000000);
    metric_set(METRIC_MONEY_UNDECIDED_EVENTS, open);
}

// Returns how many could not be read. What its time is too short for waits for the next look.
static uint32_t look_round(money_watch *w)
{
    uint32_t unread = 0;
    int64_t until_us = clock_monotonic_us() + LOOK_MS_MAX * INT64_C(1000);
    for (uint32_t left = w->count; left > 0 && w->count > 0; left--) {
        uint32_t at = w->next < w->count ? w->next : 0;
        if (clock_monotonic_us() > until_us || is_stopping(w))
            break;
        w->next = at + 1;
        if (!look_at(w, &w->list[at])) {
            unread++;
            if (!connection_alive(w->database))
                break;
        } else if (is_settled(&w->list[at])) {
            w->list[at] = w->list[--w->count];
            w->next = at;
        }
    }
    return unread;
}

static void disconnect(money_watch *w)
{
    connection_close(w->database);
    w->database = NULL;
    w->since_us = 0;
    w->count = w->next = 0;
    metrics_set(w);
}

static bool connect_database(money_watch *w)
{
    char problem[256];
    const connection_options options = {.url = w->config.postgres_url,
                                        .application_name = "cavea-money",
                                        .statement_timeout_ms = STATEMENT_MS,
                                        .reply_timeout_ms = 2 * STATEMENT_MS,
                                        .read_only = true};
    if (w->database != NULL && connection_alive(w->database))
        return true;
    connection_close(w->database);
    w->database = connection_open(&options, problem, sizeof problem);
    if (w->database != NULL && finance_prepare(w->database) == STORE_OK)
        return true;
    connection_close(w->database);
    w->database = NULL;
    return false;
}

// A look counts when everything was answered: an alert fires when none does.
static void look(money_watch *w)
{
    if (!w->config.is_ours(w->config.self)) {
        if (w->database != NULL)
            disconnect(w);
        return;
    }
    if (!connect_database(w))
        return;
    bool moved_read = find_moved(w), others_read = find_others(w);
    uint32_t unread = look_round(w);
    metrics_set(w);
    if (moved_read && others_read && unread == 0)
        metric_add(METRIC_MONEY_LOOKS, 1);
    else
        log_event(LOG_WARNING, "money.unread", LOG_B("moved_read", moved_read),
                  LOG_B("others_read", others_read), LOG_I("events_unread", unread));
}

static void *watch_run(void *closure)
{
    money_watch *w = closure;
    pthread_mutex_lock(&w->mutex);
    while (!w->stopping) {
        pthread_mutex_unlock(&w->mutex);
        look(w);
        pthread_mutex_lock(&w->mutex);
        if (!w->stopping)
            clock_condition_wait(&w->changed, &w->mutex,
                                 clock_monotonic_us() + w->config.every_ms * 1000);
    }
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

static void watch_free(money_watch *w)
{
    connection_close(w->database);
    pthread_mutex_destroy(&w->mutex);
    pthread_cond_destroy(&w->changed);
    free(w);
}

money_watch *money_watch_start(const money_watch_config *config)
{
    money_watch *w = calloc(1, sizeof *w);
    if (w == NULL)
        return NULL;
    w->config = *config;
    pthread_mutex_init(&w->mutex, NULL);
    clock_condition_init(&w->changed);
    if (pthread_create(&w->thread, NULL, watch_run, w) == 0)
        return w;
    watch_free(w);
    return NULL;
}

void money_watch_stop(money_watch *w)
{
    if (w == NULL)
        return;
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->mutex);
    pthread_join(w->thread, NULL);
    watch_free(w);
}
