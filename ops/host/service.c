#include "ops/host/service.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static void service_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    sigaddset(ret_set, SIGHUP);
}

bool service_init(const char *program, const service_settings *s,
                  char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    log_level level;
    if (!log_level_parse(s->log_level, &level)) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                 "--log-level takes debug, info, warning or error, not \"%.100s\".", s->log_level);
        return false;
    }
    log_init(program, level);
    sigset_t set;
    service_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); // a lower limit only means fewer connections
    }
    return true;
}

// One datagram to systemd's socket, when there is one (sd_notify(3) describes the protocol).
static void notify(const char *message)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') ||
        strlen(path) >= sizeof address.sun_path)
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0'; // the abstract name space
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    // Nobody to tell is no failure: systemd then stops us after its own time-out and says so.
    (void)!sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, bytes);
    close(fd);
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(fd, text, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text += written;
        left -= (size_t)written;
    }
    return true;
}

static bool ready_file_write(const char *path, const char *lines)
{
    char draft[4096 + 16];
    snprintf(draft, sizeof draft, "%s.%d", path, (int)getpid());
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, lines);
    ok = close(fd) == 0 && ok;
    return ok && rename(draft, path) == 0;
}

bool service_ready(const service_settings *s, const char *lines,
                   char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (s->ready_file[0] != '\0' && !ready_file_write(s->ready_file, lines)) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The ready file %.300s cannot be written: %s.",
                 s->ready_file, strerrordesc_np(errno));
        return false;
    }
    if (s->ready_fd >= 0) {
        bool ok = write_all((int)s->ready_fd, lines);
        close((int)s->ready_fd);
        if (!ok) {
            snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                     "The ready file descriptor %d cannot be written.", (int)s->ready_fd);
            return false;
        }
    }
    notify("READY=1");
    return true;
}

static struct watch {
    bool (*is_alive)(void *self);
    void *self;
    int64_t every_ms; // 0: nobody watches
} watch;

// A third of the time after which systemd takes us for dead (sd_watchdog_enabled(3)).
static int64_t watch_every_ms(void)
{
    const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    char *end = NULL;
    if (text == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    long long limit_us = strtoll(text, &end, 10);
    if (*end != 0 || limit_us < 3000 || limit_us > INT64_C(86400000000))
        return 0;
    return limit_us / 3000;
}

void service_watch(bool (*is_alive)(void *self), void *self)
{
    watch = (struct watch){is_alive, self, watch_every_ms()};
}

static int signal_wait(int64_t timeout_ms)
{
    sigset_t set;
    service_signals(&set);
    struct timespec timeout = {.tv_sec = timeout_ms / 1000,
                               .tv_nsec = (timeout_ms % 1000) * 1000000};
    int number = sigtimedwait(&set, NULL, &timeout);
    return number > 0 ? number : 0;
}

int service_wait(int64_t timeout_ms)
{
    sigset_t set;
    int number = 0;
    if (timeout_ms >= 0)
        return signal_wait(timeout_ms);
    service_signals(&set);
    while (watch.every_ms > 0 && (number = signal_wait(watch.every_ms)) == 0)
        if (watch.is_alive(watch.self))
            notify("WATCHDOG=1");
    while (number == 0 && sigwait(&set, &number) != 0) {
    }
    return number;
}

static void *limit_run(void *closure)
{
    const int64_t *limit_ms = closure;
    struct timespec left = {*limit_ms / 1000, *limit_ms % 1000 * 1000000};
    while (nanosleep(&left, &left) != 0) {
    }
    log_event(LOG_WARNING, "service.stop_cut_short", LOG_I("limit_ms", *limit_ms));
    _exit(1);
}

void service_end_within(int64_t limit_ms)
{
    static int64_t limit;
    pthread_t thread;
    limit = limit_ms;
    if (pthread_create(&thread, NULL, limit_run, &limit) == 0)
        pthread_detach(thread);
    else
        log_event(LOG_WARNING, "service.stop_unlimited");
}

void service_stopping(const service_settings *s)
{
    notify("STOPPING=1");
    if (s->ready_file[0] != '\0')
        (void)unlink(s->ready_file);
}
