#include "store/read_pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    WAIT_DEFAULT_MS = 500,
    READ_TIMEOUT_DEFAULT_MS = 2000,
    ANSWER_SPARE_MS = 1000, // the server's word that a statement took too long comes first
    AWAY_MS = 250,          // after a failed attempt nobody tries to connect for so long
    STALE_MS = 100,         // a connection that fails faster was dead before
};

struct read_pool {
    read_options options;
    char *url;
    pthread_mutex_t mutex; // guards all that follows
    pthread_cond_t freed;
    connection *idle[READ_CONNECTIONS_MAX]; // a stack: the warmest on top
    uint32_t idle_count, made_count;
    int64_t away_until_ms;
    char error[256];
};

static void pool_locks_init(read_pool *pool)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&pool->mutex, NULL);
}

read_pool *read_open(const read_options *options)
{
    if (options->connections == 0 || options->connections > READ_CONNECTIONS_MAX)
        return NULL;
    read_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return NULL;
    pool->options = *options;
    pool->options.url = pool->url = strdup(options->url);
    if (pool->url == NULL) {
        free(pool);
        return NULL;
    }
    if (pool->options.wait_ms <= 0)
        pool->options.wait_ms = WAIT_DEFAULT_MS;
    if (pool->options.statement_timeout_ms <= 0)
        pool->options.statement_timeout_ms = READ_TIMEOUT_DEFAULT_MS;
    pool_locks_init(pool);
    return pool;
}

void read_close(read_pool *pool)
{
    if (pool == NULL)
        return;
    for (uint32_t i = 0; i < pool->idle_count; i++)
        connection_close(pool->idle[i]);
    pthread_cond_destroy(&pool->freed);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->url);
    free(pool);
}

static void error_note(read_pool *pool, const char *text)
{
    pthread_mutex_lock(&pool->mutex);
    snprintf(pool->error, sizeof pool->error, "%s", text);
    pthread_mutex_unlock(&pool->mutex);
}

void read_error(read_pool *pool, char *ret_text, size_t text_bytes)
{
    pthread_mutex_lock(&pool->mutex);
    snprintf(ret_text, text_bytes, "%s", pool->error);
    pthread_mutex_unlock(&pool->mutex);
}

static struct timespec deadline_after(int wait_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += wait_ms / 1000;
    t.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

// The right to one connection: an idle one, or NULL with the right to make one. False: all stayed
// busy, or the database was away a moment ago.
static bool place_take(read_pool *pool, connection **ret_connection)
{
    struct timespec deadline = deadline_after(pool->options.wait_ms);
    pthread_mutex_lock(&pool->mutex);
    bool waited = false;
    while (!waited && pool->idle_count == 0 && pool->made_count == pool->options.connections)
        waited = pthread_cond_timedwait(&pool->freed, &pool->mutex, &deadline) != 0;
    bool taken = true;
    if (pool->idle_count > 0) {
        *ret_connection = pool->idle[--pool->idle_count];
    } else if (pool->made_count < pool->options.connections &&
               connection_clock_ms() >= pool->away_until_ms) {
        *ret_connection = NULL;
        pool->made_count++;
    } else {
        taken = false;
        if (pool->made_count == pool->options.connections)
            snprintf(pool->error, sizeof pool->error, "every connection stayed busy");
    }
    pthread_mutex_unlock(&pool->mutex);
    return taken;
}

static void place_give(read_pool *pool, connection *c)
{
    bool alive = c != NULL && connection_alive(c);
    if (!alive)
        connection_close(c);
    pthread_mutex_lock(&pool->mutex);
    if (alive)
        pool->idle[pool->idle_count++] = c;
    else
        pool->made_count--;
    pthread_cond_signal(&pool->freed);
    pthread_mutex_unlock(&pool->mutex);
}

static connection *session_begin(read_pool *pool)
{
    connection_options options = {
        .url = pool->url,
        .application_name = "cavea read",
        .statement_timeout_ms = pool->options.statement_timeout_ms,
        .reply_timeout_ms = pool->options.statement_timeout_ms + ANSWER_SPARE_MS,
        .read_only = true,
        .plans = PLANS_FRESH,
    };
    char error[256];
    connection *c = connection_open(&options, error, sizeof error);
    store_result result = STORE_UNKNOWN;
    if (c != NULL)
        result = connection_prepare(c, read_event_statements, READ_EVENT_STATEMENTS);
    if (result == STORE_OK)
        result = connection_prepare(c, read_row_statements, READ_ROW_STATEMENTS);
    if (result == STORE_OK)
        return c;
    error_note(pool, c != NULL ? connection_error(c) : error);
    connection_close(c);
    pthread_mutex_lock(&pool->mutex);
    pool->away_until_ms = connection_clock_ms() + AWAY_MS;
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

store_result read_ask(read_pool *pool, const statement *s, const params *p, pipeline *ret)
{
    connection *c;
    if (!place_take(pool, &c))
        return STORE_UNKNOWN;
    store_result result = STORE_UNKNOWN;
    int64_t began_ms = connection_clock_ms();
    bool stale = c == NULL;
    if (c != NULL) {
        result = connection_ask(c, s, p, ret);
        stale = !connection_alive(c) && connection_clock_ms() < began_ms + STALE_MS;
    }
    if (stale) {
        connection_close(c);
        c = session_begin(pool);
        if (c != NULL)
            result = connection_ask(c, s, p, ret);
    }
    if (c != NULL && result != STORE_OK)
        error_note(pool, connection_error(c));
    place_give(pool, c);
    return result;
}
