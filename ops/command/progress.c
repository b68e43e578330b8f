#include "ops/command/progress.h"

#include "ops/host/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

progress progress_start(const char *what)
{
    return (progress){.what = what, .shown_to_person = isatty(STDERR_FILENO) == 1};
}

void progress_show(progress *p, int64_t done, int64_t all)
{
    enum { BAR = 30, EVERY_US = 100000 };
    char bar[BAR + 1];
    int64_t now_us = clock_monotonic_us();
    if (!p->shown_to_person || now_us - p->shown_us < EVERY_US || all <= 0)
        return;
    p->shown_us = now_us;
    int64_t filled = done < all ? done * BAR / all : BAR;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < filled ? '#' : '.';
    bar[BAR] = 0;
    fprintf(stderr, "\r%s [%s] %" PRId64 " of %" PRId64 "\033[K", p->what, bar, done, all);
}

void progress_end(progress *p)
{
    if (p->shown_to_person && p->shown_us != 0)
        fputs("\r\033[K", stderr);
}
