#include "edge/edge.h"
#include "edge/http_private.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ID "0192f3a4-b5c6-7d8e-9f00-112233445566"

static route_result find(const char *method, const char *path, route_match *m)
{
    return route_find(edge_routes, edge_routes_count, method, path, m);
}

static void test_route_find__given_known_paths_then_finds_their_handler(void **state)
{
    static const struct {
        const char *method, *path;
        metric_route metric;
        bool has_id;
    } cases[] = {
        {"POST", "/v1/sessions", METRIC_ROUTE_SESSION_CREATE, false},
        {"GET", "/v1/events", METRIC_ROUTE_EVENT_LIST, false},
        {"HEAD", "/v1/events", METRIC_ROUTE_EVENT_LIST, false},
        {"GET", "/v1/events/" ID, METRIC_ROUTE_EVENT_READ, true},
        {"GET", "/v1/events/" ID "/availability", METRIC_ROUTE_AVAILABILITY_READ, true},
        {"GET", "/v1/events/" ID "/seats", METRIC_ROUTE_SEATS_READ, true},
        {"GET", "/v1/events/" ID "/seats.bin", METRIC_ROUTE_SEATS_BIN_READ, true},
        {"POST", "/v1/reservations", METRIC_ROUTE_RESERVATION_CREATE, false},
        {"GET", "/v1/reservations", METRIC_ROUTE_RESERVATION_READ, false},
        {"GET", "/v1/reservations/" ID, METRIC_ROUTE_RESERVATION_READ, true},
        {"DELETE", "/v1/reservations/" ID, METRIC_ROUTE_RESERVATION_CANCEL, true},
        {"POST", "/v1/reservations/" ID "/checkout", METRIC_ROUTE_CHECKOUT_CREATE, true},
        {"POST", "/v1/reservations/" ID "/cancellation", METRIC_ROUTE_CANCELLATION_CREATE, true},
        {"GET", "/v1/tickets/" ID "/qr.png", METRIC_ROUTE_TICKET_QR, true},
        {"GET", "/.well-known/jwks.json", METRIC_ROUTE_JWKS, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        route_match m;
        assert_int_equal(find(cases[i].method, cases[i].path, &m), ROUTE_FOUND);
        assert_int_equal(m.route->metric, cases[i].metric);
        assert_int_equal(m.id_bytes, cases[i].has_id ? strlen(ID) : 0);
        if (cases[i].has_id)
            assert_memory_equal(m.id, ID, m.id_bytes);
    }
}

static void test_route_find__given_other_paths_then_knows_none(void **state)
{
    static const char *const paths[] = {
        "",           "/v1",   "/v1/events/",      "/v1/events/" ID "/",   "/v1/events//seats",
        "/V1/events", "/v2/x", "/v1/events/a%2fb", "/v1/events/../events", "/v1/eventsx",
    };
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        route_match m;
        assert_int_equal(find("GET", paths[i], &m), ROUTE_UNKNOWN);
        assert_int_equal(find("OPTIONS", paths[i], &m), ROUTE_UNKNOWN);
    }
}

static void test_route_find__given_other_methods_then_tells_the_allowed_ones(void **state)
{
    route_match m;
    (void)state;
    assert_int_equal(find("PUT", "/v1/reservations/" ID, &m), ROUTE_REFUSED);
    assert_string_equal(m.allow, "GET, HEAD, DELETE, OPTIONS");
    assert_int_equal(find("HEAD", "/v1/sessions", &m), ROUTE_REFUSED);
    assert_string_equal(m.allow, "POST, OPTIONS");
    assert_int_equal(find("OPTIONS", "/v1/events", &m), ROUTE_OPTIONS);
    assert_string_equal(m.allow, "GET, HEAD, OPTIONS");
    assert_int_equal(find("get", "/v1/events", &m), ROUTE_REFUSED);
}

static void test_edge_routes__given_what_is_a_buyers_then_needs_a_session(void **state)
{
    size_t owned = 0;
    (void)state;
    for (size_t i = 0; i < edge_routes_count; i++) {
        const char *pattern = edge_routes[i].pattern;
        if (strncmp(pattern, "/v1/reservations", 16) != 0 &&
            strncmp(pattern, "/v1/tickets", 11) != 0)
            continue;
        assert_true(edge_routes[i].flags & ROUTE_TOKEN);
        owned++;
    }
    assert_true(owned >= 9);
}

// A request head as civetweb leaves it: the lines' ends are zeros, an empty line follows the last.
typedef struct head_text {
    char bytes[1024];
    size_t count;
    struct mg_request_info info;
} head_text;

static head_text *head_of(const char *version, const char *path, const char *query)
{
    static head_text h;
    memset(&h, 0, sizeof h);
    h.info.request_method = "POST";
    h.info.http_version = version;
    h.info.local_uri_raw = path;
    h.info.query_string = query;
    return &h;
}

static void line_add(head_text *h, const char *name, const char *value)
{
    struct mg_header *line = &h->info.http_headers[h->info.num_headers++];
    line->name = name;
    char *at = h->bytes + h->count;
    memcpy(at, value, strlen(value) + 1);
    line->value = at;
    h->count += strlen(value) + 2;
    memcpy(h->bytes + h->count, "\r\n", 2);
}

static error_code head_read(head_text *h, http_head *ret_head)
{
    http_request q;
    return http_head_read(&h->info, ret_head, &q);
}

static void test_http_head_read__given_plain_requests_then_keeps_or_closes(void **state)
{
    static const struct {
        const char *version, *connection;
        bool closes, told;
    } cases[] = {
        {"1.1", NULL, false, false},         {"1.1", "keep-alive", false, false},
        {"1.1", "close", true, false},       {"1.1", "Upgrade, Keep-Alive", false, false},
        {"1.0", NULL, true, false},          {"1.0", "Keep-Alive", false, true},
        {"1.1", "keep-alivex", true, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        head_text *h = head_of(cases[i].version, "/v1/events", NULL);
        http_head head;
        line_add(h, "Host", "x");
        if (cases[i].connection)
            line_add(h, "connection", cases[i].connection);
        assert_int_equal(head_read(h, &head), ERROR_NONE);
        assert_int_equal(head.closes, cases[i].closes);
        assert_int_equal(head.keeps_told, cases[i].told);
    }
}

static void test_http_head_read__given_smuggling_then_refuses(void **state)
{
    static const struct {
        const char *lines[3][2];
    } cases[] = {
        {{{"Host", "x"}, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}},
        {{{"Host", "x"}, {"Content-Length", "5"}, {"Content-Length", "5"}}},
        {{{"Host", "x"}, {"Content-Length", "5, 5"}}},
        {{{"Host", "x"}, {"Content-Length", "+5"}}},
        {{{"Host", "x"}, {"Content-Length", "-1"}}},
        {{{"Host", "x"}, {"Content-Length", ""}}},
        {{{"Host", "x"}, {"Content-Length", "99999999999999999999"}}},
        {{{"Host", "x"}, {"Transfer-Encoding", "gzip, chunked"}}},
        {{{"Host", "x"}, {"Transfer-Encoding", "chunked"}, {"transfer-encoding", "chunked"}}},
        {{{"Host", "x"}, {"Host", "y"}}},
        {{{"Host", "x"}, {"X-Any", "a\x01z"}}},
        {{{"Accept", "x"}}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        head_text *h = head_of("1.1", "/v1/sessions", NULL);
        http_head head;
        for (size_t j = 0; j < 3 && cases[i].lines[j][0]; j++)
            line_add(h, cases[i].lines[j][0], cases[i].lines[j][1]);
        assert_int_equal(head_read(h, &head), ERROR_MALFORMED);
        assert_true(head.closes);
    }
}

static void test_http_head_read__given_lines_cut_short_then_refuses(void **state)
{
    http_head head;
    (void)state;
    // A folded line, and anything else that civetweb takes for the end of the head.
    head_text *h = head_of("1.1", "/v1/sessions", NULL);
    line_add(h, "Host", "x");
    memcpy(h->bytes + h->count, " folded", 7);
    assert_int_equal(head_read(h, &head), ERROR_MALFORMED);
    h = head_of("1.1", "/v1/sessions", NULL);
    assert_int_equal(head_read(h, &head), ERROR_MALFORMED);
}

static void test_http_head_read__given_uris_then_refuses_what_is_not_printable(void **state)
{
    static const char *const bad[] = {"/a b", "/a\x01", "/a\x7f", "/\xc3\xa9"};
    http_head head;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        head_text *h = head_of("1.1", bad[i], NULL);
        line_add(h, "Host", "x");
        assert_int_equal(head_read(h, &head), ERROR_MALFORMED);
        h = head_of("1.1", "/a", bad[i] + 1);
        line_add(h, "Host", "x");
        assert_int_equal(head_read(h, &head), ERROR_MALFORMED);
    }
    head_text *h = head_of("1.1", NULL, NULL);
    line_add(h, "Host", "x");
    assert_int_equal(head_read(h, &head), ERROR_MALFORMED);
}

static void test_http_etag_listed__given_lists_then_compares_weakly(void **state)
{
    (void)state;
    assert_true(http_etag_listed("\"a1\"", "\"a1\""));
    assert_true(http_etag_listed("W/\"a1\"", "\"a1\""));
    assert_true(http_etag_listed("\"x\", \"a1\" ,\"y\"", "\"a1\""));
    assert_true(http_etag_listed("*", "\"a1\""));
    assert_false(http_etag_listed("", "\"a1\""));
    assert_false(http_etag_listed("a1", "\"a1\""));
    assert_false(http_etag_listed("\"a12\"", "\"a1\""));
}

static void test_http_query_text__given_queries_then_decodes_the_named_one(void **state)
{
    char text[8];
    bool valid;
    (void)state;
    assert_true(http_query_text("a=1&city=K%c3%b6ln&b", "city", text, sizeof text, &valid));
    assert_true(valid);
    assert_string_equal(text, "K\xc3\xb6ln");
    assert_true(http_query_text("q=a+b", "q", text, sizeof text, &valid));
    assert_string_equal(text, "a b");
    assert_true(http_query_text("q=", "q", text, sizeof text, &valid));
    assert_true(valid);
    assert_false(http_query_text("qq=1&xq=2", "q", text, sizeof text, &valid));
    assert_true(http_query_text("q=12345678", "q", text, sizeof text, &valid));
    assert_false(valid);
    assert_true(http_query_text("q=%4", "q", text, sizeof text, &valid));
    assert_false(valid);
    assert_true(http_query_text("q=%00", "q", text, sizeof text, &valid));
    assert_false(valid);
}

static void test_http_query_int__given_numbers_then_keeps_their_bounds(void **state)
{
    static const char *const wrong[] = {
        "n=", "n=-1", "n=+1", "n=1x", "n=0x1", "n=11", "n=9999999999999999999", "n=%00"};
    int64_t value = 7;
    (void)state;
    assert_true(http_query_int("m=1", "n", 10, &value));
    assert_int_equal(value, 7);
    assert_true(http_query_int("m=1&n=10", "n", 10, &value));
    assert_int_equal(value, 10);
    assert_true(http_query_int("n=0", "n", 10, &value));
    assert_int_equal(value, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(http_query_int(wrong[i], "n", 10, &value));
}

static void test_problem__given_every_code_then_is_complete_and_tells_when_to_retry(void **state)
{
    (void)state;
    for (uint32_t code = 1; code < ERROR_CODES_END; code++) {
        const error_info *info = error_info_of(code);
        char buffer[1024];
        doc d;
        doc_init(&d, buffer, sizeof buffer);
        problem_begin(&d, (error_code)code, "why");
        doc_object_end(&d);
        assert_false(d.full);
        buffer[d.bytes] = 0;
        assert_non_null(strstr(buffer, info->type));
        assert_non_null(strstr(buffer, "\"detail\":\"why\""));
        bool later = info->http_status == 503 || info->http_status == 429;
        assert_int_equal(problem_retry_after((error_code)code) > 0, later);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_route_find__given_known_paths_then_finds_their_handler),
        cmocka_unit_test(test_route_find__given_other_paths_then_knows_none),
        cmocka_unit_test(test_route_find__given_other_methods_then_tells_the_allowed_ones),
        cmocka_unit_test(test_edge_routes__given_what_is_a_buyers_then_needs_a_session),
        cmocka_unit_test(test_http_head_read__given_plain_requests_then_keeps_or_closes),
        cmocka_unit_test(test_http_head_read__given_smuggling_then_refuses),
        cmocka_unit_test(test_http_head_read__given_lines_cut_short_then_refuses),
        cmocka_unit_test(test_http_head_read__given_uris_then_refuses_what_is_not_printable),
        cmocka_unit_test(test_http_etag_listed__given_lists_then_compares_weakly),
        cmocka_unit_test(test_http_query_text__given_queries_then_decodes_the_named_one),
        cmocka_unit_test(test_http_query_int__given_numbers_then_keeps_their_bounds),
        cmocka_unit_test(test_problem__given_every_code_then_is_complete_and_tells_when_to_retry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
