#include "ops/host/nats_line.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    DISCARDED_MAX = 64,
    DISCARDED_BYTES_MAX = 1024 * 1024,
    CLOSED_MAX = 16,
    BUFFERED_BYTES_MAX = 4 * 1024 * 1024,
    WAIT_MS_MAX = 1000,
};

static struct {
    pthread_mutex_t mutex;
    natsMsg *messages[DISCARDED_MAX];
    uint32_t count;
    int64_t bytes;
} bin = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct nats_line {
    natsConnection *connection;
    pthread_t thread;
    int bell;          // an eventfd: look at what follows
    atomic_int socket; // -1: there is no connection
    // The library has bytes to send: it says so once, until they have gone.
    atomic_bool dirty;
    atomic_bool stuck;   // they did not fit into the socket's buffer
    atomic_bool emptied; // by the sending that is under way
    atomic_bool ends;
    // nats.c takes an empty send for a closed connection, so that only one may look and send.
    pthread_mutex_t sender;
    pthread_mutex_t closing; // guards what follows: sockets that nobody polls any more after a bell
    natsSock closed[CLOSED_MAX];
    uint32_t closed_count;
};

static _Thread_local nats_line *inside;
static _Thread_local uint32_t depth;

static void bell_ring(nats_line *line)
{
    eventfd_write(line->bell, 1); // fails only when it has been rung 2^64 - 2 times
}

static natsStatus on_attach(void **self, void *loop, natsConnection *connection, natsSock socket)
{
    nats_line *line = loop;
    (void)connection;
    *self = line;
    atomic_store(&line->socket, (int)socket);
    bell_ring(line);
    return NATS_OK;
}

// Since 3.9.2 the library leaves it to the loop to close a socket, once that does not poll it.
static void closed_add(nats_line *line, int socket)
{
#if NATS_VERSION_NUMBER >= 0x030902
    pthread_mutex_lock(&line->closing);
    if (socket >= 0 && line->closed_count < CLOSED_MAX)
        line->closed[line->closed_count++] = socket;
    pthread_mutex_unlock(&line->closing);
#else
    (void)line, (void)socket;
#endif
}

static void closed_close(nats_line *line)
{
#if NATS_VERSION_NUMBER >= 0x030902
    pthread_mutex_lock(&line->closing);
    while (line->closed_count > 0)
        natsConnection_ProcessCloseEvent(&line->closed[--line->closed_count]);
    pthread_mutex_unlock(&line->closing);
#else
    (void)line;
#endif
}

static natsStatus on_read(void *self, bool add)
{
    nats_line *line = self;
    if (!add) { // the connection is lost, or is being closed
        closed_add(line, atomic_exchange(&line->socket, -1));
        bell_ring(line);
    }
    return NATS_OK;
}

static natsStatus on_write(void *self, bool add)
{
    nats_line *line = self;
    atomic_store(&line->dirty, add);
    if (!add)
        atomic_store(&line->emptied, true);
    else if (inside != line) // a thread of the library, or somebody who does not know of lines
        bell_ring(line);
    return NATS_OK;
}

static natsStatus on_detach(void *self)
{
    (void)self;
    return NATS_OK;
}

// Whether all of it is gone.
static bool line_send(nats_line *line)
{
    bool stuck = false;
    pthread_mutex_lock(&line->sender);
    if (atomic_load(&line->dirty)) {
        atomic_store(&line->emptied, false);
        natsConnection_ProcessWriteEvent(line->connection);
        stuck = !atomic_load(&line->emptied);
    }
    bool was = atomic_exchange(&line->stuck, stuck);
    pthread_mutex_unlock(&line->sender);
    if (stuck && !was)
        bell_ring(line);
    return !stuck;
}

// The server reads too slowly: its author waits, instead of filling memory with what will be late.
static void line_wait(nats_line *line)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t end_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + WAIT_MS_MAX;
    while (natsConnection_Buffered(line->connection) > BUFFERED_BYTES_MAX) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t left_ms = end_ms - ((int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
        struct pollfd look = {.fd = atomic_load(&line->socket), .events = POLLOUT};
        if (left_ms <= 0 || look.fd < 0 || poll(&look, 1, (int)left_ms) <= 0)
            return;
        line_send(line);
    }
}

void nats_line_begin(nats_line *line)
{
    assert(inside == NULL || inside == line);
    inside = line;
    depth++;
}

void nats_line_end(nats_line *line)
{
    assert(inside == line && depth > 0);
    if (--depth > 0)
        return;
    inside = NULL;
    if (atomic_load(&line->dirty) && !line_send(line))
        line_wait(line);
}

static void *line_run(void *closure)
{
    nats_line *line = closure;
    while (!atomic_load(&line->ends)) {
        closed_close(line);
        struct pollfd looks[] = {
            {.fd = line->bell, .events = POLLIN},
            {.fd = atomic_load(&line->socket),
             .events = (short)(atomic_load(&line->stuck) ? POLLIN | POLLOUT : POLLIN)},
        };
        if (poll(looks, 2, -1) < 0)
            continue; // a signal
        eventfd_t rings;
        if (looks[0].revents != 0)
            (void)eventfd_read(line->bell, &rings);
        if (looks[1].revents & ~POLLOUT)
            natsConnection_ProcessReadEvent(line->connection); // rings, when there is an answer
        if (looks[0].revents != 0 || looks[1].revents & POLLOUT)
            (void)line_send(line);
    }
    return NULL;
}

// The library may call back before natsConnection_Connect has told which connection it is.
static natsStatus line_connect(nats_line *line, natsOptions *options)
{
    natsStatus s = natsOptions_SetEventLoop(options, line, on_attach, on_read, on_write, on_detach);
    if (s == NATS_OK)
        s = natsOptions_SetSendAsap(options, true); // or a thread of the library sends, later
    if (s == NATS_OK)
        s = natsConnection_Connect(&line->connection, options);
    return s;
}

natsStatus nats_line_open(natsOptions *options, nats_line **ret_line)
{
    nats_line *line = calloc(1, sizeof *line);
    if (line == NULL)
        return NATS_NO_MEMORY;
    line->socket = -1;
    pthread_mutex_init(&line->sender, NULL);
    pthread_mutex_init(&line->closing, NULL);
    line->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    natsStatus s = line->bell < 0 ? NATS_SYS_ERROR : line_connect(line, options);
    bool connects = s == NATS_OK || s == NATS_NOT_YET_CONNECTED;
    if (connects && pthread_create(&line->thread, NULL, line_run, line) != 0) {
        natsConnection_Close(line->connection);
        connects = false;
        s = NATS_SYS_ERROR;
    }
    if (connects)
        *ret_line = line;
    else
        nats_line_free(&line);
    return s;
}

natsConnection *nats_line_connection(const nats_line *line)
{
    return line->connection;
}

void nats_line_close(nats_line *line)
{
    natsConnection_Close(line->connection);
    if (atomic_exchange(&line->ends, true))
        return;
    bell_ring(line);
    pthread_join(line->thread, NULL);
}

void nats_line_free(nats_line **freed)
{
    nats_line *line = *freed;
    *freed = NULL;
    if (line == NULL)
        return;
    natsConnection_Destroy(line->connection);
    closed_close(line);
    if (line->bell >= 0)
        close(line->bell);
    pthread_mutex_destroy(&line->sender);
    pthread_mutex_destroy(&line->closing);
    free(line);
}

static void bin_empty(natsMsg *const *messages, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        natsMsg_Destroy(messages[i]);
}

void nats_discard(natsMsg *message)
{
    natsMsg *full[DISCARDED_MAX];
    uint32_t count = 0;
    pthread_mutex_lock(&bin.mutex);
    bin.messages[bin.count++] = message;
    bin.bytes += natsMsg_GetDataLength(message);
    if (bin.count == DISCARDED_MAX || bin.bytes > DISCARDED_BYTES_MAX) {
        count = bin.count;
        memcpy(full, bin.messages, count * sizeof *full);
        bin.count = 0;
        bin.bytes = 0;
    }
    pthread_mutex_unlock(&bin.mutex);
    bin_empty(full, count);
}

void nats_discard_rest(void)
{
    bin_empty(bin.messages, bin.count);
    bin.count = 0;
}
