// cavea-load: a population of buyers, and its journal. Prints one JSON object at the end. SIGTERM
// ends the arrivals; who is in the shop then still finishes. `cavea-load --help` has the options.
#include "chaos/load/load.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

static load the;

int64_t load_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

uint64_t load_random(load *l) // splitmix64
{
    uint64_t z = l->random += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

void load_die(const char *what)
{
    fprintf(stderr, "cavea-load: %s: %s\n", what, errno == 0 ? "no" : strerror(errno));
    exit(2);
}

const char *load_kind_name(load_kind kind)
{
    static const char *const names[LOAD_KINDS_END] = {"session", "reserve", "release", "checkout",
                                                      "pay",     "read",    "tickets", "cancel"};
    return names[kind];
}

static void put(const char *name, uint64_t value)
{
    printf(",\"%s\":%llu", name, (unsigned long long)value);
}

static void kind_report(const kind_count *k, const char *name, bool first)
{
    printf("%s\"%s\":{\"sent\":%llu", first ? "" : ",", name, (unsigned long long)k->sent);
    put("repeated", k->repeated);
    put("done", k->done);
    put("refused", k->refused);
    put("busy", k->busy);
    put("failed", k->failed);
    put("silent", k->silent);
    put("given_up", k->given_up);
    put("p50_us", (uint64_t)histogram_quantile(&k->latency, 0.5));
    put("p90_us", (uint64_t)histogram_quantile(&k->latency, 0.9));
    put("p99_us", (uint64_t)histogram_quantile(&k->latency, 0.99));
    put("p999_us", (uint64_t)histogram_quantile(&k->latency, 0.999));
    put("max_us", (uint64_t)k->latency.max_us);
    printf("}");
}

static void report(const load *l)
{
    printf("{\"seconds\":%.3f", (double)(load_now_us() - l->start_us) / 1e6);
    put("start_us", (uint64_t)l->start_us);
    put("end_us", (uint64_t)l->end_us);
    put("buyers", l->arrivals);
    put("buyers_turned_away", l->unsent);
    put("buyers_left", SHOPPERS_MAX - l->idle_count);
    put("reservations", l->bought);
    put("requests", l->attempts);
    put("resets", l->resets);
    put("lag_max_us", (uint64_t)l->lag_max_us);
    printf(",\"kinds\":{");
    for (load_kind k = 0; k < LOAD_KINDS_END; k++)
        kind_report(&l->kinds[k], load_kind_name(k), k == 0);
    printf("}}\n");
}

static void usage(FILE *to)
{
    fputs("cavea-load --edge URL... --provider URL --provider-key-file FILE --seats FILE\n"
          "           --journal FILE [options]\n\n"
          "  --seats FILE       lines \"event TAB seat\": what is wanted, in this order\n"
          "  --journal FILE     is made; chaos/load/journal.h says how it reads\n"
          "  --rate N           buyers a second (50)\n"
          "  --seconds S        how long they come (10)\n"
          "  --seats-each N     at most so many seats each, 1 to 4 (2)\n"
          "  --window N         over so many seats the crowd is spread at a time (1000)\n"
          "  --lines N          connections to each server (128)\n"
          "  --answer-ms N      until an answer is given up and asked for elsewhere (4000)\n"
          "  --patience-ms N    until a buyer gives a step up (30000)\n"
          "  --grace-ms N       until the program gives up whoever is left (60000)\n"
          "  --resets SHARE     of the requests are cut off right after they were sent (0)\n"
          "  --seed N           (1)\n",
          to);
}

static const struct option names[] = {{"edge", 1, 0, 'e'},
                                      {"provider", 1, 0, 'p'},
                                      {"provider-key-file", 1, 0, 'k'},
                                      {"seats", 1, 0, 's'},
                                      {"journal", 1, 0, 'j'},
                                      {"rate", 1, 0, 'r'},
                                      {"seconds", 1, 0, 'd'},
                                      {"window", 1, 0, 'w'},
                                      {"lines", 1, 0, 'c'},
                                      {"answer-ms", 1, 0, 'a'},
                                      {"grace-ms", 1, 0, 'g'},
                                      {"patience-ms", 1, 0, 'i'},
                                      {"seats-each", 1, 0, 'n'},
                                      {"resets", 1, 0, 'z'},
                                      {"seed", 1, 0, 'x'},
                                      {"help", 0, 0, 'h'},
                                      {0}};

static bool number(const char *given, double least, double most, double *ret_value)
{
    char *end;
    double value = strtod(given, &end);
    if (end == given || *end != 0 || !(value >= least && value <= most))
        return false;
    *ret_value = value;
    return true;
}

static bool option_number(load_options *o, int c, const char *given)
{
    double v = 0;
    bool good = number(given, c == 'z' ? 0 : 0.001, c == 'z' ? 1 : 1e7, &v);
    switch (c) {
    case 'r':
        o->rate = v;
        return good;
    case 'd':
        o->seconds = v;
        return good;
    case 'z':
        o->reset_share = v;
        return good;
    case 'w':
        o->window = (uint32_t)v;
        return good && v >= 1;
    case 'c':
        o->lines = (uint32_t)v;
        return good && v >= 1 && v <= (double)LINES_PER_TARGET_MAX;
    case 'n':
        o->seats_each = (uint32_t)v;
        return good && v >= 1 && v <= (double)SEATS_EACH_MAX;
    case 'x':
        o->seed = (uint32_t)v;
        return good;
    case 'a':
        o->answer_us = (int64_t)(v * 1000);
        return good;
    case 'i':
        o->patience_us = (int64_t)(v * 1000);
        return good;
    case 'g':
        o->grace_us = (int64_t)(v * 1000);
        return good;
    default:
        return false;
    }
}

static bool options_read(load *l, int argc, char **argv, const char **ret_provider)
{
    load_options *o = &l->o;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        if (c == 'e') {
            if (l->edges_count == EDGES_MAX || !lines_target_add(&l->lines, optarg))
                return false;
            l->edges_count++;
        } else if (c == 'p') {
            *ret_provider = optarg;
        } else if (c == 'k') {
            o->provider_key_file = optarg;
        } else if (c == 's') {
            o->seats_file = optarg;
        } else if (c == 'j') {
            o->journal_file = optarg;
        } else if (c == 'h') {
            usage(stdout);
            exit(0);
        } else if (!option_number(o, c, optarg)) {
            return false;
        }
    }
    return optind == argc && l->edges_count > 0 && *ret_provider != NULL && o->seats_file &&
           o->journal_file && o->provider_key_file && lines_target_add(&l->lines, *ret_provider);
}

static void provider_key_read(load *l)
{
    FILE *f = fopen(l->o.provider_key_file, "re");
    if (f == NULL || fgets(l->provider_key, sizeof l->provider_key, f) == NULL)
        load_die("the provider's key");
    fclose(f);
    l->provider_key[strcspn(l->provider_key, "\n")] = 0;
}

static void journal_begin(load *l)
{
    struct timespec wall;
    if (!journal_open(&l->journal, l->o.journal_file))
        load_die(l->o.journal_file);
    clock_gettime(CLOCK_REALTIME, &wall);
    journal_write(&l->journal,
                  "# cavea journal 1\n# wall_us %lld\n# mono_us %lld\n# seed %u\n# rate %g\n",
                  (long long)wall.tv_sec * 1000000 + wall.tv_nsec / 1000, (long long)load_now_us(),
                  l->o.seed, l->o.rate);
}

int main(int argc, char **argv)
{
    load *l = &the;
    const char *provider = NULL;
    l->o = (load_options){.lines = 128,
                          .seats_each = 2,
                          .window = 1000,
                          .seed = 1,
                          .seconds = 10,
                          .rate = 50,
                          .answer_us = 4000000,
                          .patience_us = 30000000,
                          .grace_us = 60000000};
    if (!options_read(l, argc, argv, &provider)) {
        usage(stderr);
        return 2;
    }
    if (!lines_init(&l->lines, l->o.lines))
        load_die("memory");
    l->provider = l->edges_count;
    l->random = l->o.seed;
    l->shoppers = calloc(SHOPPERS_MAX, sizeof *l->shoppers);
    l->idle = calloc(SHOPPERS_MAX, sizeof *l->idle);
    l->timers = calloc(SHOPPERS_MAX, sizeof *l->timers);
    if (l->shoppers == NULL || l->idle == NULL || l->timers == NULL)
        load_die("memory");
    while (l->idle_count < SHOPPERS_MAX) {
        l->idle[l->idle_count] = SHOPPERS_MAX - 1 - l->idle_count;
        l->idle_count++;
    }
    provider_key_read(l);
    shows_read(l);
    journal_begin(l);
    prctl(PR_SET_TIMERSLACK, 1); // buyers come when they are due
    signal(SIGTERM, engine_stop);
    signal(SIGINT, engine_stop);
    signal(SIGPIPE, SIG_IGN);
    engine_run(l);
    journal_close(&l->journal);
    report(l);
    return 0;
}
