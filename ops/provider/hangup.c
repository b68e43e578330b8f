#include "ops/provider/hangup.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>

static bool is_socket_of(int fd, const struct mg_request_info *info)
{
    struct sockaddr_in peer = {0}, own = {0};
    socklen_t peer_bytes = sizeof peer, own_bytes = sizeof own;
    struct in_addr address;
    return inet_pton(AF_INET, info->remote_addr, &address) == 1 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_bytes) == 0 &&
           getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 &&
           peer.sin_family == AF_INET && own.sin_family == AF_INET &&
           peer.sin_addr.s_addr == address.s_addr && ntohs(peer.sin_port) == info->remote_port &&
           ntohs(own.sin_port) == info->server_port;
}

void hangup(struct mg_connection *c)
{
    const struct mg_request_info *info = mg_get_request_info(c);
    mg_disable_connection_keep_alive(c);
    DIR *fds = opendir("/proc/self/fd");
    if (fds == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(fds)) != NULL;) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > 2 && is_socket_of(fd, info)) {
            // Connecting a stream socket to no address family ends it with a reset (connect(2)).
            struct sockaddr nobody = {.sa_family = AF_UNSPEC};
            (void)!connect(fd, &nobody, sizeof nobody);
            break;
        }
    }
    closedir(fds);
}
