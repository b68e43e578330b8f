// cavea-audit: judges the evidence of a run. chaos/lib/evidence.sh collects it. Exit status 0:
// every invariant holds; 1: a breach; 2: the evidence cannot be read, or holds nothing to judge.
#include "chaos/audit/audit.h"

#include <getopt.h>
#include <stdlib.h>

static void usage(FILE *to)
{
    fputs("cavea-audit [options] FOLDER\n\n"
          "  --json FILE      writes the verdict as JSON too\n"
          "  --release-ms N   by so much a hold may outlive its deadline (1000)\n"
          "  --clock-ms N     by so much clocks of the witness and the database differ (50)\n"
          "  --unsettled      money may still be on its way\n"
          "  --help           this text\n",
          to);
}

static const struct option names[] = {{"json", 1, 0, 'j'},     {"release-ms", 1, 0, 'r'},
                                      {"clock-ms", 1, 0, 'c'}, {"unsettled", 0, 0, 'u'},
                                      {"help", 0, 0, 'h'},     {0}};

static bool json_write(const char *path, const verdict *v, const evidence *e)
{
    FILE *f = fopen(path, "we");
    if (f == NULL)
        return false;
    verdict_json(v, e, f);
    return fclose(f) == 0;
}

static int judge(const char *folder, const char *json, const audit_limits *limits)
{
    static verdict v;
    evidence e;
    int status = 2;
    if (!evidence_read(folder, &e)) {
        fprintf(stderr, "cavea-audit: %s\n", e.problem);
    } else {
        audit_run(&e, limits, &v);
        verdict_print(&v, &e, stdout);
        status = verdict_breaches(&v) > 0 ? 1 : 0;
        if (v.acknowledged == 0) {
            fputs("cavea-audit: no reservation was acknowledged: there is nothing to judge\n",
                  stderr);
            status = 2;
        }
        if (json != NULL && !json_write(json, &v, &e)) {
            perror(json);
            status = 2;
        }
    }
    evidence_done(&e);
    return status;
}

int main(int argc, char **argv)
{
    audit_limits limits = {.release_us = 1000000, .clock_us = 50000};
    const char *json = NULL;
    for (int c; (c = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        int64_t n = 0;
        bool good = true;
        if (c == 'j')
            json = optarg;
        else if (c == 'u')
            limits.may_be_undecided = true;
        else if (c == 'r' || c == 'c')
            good = field_number(optarg, &n) && n >= 0 && n < 86400000;
        else if (c == 'h') {
            usage(stdout);
            return 0;
        } else
            good = false;
        if (!good) {
            usage(stderr);
            return 2;
        }
        if (c == 'r' || c == 'c')
            *(c == 'r' ? &limits.release_us : &limits.clock_us) = n * 1000;
    }
    if (optind != argc - 1) {
        usage(stderr);
        return 2;
    }
    return judge(argv[optind], json, &limits);
}
