// The socket behind a civetweb connection, which civetweb does not tell.
#include "edge/http_private.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_ours(int fd, int own_port)
{
    struct sockaddr_in own = {0};
    socklen_t own_bytes = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 && own.sin_family == AF_INET &&
           ntohs(own.sin_port) == own_port;
}

static bool is_connection(int fd, int own_port, const char *peer, int peer_port)
{
    struct sockaddr_in other = {0};
    socklen_t other_bytes = sizeof other;
    char text[INET_ADDRSTRLEN];
    return is_ours(fd, own_port) && getpeername(fd, (struct sockaddr *)&other, &other_bytes) == 0 &&
           ntohs(other.sin_port) == peer_port &&
           inet_ntop(AF_INET, &other.sin_addr, text, sizeof text) && strcmp(text, peer) == 0;
}

void http_reading_end(int own_port, const char *peer, int peer_port)
{
    DIR *fds = opendir("/proc/self/fd");
    if (!fds)
        return; // then the read ends when the client pauses for the read time-out
    for (struct dirent *entry; (entry = readdir(fds)) != NULL;) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > 2 && is_connection(fd, own_port, peer, peer_port)) {
            (void)shutdown(fd, SHUT_RD);
            break;
        }
    }
    closedir(fds);
}

// Two peers with the same port are taken for one: then one that is idle stays a while.
static bool is_served(int fd, const http_ports *served)
{
    struct sockaddr_in other = {0};
    socklen_t other_bytes = sizeof other;
    if (getpeername(fd, (struct sockaddr *)&other, &other_bytes) != 0)
        return true;
    uint16_t port = ntohs(other.sin_port);
    return served->bits[port / 64] >> port % 64 & 1;
}

// Nothing to read, and not ended before either: that one only waits for a thread to close it.
static bool is_silent(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 0;
}

// A listening socket is not ESTABLISHED.
static bool is_idle(int fd, int own_port, int64_t idle_ms)
{
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof info;
    return is_ours(fd, own_port) &&
           getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) == 0 &&
           info.tcpi_state == TCP_ESTABLISHED && info.tcpi_last_data_recv >= idle_ms &&
           info.tcpi_last_data_sent >= idle_ms;
}

void http_idle_end(int own_port, const http_ports *served, int64_t idle_ms,
                   uint32_t connections_max)
{
    DIR *fds = opendir("/proc/self/fd");
    if (!fds)
        return; // then idle connections stay until their time is over
    uint32_t count = 0;
    for (struct dirent *entry; count < connections_max && (entry = readdir(fds)) != NULL;) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > 2 && is_idle(fd, own_port, idle_ms) && !is_served(fd, served) && is_silent(fd)) {
            (void)shutdown(fd, SHUT_RD);
            count++;
        }
    }
    closedir(fds);
}
