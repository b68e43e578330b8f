#include "ops/provider/repeats.h"
#include "ops/provider/stripe.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const int64_t day_us = 24LL * 3600 * 1000000;

static bool restore_into(void *self, const char *kind, const json_t *record)
{
    return strcmp(kind, "repeat") == 0 && repeats_restore(self, record);
}

static void open_in(const char *dir, repeats *r)
{
    char problem[CONFIG_PROBLEM_BYTES];
    repeats_init(r);
    if (!logbook_open(dir, restore_into, r, &r->logbook, problem) ||
        !logbook_rewrite_begin(r->logbook, problem))
        fail_msg("%s", problem);
    repeats_record_all(r);
    if (!logbook_rewrite_end(r->logbook, problem))
        fail_msg("%s", problem);
}

static void close_all(repeats *r)
{
    logbook_close(&r->logbook);
    repeats_done(r);
}

static void add(repeats *r, const char *key, const char *body, int64_t now_us)
{
    digest16 request = digest16_of(body, strlen(body));
    answer a;
    answer_init(&a);
    jsonout_raw(&a.body, body, strlen(body));
    repeats_add(r, key, &request, &a, now_us);
    answer_done(&a);
}

static digest16 digest_of(const char *method, const char *path, const char *text)
{
    form f;
    assert_null(form_parse(text, strlen(text), &f));
    digest16 digest = stripe_request_digest(method, path, &f);
    form_done(&f);
    return digest;
}

static void test_stripe_request_digest__given_the_same_parameters_then_the_same(void **state)
{
    (void)state;
    digest16 first = digest_of("POST", "/v1/refunds", "amount=1&metadata[a]=b");
    digest16 same = digest_of("POST", "/v1/refunds", "metadata%5Ba%5D=b&amount=1");
    assert_true(digest16_equal(&first, &same));
    static const char *const others[][3] = {
        {"POST", "/v1/refunds", "amount=2&metadata[a]=b"},
        {"POST", "/v1/refunds", "amount=1&metadata[a]=b&x="},
        {"POST", "/v1/refunds", "amount=1"},
        {"POST", "/v1/payment_intents", "amount=1&metadata[a]=b"},
        {"GET", "/v1/refunds", "amount=1&metadata[a]=b"},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        digest16 other = digest_of(others[i][0], others[i][1], others[i][2]);
        assert_false(digest16_equal(&first, &other));
    }
}

static void test_repeats_find__given_a_key_then_the_first_answer(void **state)
{
    (void)state;
    repeats r;
    open_in("", &r);
    assert_null(repeats_find(&r, "k1"));
    add(&r, "k1", "{\"id\":\"pi_1\"}", 1000);
    add(&r, "k1", "{\"id\":\"pi_2\"}", 2000);
    const repeat *given = repeats_find(&r, "k1");
    assert_non_null(given);
    assert_string_equal(given->body, "{\"id\":\"pi_1\"}");
    assert_int_equal(given->status, 200);
    assert_int_equal(repeats_count(&r), 1);
    close_all(&r);
}

static void test_repeats_add__given_a_day_then_the_old_ones_are_forgotten(void **state)
{
    (void)state;
    repeats r;
    open_in("", &r);
    add(&r, "old", "{}", 1000);
    add(&r, "new", "{}", 1000 + day_us);
    assert_non_null(repeats_find(&r, "old"));
    add(&r, "newer", "{}", 1002 + day_us);
    assert_null(repeats_find(&r, "old"));
    assert_non_null(repeats_find(&r, "new"));
    assert_int_equal(repeats_count(&r), 2);
    close_all(&r);
}

static void test_repeats__given_a_restart_then_still_known(void **state)
{
    (void)state;
    char folder[] = "/tmp/cavea-repeats-XXXXXX", file[64];
    assert_non_null(mkdtemp(folder));
    repeats r;
    open_in(folder, &r);
    add(&r, "key \"1\"", "{\"a\":\"\\u0022\"}", 1000);
    close_all(&r);
    for (int i = 0; i < 2; i++) {
        open_in(folder, &r);
        const repeat *given = repeats_find(&r, "key \"1\"");
        assert_non_null(given);
        assert_string_equal(given->body, "{\"a\":\"\\u0022\"}");
        digest16 request = digest16_of("{\"a\":\"\\u0022\"}", 14);
        assert_true(digest16_equal(&given->request, &request));
        assert_int_equal(given->at_us, 1000);
        close_all(&r);
    }
    snprintf(file, sizeof file, "%s/provider.jsonl", folder);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_stripe_secret_equal__given_secrets_then_only_the_same(void **state)
{
    (void)state;
    assert_true(stripe_secret_equal("sk_test_1", "sk_test_1"));
    assert_false(stripe_secret_equal("sk_test_1", "sk_test_2"));
    assert_false(stripe_secret_equal("sk_test_1", "sk_test_1 "));
    assert_false(stripe_secret_equal("", "sk_test_1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stripe_request_digest__given_the_same_parameters_then_the_same),
        cmocka_unit_test(test_repeats_find__given_a_key_then_the_first_answer),
        cmocka_unit_test(test_repeats_add__given_a_day_then_the_old_ones_are_forgotten),
        cmocka_unit_test(test_repeats__given_a_restart_then_still_known),
        cmocka_unit_test(test_stripe_secret_equal__given_secrets_then_only_the_same),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
