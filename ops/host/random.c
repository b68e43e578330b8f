#include "ops/host/random.h"

#include "ops/host/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void random_fill(void *data, size_t data_bytes)
{
    uint8_t *at = data;
    while (data_bytes > 0) {
        ssize_t got = getrandom(at, data_bytes, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        data_bytes -= (size_t)got;
    }
}

uuid random_uuid(void)
{
    uint8_t bytes[10];
    random_fill(bytes, sizeof bytes);
    return uuid_v7(clock_wall_us() / 1000, bytes);
}
