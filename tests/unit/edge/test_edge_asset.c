#include "edge/asset.h"
#include "edge/edge.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ALL = 1u << ENCODING_GZIP | 1u << ENCODING_BROTLI, GZIP = 1u << ENCODING_GZIP };

static void test_encoding_choose__given_what_a_client_takes_then_is_the_smallest(void **state)
{
    static const struct {
        const char *accept;
        unsigned available;
        encoding wanted;
    } cases[] = {
        {NULL, ALL, ENCODING_IDENTITY},
        {"", ALL, ENCODING_IDENTITY},
        {"identity", ALL, ENCODING_IDENTITY},
        {"gzip, deflate, br, zstd", ALL, ENCODING_BROTLI},
        {"gzip, deflate, br, zstd", GZIP, ENCODING_GZIP},
        {"gzip, deflate, br, zstd", 0, ENCODING_IDENTITY},
        {"gzip", ALL, ENCODING_GZIP},
        {"GZIP", ALL, ENCODING_GZIP},
        {"br;q=0, gzip;q=0.5", ALL, ENCODING_GZIP},
        {"br;q=0.000, gzip ; q=0.001", ALL, ENCODING_GZIP},
        {"br;q=1.0", ALL, ENCODING_BROTLI},
        {"*", ALL, ENCODING_BROTLI},
        {"*;q=0, gzip", ALL, ENCODING_GZIP},
        {"*;q=0", ALL, ENCODING_IDENTITY},
        {"br;q=0, *", ALL, ENCODING_GZIP},
        {"brotli, xgzip, gzipx", ALL, ENCODING_IDENTITY},
        {",,  ,gzip", ALL, ENCODING_GZIP},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(encoding_choose(cases[i].accept, cases[i].available), cases[i].wanted);
}

static void test_asset_find__given_a_name_then_is_the_one(void **state)
{
    static const asset table[] = {{.name = "app.js"}, {.name = "app"}, {0}};
    (void)state;
    assert_ptr_equal(asset_find(table, "app.js", 6), &table[0]);
    assert_ptr_equal(asset_find(table, "app.js", 3), &table[1]);
    assert_null(asset_find(table, "app.j", 5));
    assert_null(asset_find(table, "", 0));
}

// Whatever the build embeds can be asked for, and fits the heads we send.
static void test_web_assets__given_the_build_then_each_has_a_form_and_a_name(void **state)
{
    (void)state;
    for (const asset *a = web_assets; a->name; a++) {
        assert_non_null(a->forms[ENCODING_IDENTITY].data);
        assert_non_null(a->content_type);
        assert_true(strlen(a->digest) >= 16 && strlen(a->digest) < 64);
        assert_ptr_equal(asset_find(web_assets, a->name, strlen(a->name)), a);
    }
}

// A build without pages says so where they would be, and one with pages has all that these need.
static void test_handle_page__given_the_build_then_answers_the_shell_or_says_why(void **state)
{
    edge e = {.public_url = ""};
    http_request request = {.accept = "text/html"};
    http_answer a = {.status = 200};
    edge_call call = {.edge = &e, .request = &request, .answer = &a};
    (void)state;
    assert_true(page_policy_make("", e.page_policy));
    handle_page(&call);
    assert_non_null(a.data);
    assert_non_null(strstr(a.content_type, "text/html"));
    assert_ptr_equal(a.policy, e.page_policy);
    const asset *watch = asset_find(web_assets, "watch.js", sizeof "watch.js" - 1);
    if (web_assets[0].name) {
        assert_int_equal(a.status, 200);
        assert_true(watch && !watch->hashed);
    } else {
        assert_int_equal(a.status, 503);
        assert_non_null(memmem(a.data, a.data_bytes, "without its pages", 17));
    }
}

static void test_route_find__given_pages_and_assets_then_finds_them(void **state)
{
    static const char *const paths[] = {
        "/",
        "/cart",
        "/pay/return",
        "/reservations",
        "/events/01970000-0000-7000-8000-0000000000e1",
        "/reservations/01970000-0000-7000-8000-0000000000e1",
        "/tickets/01970000-0000-7000-8000-0000000000e1",
        "/assets/app-ABCD1234.js",
    };
    static const char *const none[] = {"/assets/", "/assets/a/b.js", "/assets/../x", "/asset",
                                       "/x"};
    route_match m;
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        route_result found = route_find(edge_routes, edge_routes_count, "HEAD", paths[i], &m);
        assert_int_equal(found, ROUTE_FOUND);
        assert_int_equal(m.route->metric, METRIC_ROUTE_ASSET);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(route_find(edge_routes, edge_routes_count, "GET", none[i], &m),
                         ROUTE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding_choose__given_what_a_client_takes_then_is_the_smallest),
        cmocka_unit_test(test_asset_find__given_a_name_then_is_the_one),
        cmocka_unit_test(test_web_assets__given_the_build_then_each_has_a_form_and_a_name),
        cmocka_unit_test(test_handle_page__given_the_build_then_answers_the_shell_or_says_why),
        cmocka_unit_test(test_route_find__given_pages_and_assets_then_finds_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
