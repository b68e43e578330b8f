#include "actors/table/table.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KEYS = 300, CAPACITY = 64 };

static uuid key_of(uint32_t n)
{
    uuid key = {{0}};
    key.bytes[12] = (uint8_t)(n >> 8);
    key.bytes[15] = (uint8_t)n;
    return key;
}

static uint32_t add(table *t, uint32_t n)
{
    uuid key = key_of(n);
    return table_add(t, &key);
}

static uint32_t find(const table *t, uint32_t n)
{
    uuid key = key_of(n);
    return table_find(t, &key);
}

static void test_table_add__given_keys_then_finds_each_and_no_other(void **state)
{
    (void)state;
    table *t = table_new(sizeof(uint32_t), CAPACITY, CAPACITY);
    for (uint32_t n = 0; n < CAPACITY; n++) {
        uint32_t slot = add(t, n);
        assert_int_not_equal(slot, TABLE_NONE);
        *(uint32_t *)table_item(t, slot) = n;
    }
    assert_int_equal(table_count(t), CAPACITY);
    for (uint32_t n = 0; n < CAPACITY; n++)
        assert_int_equal(*(uint32_t *)table_item(t, find(t, n)), n);
    assert_int_equal(find(t, CAPACITY), TABLE_NONE);
    table_free(t);
}

static void test_table_add__given_a_full_table_then_refuses_until_one_is_removed(void **state)
{
    (void)state;
    table *t = table_new(8, 4, 4);
    for (uint32_t n = 0; n < 4; n++)
        assert_int_not_equal(add(t, n), TABLE_NONE);
    assert_int_equal(add(t, 9), TABLE_NONE);
    table_remove(t, find(t, 2));
    uint32_t slot = add(t, 9);
    assert_int_not_equal(slot, TABLE_NONE);
    assert_int_equal(*(uint64_t *)table_item(t, slot),
                     0); // zeroed, though the slot was used before
    table_free(t);
}

static void test_table_add__given_a_higher_bound_then_grows_and_keeps_everything(void **state)
{
    (void)state;
    table *t = table_new(sizeof(uint32_t), 2, KEYS);
    for (uint32_t n = 0; n < KEYS; n++) {
        uint32_t slot = add(t, n);
        assert_int_not_equal(slot, TABLE_NONE);
        *(uint32_t *)table_item(t, slot) = n;
        table_due_set(t, slot, 1000 - (int64_t)n);
    }
    assert_int_equal(add(t, KEYS), TABLE_NONE);
    for (uint32_t n = 0; n < KEYS; n++) {
        assert_int_equal(*(uint32_t *)table_item(t, find(t, n)), n);
        assert_int_equal(table_due(t, find(t, n)), 1000 - (int64_t)n);
    }
    assert_int_equal(table_due_next(t), 1000 - (KEYS - 1));
    table_free(t);
}

static void test_table_stalest__given_uses_then_names_the_oldest_without_a_due_time(void **state)
{
    (void)state;
    table *t = table_new(8, 8, 8);
    assert_int_equal(table_stalest(t, 8), TABLE_NONE);
    for (uint32_t n = 0; n < 4; n++)
        assert_int_not_equal(add(t, n), TABLE_NONE);
    assert_int_equal(table_stalest(t, 8), find(t, 0));
    table_touch(t, find(t, 0));
    assert_int_equal(table_stalest(t, 8), find(t, 1));
    table_due_set(t, find(t, 1), 5);
    assert_int_equal(table_stalest(t, 8), find(t, 2));
    for (uint32_t n = 0; n < 4; n++)
        table_due_set(t, find(t, n), 5);
    assert_int_equal(table_stalest(t, 8), find(t, 1));
    table_due_set(t, find(t, 3), TABLE_NEVER);
    assert_int_equal(table_stalest(t, 2), find(t, 1)); // looked at two only
    assert_int_equal(table_stalest(t, 3), find(t, 3));
    table_free(t);
}

// A linear congruential generator: the test is the same each time.
static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

typedef struct model {
    bool there[KEYS];
    int64_t due_us[KEYS];
} model;

static void agree(const table *t, const model *m)
{
    uint32_t count = 0;
    int64_t first_us = TABLE_NEVER;
    for (uint32_t n = 0; n < KEYS; n++) {
        uint32_t slot = find(t, n);
        assert_int_equal(slot != TABLE_NONE, m->there[n]);
        if (!m->there[n])
            continue;
        count++;
        assert_int_equal(table_due(t, slot), m->due_us[n]);
        if (m->due_us[n] < first_us)
            first_us = m->due_us[n];
    }
    assert_int_equal(table_count(t), count);
    assert_int_equal(table_due_next(t), first_us);
    if (first_us != TABLE_NEVER)
        assert_int_equal(table_due(t, table_due_first(t)), first_us);
}

static void test_table__given_random_steps_then_agrees_with_a_plain_model(void **state)
{
    (void)state;
    static model m;
    uint64_t seed = 7;
    table *t = table_new(24, 16, KEYS / 2);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t n = next_random(&seed) % KEYS, slot = find(t, n);
        uint32_t what = next_random(&seed) % 8;
        if (slot == TABLE_NONE && what < 5) {
            slot = add(t, n);
            m.there[n] = slot != TABLE_NONE;
            m.due_us[n] = TABLE_NEVER;
        } else if (slot != TABLE_NONE && what < 2) {
            table_remove(t, slot);
            m.there[n] = false;
        } else if (slot != TABLE_NONE && what < 7) {
            m.due_us[n] = what == 6 ? TABLE_NEVER : (int64_t)(next_random(&seed) % 1000);
            table_due_set(t, slot, m.due_us[n]);
        } else if (slot != TABLE_NONE) {
            table_touch(t, slot);
        }
        if (step % 16 == 0)
            agree(t, &m);
    }
    table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_add__given_keys_then_finds_each_and_no_other),
        cmocka_unit_test(test_table_add__given_a_full_table_then_refuses_until_one_is_removed),
        cmocka_unit_test(test_table_add__given_a_higher_bound_then_grows_and_keeps_everything),
        cmocka_unit_test(test_table_stalest__given_uses_then_names_the_oldest_without_a_due_time),
        cmocka_unit_test(test_table__given_random_steps_then_agrees_with_a_plain_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
