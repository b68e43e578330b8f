// Opening and loading cells, and the table that finds them. The actors are expiry partitions: they
// load with one question to the store.
#include "actors/runtime/cell.h"

#include <stdlib.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct shop { // a store with one lease
    store_result take, load;
    bool is_taken_elsewhere;
    lease l;
    uint32_t senders_bytes, released;
} shop;

static store_result lease_take_fake(void *self, const actor_ref *actor, lease *ret_lease,
                                    bool *ret_taken, uuid *ret_holder)
{
    shop *s = self;
    *ret_taken = s->take == STORE_OK && !s->is_taken_elsewhere;
    *ret_holder = (uuid){{7}};
    if (!*ret_taken)
        return s->take;
    s->l.epoch++;
    *ret_lease = s->l;
    ret_lease->actor = *actor;
    ret_lease->senders = calloc(1, s->senders_bytes + 1);
    ret_lease->senders_bytes = s->senders_bytes;
    return STORE_OK;
}

static store_result lease_release_fake(void *self, const actor_id *actor, int64_t epoch)
{
    shop *s = self;
    (void)actor;
    assert_int_equal(epoch, s->l.epoch);
    s->released++;
    return STORE_OK;
}

static store_result load_held_fake(void *self, uint32_t partition, held_row **ret_rows,
                                   uint32_t *ret_count)
{
    (void)partition;
    *ret_rows = calloc(1, sizeof **ret_rows);
    *ret_count = 0;
    if (((shop *)self)->load != STORE_OK) {
        free(*ret_rows);
        *ret_rows = NULL;
    }
    return ((shop *)self)->load;
}

static kind_context context_of(shop *s)
{
    return (kind_context){.store = {.self = s,
                                    .lease_take = lease_take_fake,
                                    .lease_release = lease_release_fake,
                                    .load_held = load_held_fake}};
}

static void test_cell_open__given_a_free_lease_then_has_what_the_lease_says(void **state)
{
    (void)state;
    shop s = {.l = {.epoch = 4,
                    .incarnation = 9,
                    .cursor = 100,
                    .last_seq = 20,
                    .published_incarnation = 9,
                    .published_seq = 15,
                    .now_us = 1234}};
    kind_context context = context_of(&s);
    actor_ref ref = actor_of_partition(ACTOR_EXPIRY, 3);
    cell *c = NULL;
    uuid holder;
    assert_int_equal(cell_open(&context, &ref, &c, &holder), STORE_OK);
    assert_non_null(c);
    assert_non_null(c->state);
    assert_int_equal(c->epoch, 5);
    assert_int_equal(c->incarnation, 9);
    assert_int_equal(c->committed_cursor, 100);
    assert_int_equal(c->committed_seq, 20);
    assert_int_equal(c->leased_us, 1234);
    assert_true(c->resending); // facts 16 to 20
    assert_int_equal(c->resend_from, 15);
    uint64_t number = c->number;
    bool lost = true;
    assert_int_equal(cell_reload(&context, c, &lost), STORE_OK);
    assert_false(lost);
    assert_int_equal(c->epoch, 6);
    assert_int_equal(c->number, number);
    s.is_taken_elsewhere = true;
    assert_int_equal(cell_reload(&context, c, &lost), STORE_OK);
    assert_true(lost);
    assert_null(c->state);
    cell_free(c);
}

static void test_cell_open__given_no_lease_then_no_cell(void **state)
{
    (void)state;
    shop s = {.is_taken_elsewhere = true};
    kind_context context = context_of(&s);
    actor_ref ref = actor_of_partition(ACTOR_EXPIRY, 3);
    cell *c = NULL;
    uuid holder = {{0}};
    assert_int_equal(cell_open(&context, &ref, &c, &holder), STORE_OK);
    assert_null(c);
    assert_int_equal(holder.bytes[0], 7);
    s = (shop){.take = STORE_UNKNOWN};
    assert_int_equal(cell_open(&context, &ref, &c, &holder), STORE_UNKNOWN);
    assert_null(c);
    s = (shop){.load = STORE_UNKNOWN};
    assert_int_equal(cell_open(&context, &ref, &c, &holder), STORE_UNKNOWN);
    assert_null(c);
    assert_int_equal(s.released, 1); // not kept from others
    s = (shop){.senders_bytes = 3};  // no encoding of senders
    assert_int_equal(cell_open(&context, &ref, &c, &holder), STORE_REFUSED);
    assert_null(c);
    assert_int_equal(s.released, 1);
    ref.kind = (actor_kind)77;
    assert_int_equal(cell_open(&context, &ref, &c, &holder), STORE_OK);
    assert_null(c);
}

static cell *plain_cell(uint32_t n)
{
    cell *c = calloc(1, sizeof *c);
    c->number = n + 1;
    c->ref = (actor_ref){ACTOR_EVENT, {{{1}}}};
    memcpy(c->ref.id.u.bytes + 8, &n, sizeof n);
    return c;
}

static void test_cell_table__given_many_then_finds_each_by_id_and_number(void **state)
{
    (void)state;
    enum { CELLS = 20000 }; // more than there are buckets
    cell_table t;
    assert_true(cell_table_init(&t));
    for (uint32_t i = 0; i < CELLS; i++)
        assert_true(cell_table_put(&t, plain_cell(i)));
    assert_int_equal(t.list_count, CELLS);
    assert_int_equal(t.by_kind[ACTOR_EVENT], CELLS);
    for (uint32_t i = 0; i < CELLS; i += 2) {
        cell *wanted = plain_cell(i);
        cell *c = cell_table_take(&t, &wanted->ref.id);
        assert_non_null(c);
        assert_int_equal(c->number, i + 1);
        assert_null(cell_table_take(&t, &wanted->ref.id));
        cell_free(c);
        cell_free(wanted);
    }
    assert_int_equal(t.list_count, CELLS / 2);
    for (uint32_t i = 0; i < CELLS; i++) {
        cell *wanted = plain_cell(i);
        cell *c = cell_table_find(&t, &wanted->ref.id);
        assert_ptr_equal(c, cell_table_numbered(&t, i + 1));
        assert_true((c != NULL) == (i % 2 == 1));
        assert_true(c == NULL || t.list[c->listed_at] == c);
        cell_free(wanted);
    }
    cell_table_done(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cell_open__given_a_free_lease_then_has_what_the_lease_says),
        cmocka_unit_test(test_cell_open__given_no_lease_then_no_cell),
        cmocka_unit_test(test_cell_table__given_many_then_finds_each_by_id_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
