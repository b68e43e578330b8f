// The clocks of this process. Nothing here decides on a seat: actors run on the database's time
// (DESIGN.md, section 3), these readings carry it on, measure and label. Any thread.
#ifndef CAVEA_OPS_HOST_CLOCK_H
#define CAVEA_OPS_HOST_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { CLOCK_TEXT_BYTES = 28 }; // "2031-05-17T18:30:00.123456Z" and the final NUL

int64_t clock_monotonic_us(void); // never steps; since an unspecified start
int64_t clock_wall_us(void);      // microseconds since 1970-01-01 UTC; may step

// A condition whose timed waits end by clock_monotonic_us, which a stepped wall clock leaves alone.
void clock_condition_init(pthread_cond_t *condition);
// Waits for such a condition until clock_monotonic_us has come to until_us; false when it has. The
// mutex is held, and conditions are signalled for nothing now and then.
bool clock_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t until_us);

// RFC 3339 in UTC with microseconds; times outside the years 0 to 9999 are clamped.
void clock_format(int64_t wall_us, char ret_text[static CLOCK_TEXT_BYTES]);

#endif
