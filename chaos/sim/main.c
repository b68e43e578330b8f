// cavea-sim: runs the simulator over many seeds. Prints one line; or, when an invariant breaks or
// an assertion of the shipped code stops the process, the seed, how to replay it, and the last
// steps.
#include "chaos/sim/sim.h"
#include "schemas/bug.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SEED_SECONDS_MAX = 60 };

typedef struct arguments {
    uint64_t seeds, seed;
    uint32_t steps;
    bool trace;
    const char *bug;
} arguments;

static arguments asked = {.seeds = 100, .seed = 1, .steps = 4000};
static sim *running;
static uint64_t running_seed;

static void usage(FILE *to)
{
    fputs("cavea-sim [--seeds N] [--seed S] [--steps N] [--trace] [--bug NAME]\n\n"
          "  --seeds N   how many seeds to run (100)\n"
          "  --seed S    the first of them (1)\n"
          "  --steps N   steps with faults in each, before everything must drain (4000)\n"
          "  --trace     print every step of every seed\n"
          "  --bug NAME  switch a known bug on (builds with CAVEA_BUGS only):\n",
          to);
#ifdef CAVEA_BUGS
#define X(name, text, what) fprintf(to, "              %-16s %s\n", text, what);
    BUG_LIST(X)
#undef X
#endif
}

static void replay_tell(const char *what)
{
    printf("seed %" PRIu64 " is broken: %s\n\nthe last steps (seconds, what, who, numbers, id):\n",
           running_seed, what);
    sim_trace_print(running, stdout);
    printf("\nreplay: cavea-sim --seeds 1 --seed %" PRIu64 " --steps %u%s%s --trace\n",
           running_seed, asked.steps, asked.bug == NULL ? "" : " --bug ",
           asked.bug == NULL ? "" : asked.bug);
    fflush(stdout);
}

// A failed assertion, or a loop without end, is found by a seed like anything else. The signal
// comes from our own thread, out of the simulation and not out of stdio, so printing is fine here.
static void on_fatal(int signal)
{
    replay_tell(signal == SIGABRT   ? "an assertion failed"
                : signal == SIGALRM ? "the shipped code does not return"
                                    : "the process got a fatal signal");
    _exit(1);
}

static bool number_read(const char *text, uint64_t max, uint64_t *ret_number)
{
    char *end = NULL;
    unsigned long long n =
        text == NULL || *text < '0' || *text > '9' ? 0 : strtoull(text, &end, 10);
    if (end == NULL || *end != 0 || n > max)
        return false;
    *ret_number = n;
    return true;
}

static bool bug_read(const char *name)
{
#ifdef CAVEA_BUGS
    asked.bug = name;
    return name != NULL && bug_switch_on(name);
#else
    (void)name;
    fputs("cavea-sim: this build has no bugs to switch on; configure with -DCAVEA_BUGS=ON\n",
          stderr);
    return false;
#endif
}

static bool arguments_read(int count, char **values)
{
    uint64_t steps = asked.steps;
    for (int i = 1; i < count; i++) {
        const char *next = i + 1 < count ? values[i + 1] : NULL;
        bool good = false;
        if (strcmp(values[i], "--trace") == 0) {
            asked.trace = good = true;
            continue;
        }
        if (strcmp(values[i], "--seeds") == 0)
            good = number_read(next, UINT64_MAX, &asked.seeds);
        else if (strcmp(values[i], "--seed") == 0)
            good = number_read(next, UINT64_MAX, &asked.seed);
        else if (strcmp(values[i], "--steps") == 0)
            good = number_read(next, 100000000, &steps);
        else if (strcmp(values[i], "--bug") == 0)
            good = bug_read(next);
        if (!good)
            return false;
        i++;
    }
    asked.steps = (uint32_t)steps;
    return true;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool seeds_run(void)
{
    sim_outcome sum = {0};
    double started = seconds_now();
    for (uint64_t i = 0; i < asked.seeds; i++) {
        sim_options options = {asked.seed + i, asked.steps, asked.trace ? stdout : NULL};
        sim_outcome outcome;
        running_seed = options.seed;
        alarm(SEED_SECONDS_MAX);
        sim_run(running, &options, &outcome);
        if (outcome.broken) {
            replay_tell(outcome.what);
            printf("found in seed %" PRIu64 " of %" PRIu64 "\n", i + 1, asked.seeds);
            return false;
        }
        sum.steps += outcome.steps;
        sum.commits += outcome.commits;
        sum.commits_lost += outcome.commits_lost;
        sum.reservations += outcome.reservations;
        sum.confirmed += outcome.confirmed;
        sum.refunded += outcome.refunded;
        sum.late += outcome.late;
        sum.given_back += outcome.given_back;
        sum.fenced += outcome.fenced;
        sum.rejected += outcome.rejected;
        sum.crashes += outcome.crashes;
    }
    double took = seconds_now() - started;
    printf("%" PRIu64 " seeds, %" PRIu64 " steps, %.0f steps/s, %.0f seeds/s; %" PRIu64
           " commits (%" PRIu64 " lost, %" PRIu64 " fenced), %" PRIu64 " reservations, %" PRIu64
           " confirmed (%" PRIu64 " paid too late), %" PRIu64 " refunded (%" PRIu64
           " given back), %" PRIu64 " rejected, %" PRIu64 " crashes\n",
           asked.seeds, sum.steps, (double)sum.steps / took, (double)asked.seeds / took,
           sum.commits, sum.commits_lost, sum.fenced, sum.reservations, sum.confirmed, sum.late,
           sum.refunded, sum.given_back, sum.rejected, sum.crashes);
    return true;
}

int main(int count, char **values)
{
    if (!arguments_read(count, values)) {
        usage(stderr);
        return 2;
    }
    running = sim_new();
    if (running == NULL) {
        fputs("cavea-sim: no memory\n", stderr);
        return 2;
    }
    signal(SIGABRT, on_fatal);
    signal(SIGSEGV, on_fatal);
    signal(SIGALRM, on_fatal);
    bool good = seeds_run();
    sim_free(running);
    return good ? 0 : 1;
}
