// cavea-sim: runs the simulator over many seeds. Prints one line; or, when an invariant breaks or
// an assertion of the shipped code stops the process, the seed, how to replay it, and the last
// steps.
#include "chaos/sim/sim.h"
#include "schemas/bug.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SEED_SECONDS_MAX = 60, JOBS_MAX = 64, SEEDS_FOR_JOBS = 100 };

typedef struct arguments {
    uint64_t seeds, seed;
    uint32_t steps, jobs; // jobs 0: one for each processor
    bool trace;
    const char *bug;
} arguments;

static arguments asked = {.seeds = 100, .seed = 1, .steps = 4000};
static sim *running;
static uint64_t running_seed;

static void usage(FILE *to)
{
    fputs("cavea-sim [--seeds N] [--seed S] [--steps N] [--jobs N] [--trace] [--bug NAME]\n\n"
          "  --seeds N   how many seeds to run (100)\n"
          "  --seed S    the first of them (1)\n"
          "  --steps N   steps with faults in each, before everything must drain (4000)\n"
          "  --jobs N    processes that share the seeds (one for each processor)\n"
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
    uint64_t steps = asked.steps, jobs = asked.jobs;
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
        else if (strcmp(values[i], "--jobs") == 0)
            good = number_read(next, JOBS_MAX, &jobs);
        else if (strcmp(values[i], "--bug") == 0)
            good = bug_read(next);
        if (!good)
            return false;
        i++;
    }
    asked.steps = (uint32_t)steps;
    asked.jobs = (uint32_t)jobs;
    return true;
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void outcome_add(sim_outcome *sum, const sim_outcome *o)
{
    sum->steps += o->steps;
    sum->commits += o->commits;
    sum->commits_lost += o->commits_lost;
    sum->reservations += o->reservations;
    sum->confirmed += o->confirmed;
    sum->refunded += o->refunded;
    sum->late += o->late;
    sum->given_back += o->given_back;
    sum->fenced += o->fenced;
    sum->rejected += o->rejected;
    sum->crashes += o->crashes;
}

// Every step-th seed from the first on.
static bool seeds_run(uint64_t first, uint64_t step, sim_outcome *ret_sum)
{
    for (uint64_t i = first; i < asked.seeds; i += step) {
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
        outcome_add(ret_sum, &outcome);
    }
    return true;
}

typedef struct job {
    pid_t pid;
    int pipe;   // brings the sum
    FILE *text; // what it printed
} job;

static bool job_start(job *j, uint32_t number, uint32_t jobs)
{
    int ends[2];
    j->text = tmpfile();
    if (j->text == NULL || pipe(ends) != 0)
        return false;
    j->pipe = ends[0];
    j->pid = fork();
    if (j->pid == 0) {
        sim_outcome sum = {0};
        dup2(fileno(j->text), STDOUT_FILENO);
        bool good = seeds_run(number, jobs, &sum);
        fflush(stdout);
        good = good && write(ends[1], &sum, sizeof sum) == sizeof sum;
        _exit(good ? 0 : 1);
    }
    close(ends[1]);
    return j->pid > 0;
}

// The first one that finds something ends the others, and what it printed is printed.
static bool job_end(job *jobs, uint32_t count, sim_outcome *ret_sum)
{
    int status = 0;
    char line[512];
    pid_t pid = wait(&status);
    uint32_t n = 0;
    while (n < count && jobs[n].pid != pid)
        n++;
    if (n == count)
        return false;
    jobs[n].pid = 0;
    sim_outcome sum;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
        read(jobs[n].pipe, &sum, sizeof sum) == sizeof sum) {
        outcome_add(ret_sum, &sum);
        return true;
    }
    for (uint32_t i = 0; i < count; i++)
        if (jobs[i].pid > 0)
            kill(jobs[i].pid, SIGKILL);
    rewind(jobs[n].text);
    while (fgets(line, sizeof line, jobs[n].text) != NULL)
        fputs(line, stdout);
    return false;
}

static bool jobs_run(uint32_t count, sim_outcome *ret_sum)
{
    static job jobs[JOBS_MAX];
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++)
        good = job_start(&jobs[i], i, count);
    for (uint32_t i = 0; i < count && good; i++)
        good = job_end(jobs, count, ret_sum);
    return good;
}

static uint32_t jobs_count(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (asked.trace || asked.bug != NULL || asked.seeds < SEEDS_FOR_JOBS || processors < 1)
        return 1;
    return processors < JOBS_MAX ? (uint32_t)processors : JOBS_MAX;
}

static bool all_run(void)
{
    sim_outcome sum = {0};
    double started = seconds_now();
    uint32_t jobs = asked.jobs == 0 ? jobs_count() : asked.jobs;
    if (jobs == 1 ? !seeds_run(0, 1, &sum) : !jobs_run(jobs, &sum))
        return false;
    double took = seconds_now() - started;
    printf("%" PRIu64 " seeds in %.1f s, %" PRIu64 " steps, %.0f steps/s, %.0f seeds/s; %" PRIu64
           " commits (%" PRIu64 " lost, %" PRIu64 " fenced), %" PRIu64 " reservations, %" PRIu64
           " confirmed (%" PRIu64 " paid too late), %" PRIu64 " refunded (%" PRIu64
           " given back), %" PRIu64 " rejected, %" PRIu64 " crashes\n",
           asked.seeds, took, sum.steps, (double)sum.steps / took, (double)asked.seeds / took,
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
    bool good = all_run();
    sim_free(running);
    return good ? 0 : 1;
}
