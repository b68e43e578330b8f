#include "ops/host/admin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static bool is_ready;

static bool ready(void *self, char ret_reason[static ADMIN_REASON_BYTES])
{
    (void)self;
    if (!is_ready)
        snprintf(ret_reason, ADMIN_REASON_BYTES, "no database");
    return is_ready;
}

static void echo(void *self, const admin_request *request, admin_response *response)
{
    response->status = 202;
    fprintf(response->body, "%s %s %s %s %zu %s", (const char *)self, request->method,
            request->path, request->query, request->body_bytes, request->body);
}

static const admin_route routes[] = {{"POST", "/admin/echo", echo}};

static int start(void **state)
{
    static char name[] = "me";
    char problem[CONFIG_PROBLEM_BYTES];
    admin_options options = {.address = "127.0.0.1",
                             .program = METRIC_PROGRAM_EDGE,
                             .self = name,
                             .ready = ready,
                             .routes = routes,
                             .routes_count = 1};
    admin *a;
    if (!admin_start(&options, &a, problem))
        return -1;
    *state = a;
    return 0;
}

static int stop(void **state)
{
    admin *a = *state;
    admin_stop(&a);
    return a == NULL ? 0 : -1;
}

// Sends a request as it is and returns all that comes back.
static const char *exchange(const admin *a, const char *request)
{
    static char answer[512 * 1024];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)admin_port(a)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval limit = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    size_t bytes = 0;
    ssize_t got;
    while ((got = recv(fd, answer + bytes, sizeof answer - 1 - bytes, 0)) > 0)
        bytes += (size_t)got;
    close(fd);
    answer[bytes] = '\0';
    return answer;
}

static void assert_answer(void **state, const char *request, const char *status, const char *part)
{
    const char *answer = exchange(*state, request);
    if (strncmp(answer, status, strlen(status)) != 0 || strstr(answer, part) == NULL)
        fail_msg("%s got %.300s", request, answer);
}

static void test_admin__given_health_paths_then_answers(void **state)
{
    assert_answer(state, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "ok\n");
    is_ready = false;
    assert_answer(state, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 503 ",
                  "not ready: no database\n");
    is_ready = true;
    assert_answer(state, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ", "ready\n");
    assert_answer(state, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 ",
                  "cavea_http_requests_inflight 0\n");
}

static void test_admin__given_a_route_then_it_gets_the_request(void **state)
{
    assert_answer(state,
                  "POST /admin/echo?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
                  "HTTP/1.1 202 ", "me POST /admin/echo a=b 5 hello");
    assert_answer(state, "GET /admin/echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405 ", "");
    assert_answer(state, "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "");
    assert_answer(state, "DELETE /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404 ", "");
}

static void test_admin__given_ambiguous_or_large_requests_then_refused(void **state)
{
    assert_answer(state,
                  "POST /admin/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                  "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                  "HTTP/1.1 400 ", "");
    assert_answer(state, "GET /health%0az HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400 ", "");
    assert_answer(state,
                  "POST /admin/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "0\r\n\r\n",
                  "HTTP/1.1 411 ", "");
    assert_answer(state, "POST /admin/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n",
                  "HTTP/1.1 413 ", "");
}

static void test_admin__given_a_used_port_then_a_sentence(void **state)
{
    char problem[CONFIG_PROBLEM_BYTES];
    admin_options options = {.address = "127.0.0.1", .port = admin_port(*state)};
    admin *second;
    assert_false(admin_start(&options, &second, problem));
    assert_non_null(strstr(problem, "is it in use?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_admin__given_health_paths_then_answers),
        cmocka_unit_test(test_admin__given_a_route_then_it_gets_the_request),
        cmocka_unit_test(test_admin__given_ambiguous_or_large_requests_then_refused),
        cmocka_unit_test(test_admin__given_a_used_port_then_a_sentence),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
