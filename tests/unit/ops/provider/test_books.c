#include "ops/provider/deliveries.h"
#include "ops/provider/intent.h"
#include "ops/provider/listing.h"
#include "ops/provider/logbook.h"
#include "ops/provider/record.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

// Books with everything they need, and no HTTP.
typedef struct bench {
    faults faults;
    books books;
} bench;

static bool restore(void *self, const char *kind, const json_t *record)
{
    return record_restore(self, kind, record);
}

static void bench_open(bench *t, const char *dir)
{
    char problem[CONFIG_PROBLEM_BYTES];
    faults_init(&t->faults);
    books_init(&t->books, &t->faults);
    t->books.public_url = "http://pay.example";
    deliveries_options options = {.url = "",
                                  .secret = "",
                                  .events = "*",
                                  .connections_max = 1,
                                  .faults = &t->faults,
                                  .mutex = &t->books.mutex};
    t->books.deliveries = deliveries_new(&options);
    assert_non_null(t->books.deliveries);
    if (!logbook_open(dir, restore, &t->books, &t->books.logbook, problem) ||
        !logbook_rewrite_begin(t->books.logbook, problem))
        fail_msg("%s", problem);
    record_restored(&t->books);
    record_all(&t->books);
    if (!logbook_rewrite_end(t->books.logbook, problem))
        fail_msg("%s", problem);
}

static void bench_close(bench *t)
{
    logbook_close(&t->books.logbook);
    deliveries_free(&t->books.deliveries);
    books_done(&t->books);
    faults_done(&t->faults);
}

static void fault_set(bench *t, const char *json)
{
    char problem[256];
    if (!faults_set(&t->faults, json, strlen(json), problem, sizeof problem))
        fail_msg("%s", problem);
}

typedef void (*call)(books *b, const form *f, answer *a);

// Makes a call and returns its answer as JSON, which the caller frees.
static json_t *call_with(bench *t, call work, const char *text, int expected_status)
{
    form f;
    answer a;
    assert_null(form_parse(text, strlen(text), &f));
    answer_init(&a);
    work(&t->books, &f, &a);
    if (a.status != expected_status)
        fail_msg("%s: %d %s", text, a.status, a.body.at);
    json_t *root = json_loads(a.body.at, 0, NULL);
    assert_non_null(root);
    answer_done(&a);
    form_done(&f);
    return root;
}

static intent *made(bench *t, const char *text)
{
    json_t *root = call_with(t, intent_create, text, 200);
    intent *i = books_intent(&t->books, json_string_value(json_object_get(root, "id")));
    json_decref(root);
    assert_non_null(i);
    return i;
}

static int confirmed(bench *t, intent *i, const char *method)
{
    answer a;
    answer_init(&a);
    intent_confirm(&t->books, i, method, &a);
    int status = a.status;
    answer_done(&a);
    return status;
}

static int cancelled(bench *t, intent *i)
{
    form f = {.fields_count = 0};
    answer a;
    answer_init(&a);
    intent_cancel(&t->books, i, &f, &a);
    int status = a.status;
    answer_done(&a);
    return status;
}

static refund *refunded(bench *t, const intent *i, int64_t amount)
{
    char text[128];
    snprintf(text, sizeof text, "payment_intent=%s&amount=%d", i->e.id, (int)amount);
    json_decref(call_with(t, refund_create, text, 200));
    return i->refunds;
}

static void refund_refused(bench *t, const char *id, const char *amount, int status,
                           const char *code)
{
    char text[128];
    snprintf(text, sizeof text, "payment_intent=%s%s", id, amount);
    json_t *root = call_with(t, refund_create, text, status);
    json_t *error = json_object_get(root, "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    json_decref(root);
}

static void test_intent_create__given_wrong_parameters_then_refused(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    static const char *const texts[] = {"currency=eur",
                                        "amount=100",
                                        "amount=0&currency=eur",
                                        "amount=-5&currency=eur",
                                        "amount=1.5&currency=eur",
                                        "amount=100000000&currency=eur",
                                        "amount=1&currency=euro",
                                        "amount=1&currency=e1r",
                                        "amount=1&currency=eur&payment_method=pm_card_none",
                                        "amount=1&currency=eur&receipt_email=nobody",
                                        "amount=1&currency=eur&capture_method=manual",
                                        "amount=1&currency=eur&metadata[]=x"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        json_decref(call_with(&t, intent_create, texts[i], 400));
    assert_int_equal(t.books.intents_made.count, 0);
    bench_close(&t);
}

static void test_intent_confirm__given_a_decline_then_another_try_succeeds(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    intent *i = made(&t, "amount=1250&currency=EUR&metadata[payment_id]=p&metadata[payment_id]=q");
    assert_string_equal(i->currency, "eur");
    assert_int_equal(i->metadata.pairs, 1);
    assert_int_equal(confirmed(&t, i, NULL), 400);
    assert_int_equal(confirmed(&t, i, "pm_card_none"), 400);
    assert_int_equal(confirmed(&t, i, "pm_card_chargeDeclinedInsufficientFunds"), 402);
    assert_int_equal(i->status, INTENT_REQUIRES_PAYMENT_METHOD);
    assert_int_equal(confirmed(&t, i, NULL), 400);
    assert_int_equal(confirmed(&t, i, "pm_card_visa"), 200);
    assert_int_equal(i->status, INTENT_SUCCEEDED);
    assert_int_equal(i->amount_received, 1250);
    assert_int_equal(confirmed(&t, i, "pm_card_visa"), 400);
    assert_int_equal(cancelled(&t, i), 400);
    bench_close(&t);
}

static void test_intent_cancel__given_an_open_intent_then_it_never_pays(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    intent *i = made(&t, "amount=1&currency=eur&payment_method=pm_card_visa");
    assert_int_equal(i->status, INTENT_REQUIRES_CONFIRMATION);
    assert_int_equal(cancelled(&t, i), 200);
    assert_int_equal(cancelled(&t, i), 400);
    assert_int_equal(confirmed(&t, i, "pm_card_visa"), 400);
    assert_int_equal(i->amount_received, 0);
    bench_close(&t);
}

static void test_refund_create__given_parts_then_never_more_than_was_paid(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    intent *i = made(&t, "amount=1000&currency=eur");
    refund_refused(&t, i->e.id, "", 400, "charge_not_refundable");
    refund_refused(&t, "pi_none", "", 404, "resource_missing");
    assert_int_equal(confirmed(&t, i, "pm_card_visa"), 200);
    refund_refused(&t, i->e.id, "&amount=1001", 400, "amount_too_large");
    refund_refused(&t, i->e.id, "&amount=0", 400, "parameter_invalid_integer");
    assert_int_equal(refunded(&t, i, 400)->status, REFUND_SUCCEEDED);
    refund_refused(&t, i->e.id, "&amount=601", 400, "amount_too_large");
    refunded(&t, i, 600);
    assert_int_equal(i->amount_refunded, 1000);
    refund_refused(&t, i->e.id, "", 400, "charge_already_refunded");
    bench_close(&t);
}

static void test_refund_create__given_a_failing_refund_then_the_next_succeeds(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    fault_set(&t, "{\"refund_failures\":1}");
    intent *i = made(&t, "amount=10&currency=eur&confirm=true&payment_method=pm_card_visa");
    refund *first = refunded(&t, i, 10);
    assert_int_equal(first->status, REFUND_PENDING);
    assert_int_equal(i->amount_refunded, 10);
    assert_int_equal(books_settle(&t.books, INT64_MAX - 1), INT64_MAX);
    assert_int_equal(first->status, REFUND_FAILED);
    assert_int_equal(i->amount_refunded, 0);
    assert_int_equal(refunded(&t, i, 10)->status, REFUND_SUCCEEDED);
    bench_close(&t);
}

static void test_intent_confirm__given_faults_then_slow_or_wrong(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    fault_set(&t, "{\"slow_payments\":1,\"wrong_amounts\":{\"value\":5}}");
    intent *i = made(&t, "amount=10&currency=eur&confirm=true&payment_method=pm_card_visa");
    assert_int_equal(i->status, INTENT_PROCESSING);
    assert_int_equal(cancelled(&t, i), 400);
    assert_int_equal(books_settle(&t.books, 0), i->settles_us);
    assert_int_equal(i->status, INTENT_PROCESSING);
    books_settle(&t.books, INT64_MAX - 1);
    assert_int_equal(i->status, INTENT_SUCCEEDED);
    assert_int_equal(i->amount_received, 15);
    bench_close(&t);
}

static void intents_listed(books *b, const form *f, answer *a)
{
    listing_intents(b, f, a);
}

static void list(bench *t, const char *text, const char *expected_last, size_t expected_count,
                 bool expected_more)
{
    json_t *root = call_with(t, intents_listed, text, 200);
    json_t *data = json_object_get(root, "data");
    assert_int_equal(json_array_size(data), expected_count);
    assert_int_equal(json_is_true(json_object_get(root, "has_more")), expected_more);
    if (expected_count > 0) {
        json_t *last = json_array_get(data, expected_count - 1);
        assert_string_equal(json_string_value(json_object_get(last, "id")), expected_last);
    }
    json_decref(root);
}

static void test_listing_intents__given_pages_then_each_once_newest_first(void **state)
{
    (void)state;
    bench t;
    bench_open(&t, "");
    list(&t, "", NULL, 0, false);
    intent *all[25];
    for (int i = 0; i < 25; i++) {
        all[i] = made(&t, "amount=1&currency=eur");
        all[i]->e.created = 1000 + i; // one each second, as far as the books say
        all[i]->e.made_us = (1000 + i) * 1000000;
    }
    char text[128];
    list(&t, "", all[15]->e.id, 10, true);
    snprintf(text, sizeof text, "starting_after=%s&limit=10", all[15]->e.id);
    list(&t, text, all[5]->e.id, 10, true);
    snprintf(text, sizeof text, "starting_after=%s", all[5]->e.id);
    list(&t, text, all[0]->e.id, 5, false);
    list(&t, "created[gte]=1020", all[20]->e.id, 5, false);
    list(&t, "created[gt]=1020&created[lt]=1023", all[21]->e.id, 2, false);
    list(&t, "created[lte]=1004&limit=100", all[0]->e.id, 5, false);
    list(&t, "created=1007", all[7]->e.id, 1, false);
    list(&t, "created[gte]=999999999999999999", NULL, 0, false);
    json_decref(call_with(&t, intents_listed, "limit=101", 400));
    json_decref(call_with(&t, intents_listed, "limit=0", 400));
    json_decref(call_with(&t, intents_listed, "created[gte]=x", 400));
    json_decref(call_with(&t, intents_listed, "starting_after=pi_none", 404));
    bench_close(&t);
}

static void test_logbook__given_a_restart_then_the_same_books(void **state)
{
    (void)state;
    char folder[] = "/tmp/cavea-books-XXXXXX", file[64], id[OBJECT_ID_BYTES];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/provider.jsonl", folder);
    bench t;
    bench_open(&t, folder);
    fault_set(&t, "{\"slow_refunds\":1}");
    intent *i = made(&t, "amount=1000&currency=eur&metadata[payment_id]=p%22%0A&description=a%0Ab&"
                         "confirm=true&payment_method=pm_card_visa&receipt_email=a@b.example");
    refunded(&t, i, 300);
    snprintf(id, sizeof id, "%s", i->e.id);
    bench_close(&t);
    // A kill in the middle of a line loses that line only.
    int fd = open(file, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "{\"intent\":{\"id\":", 16), 16);
    close(fd);
    for (int n = 0; n < 2; n++) {
        bench_open(&t, folder);
        i = books_intent(&t.books, id);
        assert_non_null(i);
        assert_int_equal(i->status, INTENT_SUCCEEDED);
        assert_int_equal(i->amount_refunded, 300);
        assert_string_equal(i->description, "a\nb");
        assert_string_equal(i->card->id, "pm_card_visa");
        assert_string_equal(i->metadata.text + strlen("payment_id") + 1, "p\"\n");
        assert_int_equal(i->refunds->status, REFUND_PENDING);
        bench_close(&t);
    }
    bench_open(&t, folder);
    books_settle(&t.books, INT64_MAX - 1);
    assert_int_equal(books_intent(&t.books, id)->refunds->status, REFUND_SUCCEEDED);
    bench_close(&t);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void test_logbook__given_nonsense_then_says_where(void **state)
{
    (void)state;
    char folder[] = "/tmp/cavea-books-XXXXXX", file[64], problem[CONFIG_PROBLEM_BYTES];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/provider.jsonl", folder);
    FILE *out = fopen(file, "w");
    fputs("{\"intent\":{}}\n", out);
    fclose(out);
    bench t;
    faults_init(&t.faults);
    books_init(&t.books, &t.faults);
    assert_false(logbook_open(folder, restore, &t.books, &t.books.logbook, problem));
    assert_non_null(strstr(problem, "Line 1 of "));
    books_done(&t.books);
    faults_done(&t.faults);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intent_create__given_wrong_parameters_then_refused),
        cmocka_unit_test(test_intent_confirm__given_a_decline_then_another_try_succeeds),
        cmocka_unit_test(test_intent_cancel__given_an_open_intent_then_it_never_pays),
        cmocka_unit_test(test_refund_create__given_parts_then_never_more_than_was_paid),
        cmocka_unit_test(test_refund_create__given_a_failing_refund_then_the_next_succeeds),
        cmocka_unit_test(test_intent_confirm__given_faults_then_slow_or_wrong),
        cmocka_unit_test(test_listing_intents__given_pages_then_each_once_newest_first),
        cmocka_unit_test(test_logbook__given_a_restart_then_the_same_books),
        cmocka_unit_test(test_logbook__given_nonsense_then_says_where),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
