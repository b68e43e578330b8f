// A disk whose fsync takes long, for one program that is started with this before its libraries:
// fsync and fdatasync wait as many milliseconds longer as the file in $CAVEA_SLOW_FSYNC says at
// that moment, and then do their work. Any thread; nothing is kept.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { DELAY_MAX_MS = 60000 };

static void wait_longer(void)
{
    char text[16] = "";
    const char *path = getenv("CAVEA_SLOW_FSYNC");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t bytes = read(fd, text, sizeof text - 1);
    close(fd);
    long ms = bytes > 0 ? strtol(text, NULL, 10) : 0;
    if (ms <= 0 || ms > DELAY_MAX_MS)
        return;
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

int fsync(int fd)
{
    wait_longer();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    wait_longer();
    return (int)syscall(SYS_fdatasync, fd);
}
