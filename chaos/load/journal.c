#include "chaos/load/journal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool journal_open(journal *j, const char *path)
{
    j->bytes = 0;
    j->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    return j->fd >= 0;
}

void journal_write(journal *j, const char *format, ...)
{
    if (sizeof j->buffer - j->bytes < JOURNAL_LINE_BYTES)
        journal_flush(j);
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(j->buffer + j->bytes, JOURNAL_LINE_BYTES, format, arguments);
    va_end(arguments);
    assert(bytes > 0 && bytes < JOURNAL_LINE_BYTES);
    j->bytes += (size_t)bytes;
}

void journal_flush(journal *j)
{
    for (size_t at = 0; at < j->bytes;) {
        ssize_t done = write(j->fd, j->buffer + at, j->bytes - at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            perror("cavea-load: the journal");
            exit(2);
        }
        at += (size_t)done;
    }
    j->bytes = 0;
}

void journal_close(journal *j)
{
    journal_flush(j);
    if (fsync(j->fd) != 0 || close(j->fd) != 0) {
        perror("cavea-load: the journal");
        exit(2);
    }
}
