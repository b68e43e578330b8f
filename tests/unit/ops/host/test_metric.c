#include "ops/host/metric.h"
#include "schemas/id.h"
#include "store/store.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// The list promises these sequences, so that callers may index by their own enum.
_Static_assert((int)METRIC_COMMIT_OK == (int)STORE_OK, "commit results");
_Static_assert((int)METRIC_COMMIT_FENCED == (int)STORE_FENCED, "commit results");
_Static_assert((int)METRIC_COMMIT_REFUSED == (int)STORE_REFUSED, "commit results");
_Static_assert((int)METRIC_COMMIT_UNKNOWN == (int)STORE_UNKNOWN, "commit results");
_Static_assert((int)METRIC_KIND_EVENT == (int)ACTOR_EVENT, "actor kinds");
_Static_assert((int)METRIC_KIND_PAYMENT == (int)ACTOR_PAYMENT, "actor kinds");
_Static_assert((int)METRIC_KIND_TICKET == (int)ACTOR_TICKET, "actor kinds");
_Static_assert((int)METRIC_KIND_EXPIRY == (int)ACTOR_EXPIRY, "actor kinds");
_Static_assert((int)METRIC_STUCK_PAYMENT_UNDECIDED == (int)STUCK_PAYMENT_UNDECIDED, "stuck work");
_Static_assert((int)METRIC_STUCK_REFUND_UNSENT == (int)STUCK_REFUND_UNSENT, "stuck work");

static void assert_exposed(metric_program program, const char *line)
{
    char *text = metric_expose(program, NULL);
    assert_non_null(text);
    if (strstr(text, line) == NULL)
        fail_msg("not exposed: %s", line);
    free(text);
}

static void test_metric_add__given_labels_then_exposed_with_them(void **state)
{
    (void)state;
    metric_add_for2(METRIC_COMMANDS, METRIC_COMMAND_RESERVE, METRIC_ANSWER_REFUSED, 3);
    metric_add_for(METRIC_COMMITS, METRIC_COMMIT_FENCED, 2);
    metric_add(METRIC_TICKS, 1);
    assert_exposed(METRIC_PROGRAM_ACTORS,
                   "\ncavea_runtime_commands_total{command=\"reserve\",answer=\"refused\"} 3\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "\ncavea_runtime_commits_total{result=\"fenced\"} 2\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "\ncavea_runtime_ticks_total 1\n");
    assert_int_equal(metric_sum(METRIC_COMMANDS), 3);
}

static void test_metric_add__given_an_unknown_label_then_counted_as_the_first(void **state)
{
    (void)state;
    metric_add_for(METRIC_RECONCILED, 999, 1);
    assert_exposed(METRIC_PROGRAM_ACTORS, "\ncavea_runtime_reconciled_total{stuck=\"other\"} 1\n");
}

static void test_metric_set__given_a_gauge_then_goes_both_ways(void **state)
{
    (void)state;
    metric_set_for(METRIC_CELLS_AWAKE, METRIC_KIND_EVENT, 5);
    metric_change_for(METRIC_CELLS_AWAKE, METRIC_KIND_EVENT, -7);
    assert_exposed(METRIC_PROGRAM_ACTORS, "\ncavea_runtime_cells_awake{kind=\"event\"} -2\n");
}

static void test_metric_observe__given_times_then_cumulative_buckets(void **state)
{
    (void)state;
    metric_observe(METRIC_TICK_SECONDS, 0);
    metric_observe(METRIC_TICK_SECONDS, 100);
    metric_observe(METRIC_TICK_SECONDS, 101);
    metric_observe(METRIC_TICK_SECONDS, 300000);
    metric_observe(METRIC_TICK_SECONDS, 500000000);
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_bucket{le=\"0.0001\"} 2\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_bucket{le=\"0.00015\"} 3\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_bucket{le=\"0.3\"} 4\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_bucket{le=\"100\"} 4\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_bucket{le=\"+Inf\"} 5\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_sum 500.300201\n");
    assert_exposed(METRIC_PROGRAM_ACTORS, "cavea_runtime_tick_seconds_count 5\n");
}

static void test_metric_expose__given_a_program_then_only_its_own(void **state)
{
    (void)state;
    char *text = metric_expose(METRIC_PROGRAM_EDGE, NULL);
    assert_non_null(strstr(text, "cavea_http_requests_total"));
    assert_non_null(strstr(text, "cavea_log_lines_total"));
    assert_null(strstr(text, "cavea_runtime_"));
    free(text);
}

static void *add_many(void *self)
{
    (void)self;
    for (int i = 0; i < 100000; i++) {
        metric_add(METRIC_BATCHES, 1);
        metric_observe_for(METRIC_HTTP_SECONDS, METRIC_ROUTE_JWKS, i);
    }
    return NULL;
}

static void test_metric_add__given_threads_then_nothing_is_lost(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_sum(METRIC_BATCHES), THREADS * 100000);
    assert_int_equal(metric_sum(METRIC_HTTP_SECONDS), THREADS * 100000);
}

// What promtool's lint would say of the names, so that it is known before promtool is there.
static void test_metric_list__given_the_names_then_they_follow_the_rules(void **state)
{
    (void)state;
    char *text = metric_expose(METRIC_PROGRAM_ALL, NULL);
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char name[128], type[32];
        if (sscanf(line, "# TYPE %127s %31s", name, type) != 2)
            continue;
        size_t bytes = strlen(name);
        bool is_total = bytes > 6 && strcmp(name + bytes - 6, "_total") == 0;
        assert_int_equal(strncmp(name, "cavea_", 6), 0);
        assert_int_equal(is_total, strcmp(type, "counter") == 0);
        for (size_t i = 0; i < bytes; i++)
            assert_true(islower((unsigned char)name[i]) || name[i] == '_');
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_add__given_labels_then_exposed_with_them),
        cmocka_unit_test(test_metric_add__given_an_unknown_label_then_counted_as_the_first),
        cmocka_unit_test(test_metric_set__given_a_gauge_then_goes_both_ways),
        cmocka_unit_test(test_metric_observe__given_times_then_cumulative_buckets),
        cmocka_unit_test(test_metric_expose__given_a_program_then_only_its_own),
        cmocka_unit_test(test_metric_add__given_threads_then_nothing_is_lost),
        cmocka_unit_test(test_metric_list__given_the_names_then_they_follow_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
