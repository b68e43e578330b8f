// A load generator: one thread, epoll, keep-alive HTTP/1.1 connections to loopback. Closed loop
// (each connection sends its next request when the last was answered; told to come back later, it
// does after a second) or open loop (--rate: Poisson arrivals; latency counts from the intended
// moment of sending, so that a stalled server cannot hide behind a waiting generator). Prints one
// JSON object.
//   --mode reserve  POST /v1/reservations (or --path) with two seats, of --events, --seats and
//                   --tokens; --keep appends "id token" of each reservation to a file
//   --mode get      GET of --path, with --header "Name: value" when given
//   --mode poll     what changed in the seat map of each of --events
//   --mode pay      checkout of each of --reservations, then its confirmation at the provider
// Requests are numbered from --first to --requests, so that a later run goes on in the same house.
// What was answered 503 is asked again under the same Idempotency-Key. After the end answers are
// waited for --grace-ms. With --slice-ms: successes, and the slowest answer, of each slice of time.
#include "tests/bench/load/load.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

int64_t load_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

void load_die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(2);
}

uint64_t load_random(load *l) // splitmix64
{
    uint64_t z = l->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static uint64_t cpu_us(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (uint64_t)((r.ru_utime.tv_sec + r.ru_stime.tv_sec) * INT64_C(1000000) +
                      r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void put(const char *name, uint64_t value)
{
    printf(",\"%s\":%llu", name, (unsigned long long)value);
}

static void put_latency(const histogram *h, const char *prefix)
{
    static const struct {
        const char *name;
        double share;
    } quantiles[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}, {"p999_us", 0.999}};
    char name[32];
    for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, quantiles[i].name);
        put(name, (uint64_t)histogram_quantile(h, quantiles[i].share));
    }
    snprintf(name, sizeof name, "%smax_us", prefix);
    put(name, (uint64_t)h->max_us);
}

// An error is whatever no client should see: 409 is an answer.
static void report(const load *l)
{
    uint64_t lost = l->sent - l->answered - l->broken;
    double seconds = (double)(load_now_us() - l->start_us) / 1e6;
    printf("{\"seconds\":%.3f,\"per_second\":%.1f,\"ok_per_second\":%.1f", seconds,
           (double)l->answered / seconds, (double)l->by_class[2] / seconds);
    put("start_us", (uint64_t)l->start_us);
    put("end_us", (uint64_t)l->end_us);
    put("sent", l->sent);
    put("answered", l->answered);
    put("2xx", l->by_class[2]);
    put("3xx", l->by_class[3]);
    put("4xx", l->by_class[4]);
    put("409", l->conflicts);
    put("5xx", l->by_class[5]);
    put("503", l->unavailable);
    put("retry_after", l->retry_after);
    put("broken", l->broken);
    put("timeouts", lost);
    put("unsent", l->unsent);
    put("errors", l->by_class[0] + l->by_class[1] + l->by_class[4] - l->conflicts + l->by_class[5] +
                      l->broken + lost);
    put("refused_connections", l->refused_connections);
    put_latency(&l->latency, "");
    if (l->o.mode == MODE_PAY)
        put_latency(&l->chain, "chain_");
    put("lag_max_us", (uint64_t)l->lag_max_us);
    put("cpu_us", cpu_us());
    put("next", l->next);
    for (uint32_t i = 0; i < l->slices_count; i++)
        printf("%s%u", i == 0 ? ",\"slices\":[" : ",", l->slices[i]);
    for (uint32_t i = 0; i < l->slices_count; i++)
        printf("%s%lld", i == 0 ? "],\"slowest_us\":[" : ",", (long long)l->slowest_us[i]);
    printf("%s}\n", l->slices_count == 0 ? "" : "]");
}

static const struct option names[] = {
    {"mode", 1, 0, 'm'},          {"port", 1, 0, 'p'},
    {"path", 1, 0, 'g'},          {"header", 1, 0, 'h'},
    {"events", 1, 0, 'e'},        {"seats", 1, 0, 's'},
    {"tokens", 1, 0, 't'},        {"connections", 1, 0, 'c'},
    {"seconds", 1, 0, 'd'},       {"rate", 1, 0, 'r'},
    {"requests", 1, 0, 'n'},      {"first", 1, 0, 'f'},
    {"seed", 1, 0, 'x'},          {"seats-each", 1, 0, 'k'},
    {"keep", 1, 0, 'o'},          {"reservations", 1, 0, 'v'},
    {"provider-port", 1, 0, 'q'}, {"provider-key-file", 1, 0, 'y'},
    {"slice-ms", 1, 0, 'i'},      {"sources", 1, 0, 'a'},
    {"grace-ms", 1, 0, 'w'},      {0}};

static const char **text_of(options *o, int option)
{
    return option == 'g'   ? &o->path
           : option == 'h' ? &o->header
           : option == 'e' ? &o->events_file
           : option == 's' ? &o->seats_file
           : option == 't' ? &o->tokens_file
           : option == 'o' ? &o->keep_file
           : option == 'v' ? &o->reservations_file
           : option == 'y' ? &o->provider_key_file
                           : NULL;
}

static uint32_t *number_of(options *o, int option)
{
    return option == 'c'   ? &o->connections
           : option == 'k' ? &o->seats_each
           : option == 'x' ? &o->seed
           : option == 'i' ? &o->slice_ms
           : option == 'a' ? &o->sources
           : option == 'w' ? &o->grace_ms
                           : NULL;
}

static load_mode mode_of(const char *name)
{
    static const char *const modes[] = {"reserve", "get", "poll", "pay"};
    for (int i = 0; i < 4; i++)
        if (strcmp(name, modes[i]) == 0)
            return (load_mode)i;
    errno = EINVAL;
    load_die(name);
}

static void options_read(options *o, int argc, char **argv)
{
    *o = (options){.path = "/v1/reservations",
                   .header = "",
                   .connections = 128,
                   .sources = 1,
                   .grace_ms = 10000,
                   .seats_each = 2,
                   .seconds = 5,
                   .seed = 1};
    bool rate_wrong = false;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (text_of(o, c) != NULL)
            *text_of(o, c) = optarg;
        else if (number_of(o, c) != NULL)
            *number_of(o, c) = (uint32_t)strtoul(optarg, NULL, 10);
        else if (c == 'm')
            o->mode = mode_of(optarg);
        else if (c == 'p' || c == 'q')
            *(c == 'p' ? &o->port : &o->provider_port) = (int)strtol(optarg, NULL, 10);
        else if (c == 'd' || c == 'r')
            *(c == 'd' ? &o->seconds : &o->rate) = strtod(optarg, NULL);
        else if (c == 'f' || c == 'n')
            *(c == 'f' ? &o->first : &o->requests_max) = strtoull(optarg, NULL, 10);
        else
            exit(2);
        rate_wrong |= c == 'r' && !(o->rate > 0); // 0 would be a closed loop
    }
    bool provider = o->mode != MODE_PAY || o->provider_port != 0;
    if (o->port == 0 || rate_wrong || !provider || o->connections == 0 ||
        o->connections > CONNECTIONS_MAX / 2 || o->sources == 0 || o->sources > 200 ||
        o->seats_each == 0 || o->seats_each > 10) {
        fprintf(stderr, "load: an option is missing or too large; see the head of load.c\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static load l;
    options_read(&l.o, argc, argv);
    prctl(PR_SET_TIMERSLACK, 1); // arrivals come when they are due
    l.random = l.o.seed;
    requests_init(&l);
    l.connections_count = l.o.mode == MODE_PAY ? 2 * l.o.connections : l.o.connections;
    l.connections = calloc(l.connections_count, sizeof *l.connections);
    l.idle = calloc(l.o.connections, sizeof *l.idle);
    l.pauses = calloc(l.o.connections, sizeof *l.pauses);
    if (l.connections == NULL || l.idle == NULL || l.pauses == NULL)
        load_die("memory");
    engine_run(&l);
    report(&l);
    if (l.keep != NULL && fclose(l.keep) != 0)
        load_die("the list of reservations");
    return l.answered + l.broken < l.sent;
}
