// A mutex that is mostly held for less than a microsecond, by many: spinning a little costs less
// than sleeping. Who holds one for longer (a snapshot that replaces a map, a map that is copied,
// some 10 us) makes the others spin as long as glibc does, and then sleep. Any thread.
#ifndef CAVEA_EDGE_SPINNING_MUTEX_H
#define CAVEA_EDGE_SPINNING_MUTEX_H

#include <pthread.h>

static inline void spinning_mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

#endif
