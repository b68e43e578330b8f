#include "ops/provider/logbook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PENDING_BYTES_MAX = 1 << 20 };

static const char file_name[] = "provider.jsonl";
static const char draft_name[] = "provider.jsonl.new";

struct logbook {
    int dir_fd; // -1: keeps nothing; carries the lock that keeps a second provider out
    int fd;
    bool is_broken;
    jsonout pending;
};

static bool problem_errno(char *ret_problem, const char *dir, const char *what)
{
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The folder %.300s %s: %s.", dir, what,
             strerrordesc_np(errno));
    return false;
}

static bool line_restore(const char *line, size_t line_bytes, logbook_restore restore, void *self)
{
    json_t *root = json_loadb(line, line_bytes, 0, NULL);
    const char *kind = json_object_iter_key(json_object_iter(root));
    bool ok = kind != NULL && restore(self, kind, json_object_get(root, kind));
    json_decref(root);
    return ok;
}

static bool logbook_load(const logbook *l, const char *dir, logbook_restore restore, void *self,
                         char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    int fd = openat(l->dir_fd, file_name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || problem_errno(ret_problem, dir, "has an unreadable logbook");
    FILE *in = fdopen(fd, "r");
    if (in == NULL) {
        close(fd);
        return problem_errno(ret_problem, dir, "has an unreadable logbook");
    }
    char *line = NULL;
    size_t line_max = 0, number = 0;
    ssize_t bytes;
    bool ok = true;
    while (ok && (bytes = getline(&line, &line_max, in)) > 0 && line[bytes - 1] == '\n') {
        number++;
        ok = line_restore(line, (size_t)bytes, restore, self);
    }
    if (!ok)
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                 "Line %zu of %.300s/%s makes no sense; move the file away to start afresh.",
                 number, dir, file_name);
    free(line);
    fclose(in);
    return ok;
}

static bool logbook_open_dir(logbook *l, const char *dir,
                             char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return problem_errno(ret_problem, dir, "cannot be made");
    l->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (l->dir_fd < 0)
        return problem_errno(ret_problem, dir, "cannot be opened");
    if (flock(l->dir_fd, LOCK_EX | LOCK_NB) != 0) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                 "The folder %.300s belongs to another "
                 "provider that is running.",
                 dir);
        return false;
    }
    return true;
}

bool logbook_open(const char *dir, logbook_restore restore, void *self, logbook **ret_logbook,
                  char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    logbook *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort();
    l->dir_fd = -1;
    l->fd = -1;
    bool ok = dir[0] == '\0' || (logbook_open_dir(l, dir, ret_problem) &&
                                 logbook_load(l, dir, restore, self, ret_problem));
    if (ok)
        *ret_logbook = l;
    else
        logbook_close(&l);
    return ok;
}

void logbook_close(logbook **l)
{
    if (*l == NULL)
        return;
    logbook_commit(*l);
    jsonout_done(&(*l)->pending);
    if ((*l)->fd >= 0)
        close((*l)->fd);
    if ((*l)->dir_fd >= 0)
        close((*l)->dir_fd);
    free(*l);
    *l = NULL;
}

jsonout *logbook_begin(logbook *l, const char *kind)
{
    jsonout_open(&l->pending, NULL, '{');
    jsonout_member(&l->pending, kind, "", 0);
    return &l->pending;
}

void logbook_end(logbook *l)
{
    jsonout_raw(&l->pending, "}\n", 2);
    if (l->pending.bytes >= PENDING_BYTES_MAX)
        logbook_commit(l);
}

void logbook_commit(logbook *l)
{
    size_t written = 0;
    while (l->fd >= 0 && !l->is_broken && written < l->pending.bytes) {
        ssize_t step = write(l->fd, l->pending.at + written, l->pending.bytes - written);
        if (step > 0)
            written += (size_t)step;
        else if (step == 0 || errno != EINTR)
            l->is_broken = true;
    }
    l->pending.bytes = 0;
}

bool logbook_is_well(const logbook *l)
{
    return !l->is_broken;
}

bool logbook_rewrite_begin(logbook *l, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (l->dir_fd < 0)
        return true;
    l->fd =
        openat(l->dir_fd, draft_name, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (l->fd >= 0)
        return true;
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The logbook cannot be written: %s.",
             strerrordesc_np(errno));
    return false;
}

bool logbook_rewrite_end(logbook *l, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    logbook_commit(l);
    if (l->dir_fd < 0)
        return true;
    if (!l->is_broken && renameat(l->dir_fd, draft_name, l->dir_fd, file_name) == 0)
        return true;
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The logbook cannot be written: %s.",
             strerrordesc_np(errno));
    return false;
}
