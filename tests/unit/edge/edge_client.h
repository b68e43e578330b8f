// The client's end of a connection to the edge, byte by byte. For one test program each.
#ifndef CAVEA_TESTS_UNIT_EDGE_EDGE_CLIENT_H
#define CAVEA_TESTS_UNIT_EDGE_EDGE_CLIENT_H

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { ANSWER_MS = 20000 };

static inline void say(int fd, const char *text)
{
    size_t bytes = strlen(text);
    assert_int_equal(send(fd, text, bytes, MSG_NOSIGNAL), bytes);
}

// Reads up to a whole answer, or to the end of the connection. Returns its length.
static inline size_t hear(int fd, char *buffer, size_t buffer_bytes)
{
    size_t count = 0;
    for (;;) {
        buffer[count] = 0;
        char *body = strstr(buffer, "\r\n\r\n"), *length = strstr(buffer, "Content-Length: ");
        if (body && (!length || length > body ||
                     count >= (size_t)(body + 4 - buffer) + strtoul(length + 16, NULL, 10)))
            return count;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, ANSWER_MS), 1);
        ssize_t got = recv(fd, buffer + count, buffer_bytes - 1 - count, 0);
        if (got <= 0)
            return count;
        count += (size_t)got;
    }
}

static inline bool closed(int fd)
{
    char c;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, ANSWER_MS), 1);
    return recv(fd, &c, 1, 0) <= 0;
}

#endif
