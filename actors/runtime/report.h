// Turns what the runtime reports into metrics and log lines. The tick thread.
#ifndef CAVEA_ACTORS_RUNTIME_REPORT_H
#define CAVEA_ACTORS_RUNTIME_REPORT_H

#include "actors/runtime/runtime.h"

void report_runtime(void *self, const runtime_report *report); // self is not used
void report_gauges(runtime *r);

#endif
