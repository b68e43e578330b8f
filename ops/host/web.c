#include "ops/host/web.h"

#include "ops/host/clock.h"

#include <arpa/inet.h>
#include <assert.h>
#include <civetweb.h>
#include <dirent.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

enum {
    HEAD_BYTES_MAX = 2048,
    // civetweb waits for a read to be complete and starts its time-out anew with each byte, so a
    // total deadline can only be kept by asking for little at a time.
    READ_BYTES = 32,
    READ_TIMEOUT_MS = 5000,
};

struct web_server {
    web_options options;
    struct mg_context *context;
    int port;
};

// The status to refuse a request with whose head is ambiguous or hostile, or 0.
static int web_head_refusal(struct mg_connection *c)
{
    const struct mg_request_info *info = mg_get_request_info(c);
    const char *uri = info->local_uri;
    if (uri == NULL)
        return 400;
    for (; *uri != '\0'; uri++)
        if ((unsigned char)*uri < 0x20 || *uri == 0x7f)
            return 400;
    int lengths = 0, encodings = 0;
    for (int i = 0; i < info->num_headers; i++) {
        lengths += strcasecmp(info->http_headers[i].name, "Content-Length") == 0;
        encodings += strcasecmp(info->http_headers[i].name, "Transfer-Encoding") == 0;
    }
    // Both at once, or either twice, is how requests are smuggled past a proxy (RFC 9112, 6.3).
    return lengths + encodings > 1 ? 400 : 0;
}

static int web_begin(struct mg_connection *c)
{
    const web_server *s = mg_get_user_data(mg_get_context(c));
    int refusal = web_head_refusal(c);
    if (refusal == 0) {
        s->options.serve(c, s->options.self);
        return 200;
    }
    mg_disable_connection_keep_alive(c);
    web_respond(c, refusal, "text/plain", "Connection: close\r\n", "bad request\n", 12);
    return refusal;
}

// civetweb's own messages ("cannot bind", a client that vanished) are either told by web_start's
// result or nobody's business.
static int web_log(const struct mg_connection *c, const char *message)
{
    (void)c;
    (void)message;
    return 1;
}

bool web_start(const web_options *options, web_server **ret_server,
               char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    web_server *s = calloc(1, sizeof *s);
    if (s == NULL) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES, "Memory is out.");
        return false;
    }
    s->options = *options;
    char port[80], threads[16], timeout[16];
    snprintf(port, sizeof port, "%.45s:%" PRId64, options->address, options->port);
    snprintf(threads, sizeof threads, "%d", options->threads);
    snprintf(timeout, sizeof timeout, "%d", READ_TIMEOUT_MS);
    const char *settings[] = {"listening_ports",
                              port,
                              "num_threads",
                              threads,
                              "connection_queue",
                              "128",
                              "enable_keep_alive",
                              options->keep_alive ? "yes" : "no",
                              "keep_alive_timeout_ms",
                              "10000",
                              "request_timeout_ms",
                              timeout,
                              "tcp_nodelay",
                              "1",
                              "enable_directory_listing",
                              "no",
                              NULL};
    struct mg_callbacks callbacks = {.begin_request = web_begin, .log_message = web_log};
    mg_init_library(MG_FEATURES_DEFAULT);
    s->context = mg_start(&callbacks, s, settings);
    struct mg_server_port bound = {0};
    if (s->context == NULL || mg_get_server_ports(s->context, 1, &bound) != 1) {
        snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
                 "Port %" PRId64 " of %.45s cannot be listened on; is it in use?", options->port,
                 options->address);
        web_stop(&s);
        return false;
    }
    s->port = bound.port;
    *ret_server = s;
    return true;
}

int web_port(const web_server *s)
{
    return s->port;
}

static bool is_socket_of_port(int fd, int port)
{
    struct sockaddr_in own = {0};
    socklen_t own_bytes = sizeof own;
    return getsockname(fd, (struct sockaddr *)&own, &own_bytes) == 0 && own.sin_family == AF_INET &&
           ntohs(own.sin_port) == port;
}

// civetweb's threads look at its stop flag every two seconds only. The end of reading wakes those
// that wait for a connection or for a next request on a kept-alive one; answers that are being
// made can still be written.
static void web_wake(int port)
{
    DIR *fds = opendir("/proc/self/fd");
    if (fds == NULL)
        return; // then stopping takes its two seconds
    for (struct dirent *entry; (entry = readdir(fds)) != NULL;) {
        int fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > 2 && is_socket_of_port(fd, port))
            (void)shutdown(fd, SHUT_RD);
    }
    closedir(fds);
}

void web_stop(web_server **s)
{
    if (*s == NULL)
        return;
    if ((*s)->context != NULL && (*s)->port > 0)
        web_wake((*s)->port);
    if ((*s)->context != NULL)
        mg_stop((*s)->context);
    mg_exit_library();
    free(*s);
    *s = NULL;
}

void web_body_done(web_body *b)
{
    free(b->at);
    *b = (web_body){0};
}

static int web_body_fill(struct mg_connection *c, int64_t deadline_us, size_t bytes, char *ret_data)
{
    size_t have = 0;
    while (have < bytes) {
        size_t want = bytes - have < READ_BYTES ? bytes - have : READ_BYTES;
        int got = mg_read(c, ret_data + have, want);
        if (got <= 0)
            return clock_monotonic_us() >= deadline_us ? 408 : 400;
        have += (size_t)got;
        if (have < bytes && clock_monotonic_us() >= deadline_us)
            return 408;
    }
    return 0;
}

int web_body_read(struct mg_connection *c, size_t bytes_max, int64_t deadline_ms,
                  web_body *ret_body)
{
    const struct mg_request_info *info = mg_get_request_info(c);
    long long length = info->content_length;
    int refusal = 0;
    if (mg_get_header(c, "Transfer-Encoding") != NULL)
        refusal = 411;
    else if (length > (long long)bytes_max)
        refusal = 413;
    size_t bytes = length > 0 && refusal == 0 ? (size_t)length : 0;
    char *data = malloc(bytes + 1);
    if (data == NULL)
        refusal = 503;
    if (refusal == 0)
        refusal = web_body_fill(c, clock_monotonic_us() + deadline_ms * 1000, bytes, data);
    if (refusal != 0) {
        free(data);
        mg_disable_connection_keep_alive(c);
        return refusal;
    }
    data[bytes] = '\0';
    *ret_body = (web_body){data, bytes};
    return 0;
}

void web_respond(struct mg_connection *c, int status, const char *content_type, const char *headers,
                 const char *body, size_t body_bytes)
{
    char small[HEAD_BYTES_MAX + 4096];
    int head =
        snprintf(small, HEAD_BYTES_MAX,
                 "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                 "Cache-Control: no-store\r\n%s\r\n",
                 status, mg_get_response_code_text(c, status), content_type, body_bytes, headers);
    assert(head > 0 && head < HEAD_BYTES_MAX);
    size_t head_bytes = (size_t)head;
    bool is_small = body_bytes <= sizeof small - head_bytes;
    char *whole = is_small ? small : malloc(head_bytes + body_bytes);
    if (whole == NULL) {
        mg_disable_connection_keep_alive(c);
        return;
    }
    if (!is_small)
        memcpy(whole, small, head_bytes);
    if (strcmp(mg_get_request_info(c)->request_method, "HEAD") == 0)
        body_bytes = 0;
    if (body_bytes > 0)
        memcpy(whole + head_bytes, body, body_bytes);
    (void)mg_write(c, whole, head_bytes + body_bytes); // a client that has gone is no concern
    if (!is_small)
        free(whole);
}
