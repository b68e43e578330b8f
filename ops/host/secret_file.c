#include "ops/host/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

// Opens a file that only its owner can read; -1 with a sentence otherwise. The checks are made on
// the open file, so that it cannot be exchanged between check and use.
static int secret_file_open(const char *path, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The secret file %.300s cannot be read: %s.",
                 path, strerrordesc_np(errno));
        return -1;
    }
    struct stat st;
    const char *wrong = NULL;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        wrong = "is not a regular file";
    else if (st.st_uid != geteuid() && st.st_uid != 0)
        wrong = "belongs to another user";
    else if ((st.st_mode & 07777) != 0600 && (st.st_mode & 07777) != 0400)
        wrong = "must have mode 0600 or 0400, so that nobody else can read it";
    if (wrong == NULL)
        return fd;
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "The secret file %.300s %s.", path, wrong);
    close(fd);
    return -1;
}

bool secret_file_read(const char *path, size_t bytes_min, size_t bytes_max, uint8_t *ret_data,
                      size_t *ret_bytes, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    int fd = secret_file_open(path, ret_problem);
    if (fd < 0)
        return false;
    size_t bytes = 0;
    ssize_t got = 0;
    while (bytes < bytes_max && (got = read(fd, ret_data + bytes, bytes_max - bytes)) > 0)
        bytes += (size_t)got;
    uint8_t more;
    bool is_longer = got >= 0 && bytes == bytes_max && read(fd, &more, 1) > 0;
    close(fd);
    if (got >= 0 && !is_longer && bytes >= bytes_min) {
        *ret_bytes = bytes;
        return true;
    }
    explicit_bzero(ret_data, bytes_max);
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
             "The secret file %.300s must have %zu to %zu bytes.", path, bytes_min, bytes_max);
    return false;
}

bool secret_file_read_text(const char *path, size_t text_bytes, char *ret_text,
                           char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    size_t bytes;
    if (!secret_file_read(path, 1, text_bytes, (uint8_t *)ret_text, &bytes, ret_problem))
        return false;
    if (ret_text[bytes - 1] == '\n')
        bytes--;
    bool is_plain = bytes > 0 && bytes < text_bytes;
    for (size_t i = 0; i < bytes && is_plain; i++)
        is_plain = ret_text[i] > ' ' && ret_text[i] <= '~';
    if (is_plain) {
        ret_text[bytes] = '\0';
        return true;
    }
    explicit_bzero(ret_text, text_bytes);
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
             "The secret file %.300s must hold one line of 1 to %zu printable characters.", path,
             text_bytes - 1);
    return false;
}
