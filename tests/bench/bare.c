// The yardstick: the shortest program that does the hops of one reservation and nothing else. No
// sessions, no validation, no idempotency, no facts, no leases, no live maps.
//   bare edge  PORT NATS_URL            civetweb, self-clocked batches, answer 201
//   bare actor NATS_URL POSTGRES_URL    JetStream consumer, seats in memory, one transaction a
//   batch
// The body is {"event_id":"N","seats":["A","B"]} with numbers. One queue for all events.
// GET /304 and POST /409 are answered by the edge at once: the floor under polls and refusals,
// which is the HTTP library's.
#include <civetweb.h>
#include <libpq-fe.h>
#include <nats/nats.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH_MAX = 512, EVENTS = 256, SEATS = 60000, INFLIGHT_MAX = 2, THREADS = 520 };

typedef struct command {
    uint64_t waiter, id[2];
    uint32_t event, seats[2];
} command;

typedef struct waiter {
    pthread_cond_t done;
    int status; // 0: waiting
} waiter;

static struct {
    natsConnection *nc;
    pthread_mutex_t mutex;
    command queue[65536];
    uint32_t count, inflight;
    uint64_t ids;
} edge;

static uint64_t big_endian(uint64_t v)
{
    return __builtin_bswap64(v);
}

// The mutex is held. Sends what has queued when fewer than two batches are under way.
static void batch_send(void)
{
    if (edge.inflight == INFLIGHT_MAX || edge.count == 0)
        return;
    uint32_t n = edge.count < BATCH_MAX ? edge.count : BATCH_MAX;
    edge.inflight++;
    natsConnection_Publish(edge.nc, "bare.in", edge.queue, (int)(n * sizeof *edge.queue));
    edge.count -= n;
    memmove(edge.queue, edge.queue + n, edge.count * sizeof *edge.queue);
}

static void on_reply(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
    (void)nc, (void)sub, (void)closure;
    const command *done = (const command *)(const void *)natsMsg_GetData(msg);
    uint32_t n = (uint32_t)natsMsg_GetDataLength(msg) / (uint32_t)sizeof *done;
    if (n > 0) {
        pthread_mutex_lock(&edge.mutex);
        edge.inflight--;
        batch_send();
        for (uint32_t i = 0; i < n; i++) {
            waiter *w = (waiter *)(uintptr_t)done[i].waiter;
            w->status = done[i].event == UINT32_MAX ? 409 : 201;
            pthread_cond_signal(&w->done);
        }
        pthread_mutex_unlock(&edge.mutex);
    }
    natsMsg_Destroy(msg);
}

static int on_reserve(struct mg_connection *http, void *closure)
{
    (void)closure;
    char body[512] = {0}, answer[512];
    waiter w = {.done = PTHREAD_COND_INITIALIZER};
    command c = {.waiter = (uint64_t)(uintptr_t)&w};
    mg_read(http, body, sizeof body - 1);
    if (sscanf(body, "{\"event_id\":\"%u\",\"seats\":[\"%u\",\"%u\"]}", &c.event, &c.seats[0],
               &c.seats[1]) != 3)
        return mg_send_http_error(http, 400, "bad"), 400;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    pthread_mutex_lock(&edge.mutex);
    uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    c.id[0] = big_endian(ms << 16 | 0x7000);
    c.id[1] = big_endian(UINT64_C(0x8000000000000000) | ++edge.ids);
    edge.queue[edge.count++] = c;
    batch_send();
    while (w.status == 0)
        pthread_cond_wait(&w.done, &edge.mutex);
    pthread_mutex_unlock(&edge.mutex);
    char json[256];
    int bytes = snprintf(json, sizeof json, "{\"id\":\"%016llx%016llx\",\"state\":\"held\"}",
                         (unsigned long long)c.id[0], (unsigned long long)c.id[1]);
    bytes = snprintf(answer, sizeof answer,
                     "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                     "Connection: keep-alive\r\n\r\n%s",
                     w.status, bytes, json);
    mg_write(http, answer, (size_t)bytes);
    return w.status;
}

static int answer_at_once(struct mg_connection *http, void *answer)
{
    char body[512];
    mg_read(http, body, sizeof body);
    mg_write(http, answer, strlen(answer));
    return 200;
}

// As long as the product's.
static char answer_304[] =
    "HTTP/1.1 304 Not Modified\r\nDate: Sun, 22 Nov 2026 08:00:00 GMT\r\n"
    "Cache-Control: public, max-age=1, s-maxage=1, stale-while-revalidate=5\r\n"
    "ETag: \"s12345\"\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "Cavea-Version: 12345\r\n\r\n";
static char answer_409[] =
    "HTTP/1.1 409 Conflict\r\nContent-Type: application/problem+json\r\nContent-Length: 145\r\n\r\n"
    "{\"type\":\"about:blank\",\"title\":\"Seats are gone\",\"status\":409,\"seats\":[\"A-1-1\","
    "\"A-1-2\"],\"alternatives\":[\"A-1-11\",\"A-1-12\",\"A-1-13\",\"A-1-14\",\"A\"]}  ";

static void nats_connect(natsConnection **ret_nc, const char *url)
{
    natsOptions *options = NULL;
    natsOptions_Create(&options);
    natsOptions_SetURL(options, url);
    natsOptions_SetSendAsap(options, true);
    natsStatus s = natsConnection_Connect(ret_nc, options);
    natsOptions_Destroy(options);
    if (s != NATS_OK) {
        fprintf(stderr, "bare: %s\n", natsStatus_GetText(s));
        exit(2);
    }
}

static void edge_run(const char *port, const char *url)
{
    char threads[16];
    snprintf(threads, sizeof threads, "%d", THREADS);
    const char *options[] = {"listening_ports",
                             port,
                             "num_threads",
                             threads,
                             "enable_keep_alive",
                             "yes",
                             "keep_alive_timeout_ms",
                             "60000",
                             "tcp_nodelay",
                             "1",
                             "connection_queue",
                             "1024",
                             NULL};
    pthread_mutex_init(&edge.mutex, NULL);
    nats_connect(&edge.nc, url);
    natsSubscription *sub = NULL;
    natsConnection_Subscribe(&sub, edge.nc, "bare.reply", on_reply, NULL);
    mg_init_library(0);
    struct mg_context *ctx = mg_start(NULL, NULL, options);
    if (ctx == NULL)
        exit(2);
    mg_set_request_handler(ctx, "/v1/reservations", on_reserve, NULL);
    mg_set_request_handler(ctx, "/304", answer_at_once, answer_304);
    mg_set_request_handler(ctx, "/409", answer_at_once, answer_409);
    printf("ready\n");
    fflush(stdout);
    int got;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &got);
    _exit(0);
}

static struct {
    PGconn *pg;
    natsConnection *nc;
    uint8_t taken[EVENTS][SEATS];
} actor;

static void sql(const char *text)
{
    PGresult *r = PQexec(actor.pg, text);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fprintf(stderr, "bare: %s\n", PQresultErrorMessage(r));
        exit(2);
    }
    PQclear(r);
}

typedef struct array { // a one-dimensional binary array of fixed-size elements
    char bytes[32 + BATCH_MAX * 2 * 20];
    int used;
    uint32_t count;
} array;

static void put(array *a, const void *data, uint32_t data_bytes)
{
    memcpy(a->bytes + a->used, data, data_bytes);
    a->used += (int)data_bytes;
}

static void put32(array *a, uint32_t v)
{
    v = __builtin_bswap32(v);
    put(a, &v, 4);
}

static void array_begin(array *a, uint32_t type)
{
    a->used = 0;
    a->count = 0;
    put32(a, 1), put32(a, 0), put32(a, type), put32(a, 0), put32(a, 1);
}

static void array_end(array *a)
{
    uint32_t v = __builtin_bswap32(a->count);
    memcpy(a->bytes + 12, &v, 4);
}

static void array_int(array *a, uint32_t v)
{
    put32(a, 4), put32(a, v);
    a->count++;
}

static void array_key(array *a, uint32_t event, uint32_t seat)
{
    uint64_t key = big_endian((uint64_t)event << 16 | seat);
    put32(a, 8), put(a, &key, 8);
    a->count++;
}

static void array_uuid(array *a, const uint64_t id[2])
{
    put32(a, 16), put(a, id, 16);
    a->count++;
}

// One statement for both tables is one transaction and one round trip. What the product measured as
// faster is here, too: unnest in the select list, a claim's key in one column, claims in the order
// of their index.
static const char batch_sql[] =
    "WITH i AS (INSERT INTO bare_reservation SELECT id, event, ARRAY[a, b], now() + '10 min' FROM "
    "(SELECT unnest($1::uuid[]) id, unnest($2::int4[]) event, unnest($3::int4[]) a, "
    "unnest($4::int4[]) b) r) INSERT INTO bare_claim SELECT unnest($5::int8[]), "
    "unnest($6::uuid[]) ORDER BY 1";

static bool batch_write(const command *list, uint32_t n)
{
    static array ids, events, first, second, keys, owners;
    array_begin(&ids, 2950), array_begin(&events, 23), array_begin(&first, 23);
    array_begin(&second, 23), array_begin(&keys, 20), array_begin(&owners, 2950);
    for (uint32_t i = 0; i < n; i++) {
        const command *c = &list[i];
        if (c->event == UINT32_MAX)
            continue;
        array_uuid(&ids, c->id), array_int(&events, c->event);
        array_int(&first, c->seats[0]), array_int(&second, c->seats[1]);
        for (int k = 0; k < 2; k++)
            array_key(&keys, c->event, c->seats[k]), array_uuid(&owners, c->id);
    }
    array *columns[] = {&ids, &events, &first, &second, &keys, &owners};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    const char *values[COLUMNS];
    int lengths[COLUMNS], formats[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        array_end(columns[i]);
        values[i] = columns[i]->bytes, lengths[i] = columns[i]->used, formats[i] = 1;
    }
    PGresult *r = PQexecPrepared(actor.pg, "batch", COLUMNS, values, lengths, formats, 1);
    bool written = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!written)
        fprintf(stderr, "bare: %s\n", PQresultErrorMessage(r));
    PQclear(r);
    return written;
}

static uint32_t batch_decide(natsMsg *msg, command *list)
{
    int bytes = natsMsg_GetDataLength(msg);
    memcpy(list, natsMsg_GetData(msg), (size_t)bytes);
    uint32_t n = (uint32_t)bytes / (uint32_t)sizeof *list;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t *a = &actor.taken[list[i].event % EVENTS][list[i].seats[0] % SEATS];
        uint8_t *b = &actor.taken[list[i].event % EVENTS][list[i].seats[1] % SEATS];
        if (*a || *b)
            list[i].event = UINT32_MAX;
        else
            *a = *b = 1;
    }
    return n;
}

static void actor_run(const char *url, const char *postgres)
{
    actor.pg = PQconnectdb(postgres);
    if (PQstatus(actor.pg) != CONNECTION_OK) {
        fprintf(stderr, "bare: %s\n", PQerrorMessage(actor.pg));
        exit(2);
    }
    sql("DROP TABLE IF EXISTS bare_reservation, bare_claim");
    sql("CREATE TABLE bare_reservation (id uuid PRIMARY KEY, event int4, seats int4[], expires "
        "timestamptz)");
    sql("CREATE TABLE bare_claim (seat_key int8 PRIMARY KEY, id uuid)");
    PQclear(PQprepare(actor.pg, "batch", batch_sql, 0, NULL));
    nats_connect(&actor.nc, url);
    jsCtx *js = NULL;
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    const char *subjects[] = {"bare.in"};
    config.Name = "BARE", config.Subjects = subjects, config.SubjectsLen = 1;
    config.Storage = js_FileStorage, config.MaxBytes = 256 * 1024 * 1024;
    natsConnection_JetStream(&js, actor.nc, NULL);
    js_DeleteStream(js, "BARE", NULL, NULL);
    js_AddStream(NULL, js, &config, NULL, NULL);
    jsSubOptions so;
    jsSubOptions_Init(&so);
    so.Ordered = true;
    natsSubscription *sub = NULL;
    if (js_SubscribeSync(&sub, js, "bare.in", NULL, &so, NULL) != NATS_OK)
        exit(2);
    printf("ready\n");
    fflush(stdout);
    static command list[BATCH_MAX];
    for (;;) {
        natsMsg *msg = NULL;
        if (natsSubscription_NextMsg(&msg, sub, 1000) != NATS_OK)
            continue;
        uint32_t n = batch_decide(msg, list);
        natsMsg_Destroy(msg);
        if (batch_write(list, n))
            natsConnection_Publish(actor.nc, "bare.reply", list, (int)(n * sizeof *list));
    }
}

int main(int argc, char **argv)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    if (argc == 4 && strcmp(argv[1], "edge") == 0) {
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        edge_run(argv[2], argv[3]);
    } else if (argc == 4 && strcmp(argv[1], "actor") == 0) {
        actor_run(argv[2], argv[3]);
    }
    fprintf(stderr, "usage: bare edge PORT NATS_URL | bare actor NATS_URL POSTGRES_URL\n");
    return 2;
}
