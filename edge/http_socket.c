// The socket behind a civetweb connection, which civetweb does not tell.
#include "edge/http_private.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool is_connection(int fd, int own_port, const char *peer, int peer_port)
{
    struct sockaddr_in own = {0}, other = {0};
    socklen_t own_bytes = sizeof own, other_bytes = sizeof other;
    char text[INET_ADDRSTRLEN];
    return getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 && own.sin_family == AF_INET &&
           ntohs(own.sin_port) == own_port &&
           getpeername(fd, (struct sockaddr *)&other, &other_bytes) == 0 &&
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
