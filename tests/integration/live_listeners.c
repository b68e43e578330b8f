// LISTENERS listeners on each of some gateways, and deltas that a real NATS brings them; measures
// from a delta's publishing to its arrival at each listener. Usage: live_listeners NATS_URL
// LISTENERS DELTAS INTERVAL_MS PORT... Prints one JSON object; exit status 1 unless every listener
// heard of every version exactly once and in order.
#include "schemas/cavea.pb-c.h"
#include "schemas/subject.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    GATEWAYS_MAX = 8,
    DELTAS_MAX = 1000,
    DEADLINE_MS = 120000,
    CONNECTING_MAX = 200,
    // Of the 28,000 ports of a source address the kernel gives every second one first, and looks
    // through all of these for each of the others.
    SOURCE_MAX = 10000,
    LINE_BYTES = 4096,
    HISTOGRAM_MS = 20000,
    EVENTS = 256,
};

typedef struct listener {
    int fd;
    bool connected, ready;
    uint32_t line_bytes;
    uint64_t after, version;
    char *line; // begun and not ended
} listener;

typedef struct group { // of one gateway; shared by processes
    atomic_uint ready, done;
    uint64_t late_ms[HISTOGRAM_MS];
    uint64_t samples;
} group;

typedef struct world { // shared by processes
    _Atomic int64_t published_us[DELTAS_MAX + 1];
    group groups[GATEWAYS_MAX];
} world;

static world *the_world;
static uint32_t listeners_count, deltas_count;
static char event_text[UUID_TEXT_BYTES]; // a new one each time: versions begin with 1

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void give_up(const char *what)
{
    fprintf(stderr, "not so: %s (%s)\n", what, strerror(errno));
    exit(1);
}

// A whole server-sent event has come: it leads from l->after to last.
static void event_take(group *g, listener *l, uint64_t last)
{
    int64_t at_us = now_us();
    if (l->after != l->version || last <= l->after || last > deltas_count)
        give_up("every version once and in order");
    for (uint64_t v = l->after + 1; v <= last; v++) {
        int64_t late_ms = (at_us - the_world->published_us[v]) / 1000;
        g->late_ms[late_ms < HISTOGRAM_MS ? late_ms : HISTOGRAM_MS - 1]++;
        g->samples++;
    }
    l->version = last;
    if (last == deltas_count)
        g->done++;
}

static void line_take(group *g, listener *l)
{
    static const char data[] = "data: {\"after\":", id[] = "id: ";
    if (strncmp(l->line, data, sizeof data - 1) == 0) {
        l->after = strtoull(l->line + sizeof data - 1, NULL, 10);
    } else if (strncmp(l->line, id, sizeof id - 1) == 0) {
        event_take(g, l, strtoull(l->line + sizeof id - 1, NULL, 10));
    } else if (strcmp(l->line, "event: reset") == 0) {
        if (l->ready)
            give_up("nobody is reset");
        l->ready = true;
        g->ready++;
    }
}

static void text_take(group *g, listener *l, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\r')
            continue;
        if (l->line_bytes == LINE_BYTES)
            give_up("lines of a sane length");
        l->line[l->line_bytes++] = text[i] == '\n' ? 0 : text[i];
        if (text[i] == '\n') {
            line_take(g, l);
            l->line_bytes = 0;
        }
    }
}

static void listener_connect(listener *l, int epoll, uint32_t number, uint16_t port)
{
    struct sockaddr_in from = {.sin_family = AF_INET}, to = from;
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = l};
    int late = 1;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + number / SOURCE_MAX);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port);
    *l = (listener){.line = malloc(LINE_BYTES)};
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || !l->line)
        give_up("a socket for each listener");
    setsockopt(l->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
    if (bind(l->fd, (struct sockaddr *)&from, sizeof from) != 0 ||
        (connect(l->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, l->fd, &wanted) != 0)
        give_up("a connection for each listener");
}

static void listener_ask(listener *l)
{
    char head[160];
    int bytes =
        snprintf(head, sizeof head,
                 "GET /v1/events/%s/live?since=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", event_text);
    if (send(l->fd, head, (size_t)bytes, MSG_NOSIGNAL) != bytes)
        give_up("a request for each listener");
    l->connected = true;
}

static void listener_read(group *g, listener *l)
{
    char text[16384];
    ssize_t bytes;
    while ((bytes = recv(l->fd, text, sizeof text, 0)) > 0)
        text_take(g, l, text, (size_t)bytes);
    if (bytes == 0 || errno != EAGAIN)
        give_up("a stream that goes on");
}

// The process of one gateway's listeners.
static int group_live(group *g, uint16_t port)
{
    listener *all = calloc(listeners_count, sizeof *all);
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(0);
    uint32_t begun = 0;
    int64_t end_us = now_us() + (int64_t)DEADLINE_MS * 1000;
    if (!all || epoll < 0)
        give_up("room for the listeners");
    while (g->done < listeners_count) {
        for (; begun < listeners_count && begun - g->ready < CONNECTING_MAX; begun++)
            listener_connect(&all[begun], epoll, begun, port);
        int count = epoll_wait(epoll, events, EVENTS, 1000);
        for (int i = 0; i < count; i++) {
            listener *l = events[i].data.ptr;
            if (!l->connected && events[i].events & EPOLLOUT)
                listener_ask(l);
            if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
                listener_read(g, l);
        }
        if (now_us() > end_us)
            give_up("everybody heard everything in time");
    }
    return 0;
}

static void delta_publish(natsConnection *c, const char *to, uint64_t version)
{
    uint8_t data[64];
    uint32_t seats[2] = {(uint32_t)version * 4 + 1, (uint32_t)version * 4 + 5};
    Cavea__V1__LiveDelta m = CAVEA__V1__LIVE_DELTA__INIT;
    m.first_version = m.last_version = version;
    m.seats = seats;
    m.n_seats = 2;
    size_t bytes = cavea__v1__live_delta__pack(&m, data);
    the_world->published_us[version] = now_us();
    if (natsConnection_Publish(c, to, data, (int)bytes) != NATS_OK ||
        natsConnection_Flush(c) != NATS_OK)
        give_up("a delta is published");
}

static void wait_us(int64_t us)
{
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

// When all listeners of all gateways have their stream.
static void ready_await(int groups)
{
    int64_t end_us = now_us() + (int64_t)DEADLINE_MS * 1000;
    for (int i = 0; i < groups; i++)
        while (the_world->groups[i].ready < listeners_count) {
            if (now_us() > end_us || waitpid(-1, NULL, WNOHANG) > 0)
                give_up("everybody has a stream");
            wait_us(10000);
        }
}

static uint64_t quantile(int groups, uint64_t samples, double part)
{
    uint64_t wanted = (uint64_t)((double)samples * part), seen = 0;
    for (uint64_t ms = 0; ms < HISTOGRAM_MS; ms++) {
        for (int i = 0; i < groups; i++)
            seen += the_world->groups[i].late_ms[ms];
        if (seen > wanted)
            return ms;
    }
    return HISTOGRAM_MS;
}

static int report(int groups, int64_t joined_us)
{
    uint64_t samples = 0, wanted = (uint64_t)groups * listeners_count * deltas_count;
    for (int i = 0; i < groups; i++)
        samples += the_world->groups[i].samples;
    printf("{\"listeners\": %u, \"gateways\": %d, \"deltas\": %u, \"joined_s\": %.1f, "
           "\"p50_ms\": %llu, \"p99_ms\": %llu, \"slowest_ms\": %llu}\n",
           listeners_count * (uint32_t)groups, groups, deltas_count, (double)joined_us / 1e6,
           (unsigned long long)quantile(groups, samples, 0.5),
           (unsigned long long)quantile(groups, samples, 0.99),
           (unsigned long long)quantile(groups, samples - 1, 1));
    return samples == wanted ? 0 : 1;
}

static void files_raise(void)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static void deltas_publish(const char *url, int64_t interval_us)
{
    natsConnection *c = NULL;
    event_id event;
    if (!uuid_parse(event_text, UUID_TEXT_BYTES - 1, &event.u) ||
        natsConnection_ConnectTo(&c, url) != NATS_OK)
        give_up("a connection to NATS");
    actor_ref actor = actor_of_event(&event);
    subject to = subject_of(SUBJECT_LIVE, &actor);
    for (uint64_t version = 1; version <= deltas_count; version++) {
        delta_publish(c, to.text, version);
        wait_us(interval_us);
    }
    natsConnection_Destroy(c);
}

int main(int argc, char **argv)
{
    int groups = argc - 5, status, failed = 0;
    assert(groups > 0 && groups <= GATEWAYS_MAX);
    listeners_count = (uint32_t)strtoul(argv[2], NULL, 10);
    deltas_count = (uint32_t)strtoul(argv[3], NULL, 10);
    assert(listeners_count > 0 && deltas_count > 0 && deltas_count <= DELTAS_MAX);
    files_raise();
    the_world =
        mmap(NULL, sizeof *the_world, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert(the_world != MAP_FAILED);
    int64_t began_us = now_us();
    snprintf(event_text, sizeof event_text, "01970000-0000-7000-8000-%012llx",
             (unsigned long long)began_us & 0xffffffffffff);
    for (int i = 0; i < groups; i++)
        if (fork() == 0)
            _exit(group_live(&the_world->groups[i], (uint16_t)strtoul(argv[5 + i], NULL, 10)));
    ready_await(groups);
    int64_t joined_us = now_us() - began_us;
    deltas_publish(argv[1], strtol(argv[4], NULL, 10) * 1000);
    while (wait(&status) > 0)
        failed |= status != 0;
    return report(groups, joined_us) || failed;
}
