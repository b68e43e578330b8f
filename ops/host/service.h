// A program's life as a service: settings that every daemon has, the signals that end it, and how
// it tells its starter that it is ready (a file descriptor, a file, systemd's NOTIFY_SOCKET), so
// that nobody has to poll it. The main's thread.
#ifndef CAVEA_OPS_HOST_SERVICE_H
#define CAVEA_OPS_HOST_SERVICE_H

#include "ops/host/config.h"
#include "ops/host/log.h"

typedef struct service_settings {
    const char *admin_address;
    int64_t admin_port;
    int64_t ready_fd;
    const char *ready_file;
    const char *log_level;
} service_settings;

// Rows for a program whose settings struct has `service_settings field;`.
#define SERVICE_SETTINGS(owner, field)                                                             \
    CONFIG_TEXT(owner, field.admin_address, "admin-address", "127.0.0.1", 1, 45,                   \
                "address of the admin port (health, metrics)"),                                    \
        CONFIG_INT(owner, field.admin_port, "admin-port", "0", 0, 65535,                           \
                   "admin port, 0: any free one"),                                                 \
        CONFIG_INT(owner, field.ready_fd, "ready-fd", "-1", -1, 65535,                             \
                   "open file descriptor that gets the ready lines and is closed, -1: none"),      \
        CONFIG_PATH(owner, field.ready_file, "ready-file", "",                                     \
                    "file that appears with the ready lines when the program is ready"),           \
        CONFIG_TEXT(owner, field.log_level, "log-level", "info", 1, 16,                            \
                    "least level that is logged: debug, info, warning, error")

// Starts logging, blocks SIGTERM, SIGINT and SIGHUP in this and all later threads, ignores SIGPIPE,
// raises the soft limit of open files to the hard one. Before any other thread; false with a
// problem for an unknown log level.
MUST_CHECK bool service_init(const char *program, const service_settings *s,
                             char ret_problem[static CONFIG_PROBLEM_BYTES]);
// Tells everybody who asked for it that the program is ready. lines is `name value\n` each, such as
// "port 8080\nadmin_port 9100\n". A file is written elsewhere and renamed: it is complete when
// seen.
MUST_CHECK bool service_ready(const service_settings *s, const char *lines,
                              char ret_problem[static CONFIG_PROBLEM_BYTES]);
// From now on service_wait tells systemd's watchdog, where there is one (WATCHDOG_USEC), that the
// program is alive, as long as is_alive says so. is_alive runs on the main's thread.
void service_watch(bool (*is_alive)(void *self), void *self);
// Waits until SIGTERM or SIGINT arrives, at most timeout_ms (-1: for ever). Returns the signal's
// number, SIGHUP included, or 0 after the time.
int service_wait(int64_t timeout_ms);
// From now on the program has limit_ms to end in order. Then a warning is logged and it ends at
// once with status 1, as if it was killed: for programs that others take over from in either case.
void service_end_within(int64_t limit_ms);
// Tells systemd that the orderly stop has begun and removes the ready file.
void service_stopping(const service_settings *s);

#endif
