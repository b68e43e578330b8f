// A line on standard error that says how far long work has come; only where a person looks on (a
// terminal), at most ten times a second. One thread.
#ifndef CAVEA_OPS_COMMAND_PROGRESS_H
#define CAVEA_OPS_COMMAND_PROGRESS_H

#include "schemas/id.h"

typedef struct progress {
    const char *what;
    bool shown_to_person;
    int64_t shown_us;
} progress;

progress progress_start(const char *what); // borrowed
void progress_show(progress *p, int64_t done, int64_t all);
void progress_end(progress *p); // wipes the line

#endif
