#include "edge/encoding.h"
#include "edge/gzip.h"
#include "edge/plan_map.h"
#include "edge/plan_shelf.h"
#include "tests/unit/actors/allocations.h"
#include "tests/unit/edge/edge_plan.h"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LAYOUT_HEAD                                                                                \
    "{\"format\":\"cavea.layout.v1\",\"name\":\"A \\\",\\\"sections\\\":[ house\","                \
    "\"size\":{\"width\":400,\"height\":300},\"seat_radius\":8,"                                   \
    "\"categories\":[{\"name\":\"Near\",\"color\":\"#0072b2\"},"                                   \
    "{\"name\":\"Far\",\"color\":\"#e69f00\"}]"
#define LAYOUT_TAIL                                                                                \
    ",\"shapes\":[{\"type\":\"text\",\"x\":200,\"y\":20,\"size\":12,\"text\":\"Stage\","           \
    "\"color\":\"#333333\"}]}"
static const char layout[] = LAYOUT_HEAD ",\"sections\":[{\"any\":1}]" LAYOUT_TAIL;

// A straight row, a bent one that is numbered backwards, one that nothing can shorten, and one
// whose numbers have a prefix; flags and categories change within a row.
static const plan_seat seats[] = {
    {0, 0, 0, 0, 100, 100, "L:A:1", "1"},     {0, 0, 0, 0, 120, 100, "L:A:2", "2"},
    {0, 0, 0, 1, 140, 100, "L:A:3", "3"},     {0, 0, 1, 2, 160, 100, "L:A:4", "4"},
    {0, 1, 1, 0, 98, 121, "L:B:40", "40"},    {0, 1, 1, 0, 119, 123, "L:B:38", "38"},
    {0, 1, 1, 4, 140, 122, "L:B:36", "36"},   {1, 2, 0, 0, -100, 200, "odd", "07"},
    {1, 2, 0, 0, -80, 200, "odder", "08"},    {1, 2, 1, 0, -60, 203, "x9", "9a"},
    {1, 3, 1, 0, 300, -50, "R~17-1", "17-1"}, {1, 3, 1, 0, 300, -30, "R~17-3", "17-3"},
};
enum { SEATS = sizeof seats / sizeof *seats, ROWS = 4, SECTIONS = 2 };

static plan *plan_make(void)
{
    static const char *const ids[] = {"L", "R"}, *const names[] = {"Left", "Rechts \xc3\xbc"};
    static const char *const categories[] = {"Near", "Far"}, *const rows[] = {"A", "B", "1", "17"};
    plan_parts parts = {SEATS, SECTIONS, 2, ROWS, seats, ids, names, categories, rows};
    uint8_t *packed = NULL;
    size_t bytes = 0;
    plan *p = NULL;
    char problem[PLAN_PROBLEM_BYTES];
    bool made = plan_encode(&parts, &packed, &bytes) && plan_decode(packed, bytes, &p, problem);
    assert_true(made);
    free(packed);
    return p;
}

// Reads map.bin by its description alone.
typedef struct reader {
    const uint8_t *at, *end;
} reader;

static uint32_t number(reader *r)
{
    uint32_t value = 0, shift = 0;
    uint8_t byte;
    do {
        assert_true(r->at < r->end && shift < 35);
        byte = *r->at++;
        value |= (uint32_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static int32_t signed_number(reader *r)
{
    uint32_t value = number(r);
    return (int32_t)(value >> 1) ^ -(int32_t)(value & 1);
}

static void text(reader *r, char *to)
{
    uint32_t bytes = number(r);
    assert_true(bytes <= (size_t)(r->end - r->at) && bytes < 200);
    memcpy(to, r->at, bytes);
    to[bytes] = 0;
    r->at += bytes;
}

static void expect_text(reader *r, const char *expected)
{
    char found[256];
    text(r, found);
    assert_string_equal(found, expected);
}

static void expect_series(reader *r, const plan *p, uint32_t row, bool steady,
                          const char *(*of)(const plan *, uint32_t))
{
    char prefix[256], expected[300];
    uint32_t first = p->row_first[row], end = p->row_first[row + 1];
    assert_int_equal(number(r), steady);
    if (!steady) {
        for (uint32_t seat = first; seat < end; seat++)
            expect_text(r, of(p, seat));
        return;
    }
    text(r, prefix);
    int32_t value = (int32_t)number(r), step = signed_number(r);
    for (uint32_t seat = first; seat < end; seat++, value += step) {
        snprintf(expected, sizeof expected, "%s%d", prefix, value);
        assert_string_equal(of(p, seat), expected);
    }
}

static void expect_places(reader *r, const plan *p, const int32_t *places)
{
    int32_t row_before = 0;
    for (uint32_t row = 0; row < p->rows_count; row++) {
        int32_t at = 0, step = 0;
        for (uint32_t seat = p->row_first[row]; seat < p->row_first[row + 1]; seat++) {
            if (seat == p->row_first[row]) {
                row_before = at = row_before + signed_number(r);
            } else {
                step += signed_number(r);
                at += step;
            }
            assert_int_equal(at, places[seat]);
        }
    }
}

static void expect_runs(reader *r, const uint8_t *values, uint32_t count)
{
    for (uint32_t seat = 0; seat < count;) {
        uint32_t value = number(r), run = number(r);
        assert_true(run > 0 && run <= count - seat);
        for (; run > 0; run--, seat++)
            assert_int_equal(values[seat], value);
    }
}

static void expect_map(const plan *p, const char *data, size_t bytes, const bool *numbers_steady,
                       const bool *ids_steady)
{
    static const char json[] = LAYOUT_HEAD LAYOUT_TAIL;
    reader r = {(const uint8_t *)data, (const uint8_t *)data + bytes};
    uint8_t head[] = {'C', 'V', 'P', '1', SEATS, 0, 0, 0, ROWS, 0, 0, 0, SECTIONS, 0, 0, 0};
    assert_memory_equal(data, head, sizeof head);
    assert_int_equal(r.at[16] | r.at[17] << 8, sizeof json - 1);
    r.at += PLAN_MAP_HEAD_BYTES;
    assert_memory_equal(r.at, json, sizeof json - 1);
    r.at += sizeof json - 1;
    for (uint32_t i = 0; i < SECTIONS; i++) {
        expect_text(&r, plan_section_id(p, i));
        expect_text(&r, plan_section_name(p, i));
        assert_int_equal(number(&r), 2);
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        expect_text(&r, plan_row_name(p, i));
        assert_int_equal(number(&r), p->row_first[i + 1] - p->row_first[i]);
    }
    for (uint32_t i = 0; i < ROWS; i++)
        expect_series(&r, p, i, numbers_steady[i], plan_seat_number);
    for (uint32_t i = 0; i < ROWS; i++)
        expect_series(&r, p, i, ids_steady[i], plan_seat_id);
    expect_places(&r, p, p->seat_x);
    expect_places(&r, p, p->seat_y);
    expect_runs(&r, p->seat_category, SEATS);
    expect_runs(&r, p->seat_flags, SEATS);
    assert_ptr_equal(r.at, r.end);
}

// The same bytes are read by the browser's test: edge/web/map/plan.test.ts.
static void expect_golden(const char *data, size_t bytes)
{
    static const char path[] = SOURCE_DIR "/tests/golden/plan_map.bin";
    char golden[4096];
    if (getenv("GOLDEN_WRITE")) {
        FILE *out = fopen(path, "wb");
        assert_non_null(out);
        assert_int_equal(fwrite(data, 1, bytes, out), bytes);
        assert_int_equal(fclose(out), 0);
    }
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    size_t count = fread(golden, 1, sizeof golden, in);
    fclose(in);
    assert_int_equal(count, bytes);
    assert_memory_equal(golden, data, bytes);
}

static void test_plan_map__given_a_plan_then_tells_all_of_it(void **state)
{
    static const bool numbers[ROWS] = {true, true, false, true};
    static const bool ids[ROWS] = {true, true, false, true};
    (void)state;
    plan *p = plan_make();
    char *data = NULL;
    size_t bytes = 0;
    assert_true(plan_map_encode(p, layout, sizeof layout - 1, &data, &bytes));
    expect_map(p, data, bytes, numbers, ids);
    expect_golden(data, bytes);
    free(data);
    plan_free(p);
}

static void test_plan_map__given_no_layout_then_refuses(void **state)
{
    static const char *const wrong[] = {"", "{}", LAYOUT_HEAD "}",
                                        "{\"a\":1,\"shapes\":[],\"sections\":[]}"};
    (void)state;
    plan *p = plan_make();
    char *data = NULL;
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(plan_map_encode(p, wrong[i], strlen(wrong[i]), &data, &bytes));
    assert_null(data);
    plan_free(p);
}

static void test_gzip__given_bytes_then_packs_and_unpacks_them(void **state)
{
    enum { BYTES = 100000 };
    (void)state;
    char *plain = malloc(BYTES), *packed = NULL, *back = NULL;
    size_t packed_bytes = 0, back_bytes = 0;
    assert_non_null(plain);
    for (size_t i = 0; i < BYTES; i++)
        plain[i] = (char)(i * i >> 7);
    assert_true(gzip_pack(plain, BYTES, &packed, &packed_bytes));
    assert_true(packed_bytes < BYTES);
    assert_true(gzip_unpack(packed, packed_bytes, BYTES, &back, &back_bytes));
    assert_int_equal(back_bytes, BYTES);
    assert_memory_equal(back, plain, BYTES);
    free(back);
    back = NULL;
    assert_false(gzip_unpack(packed, packed_bytes, BYTES - 1, &back, &back_bytes));
    assert_false(gzip_unpack(packed, packed_bytes - 1, BYTES, &back, &back_bytes));
    assert_false(gzip_unpack(plain, BYTES, BYTES, &back, &back_bytes));
    packed[packed_bytes - 5] ^= 1; // the checksum
    assert_false(gzip_unpack(packed, packed_bytes, BYTES, &back, &back_bytes));
    packed[packed_bytes - 5] ^= 1;
    for (int by = -1; by <= 1; by += 2) { // the size
        packed[packed_bytes - 4] = (char)(packed[packed_bytes - 4] + by);
        assert_false(gzip_unpack(packed, packed_bytes, BYTES + 1, &back, &back_bytes));
        packed[packed_bytes - 4] = (char)(packed[packed_bytes - 4] - by);
    }
    for (size_t bytes = 0; bytes < 18; bytes++)
        assert_false(gzip_unpack(packed, bytes, BYTES, &back, &back_bytes));
    assert_null(back);
    free(packed);
    free(plain);
}

// Each allocation fails in turn: nothing is answered, and nothing stays behind.
static void test_plan_map__given_an_allocation_that_fails_then_leaves_nothing(void **state)
{
    (void)state;
    plan *p = plan_make();
    char *data = NULL, *packed = NULL, *back = NULL;
    size_t bytes = 0, packed_bytes = 0, back_bytes = 0;
    uint64_t failed = 0;
    bool done = false;
    for (uint64_t at = 1; !done; at++) {
        int64_t before = allocations_live;
        allocations = 0;
        allocations_fail_at = at;
        bool encoded = plan_map_encode(p, layout, sizeof layout - 1, &data, &bytes);
        bool zipped = encoded && gzip_pack(data, bytes, &packed, &packed_bytes);
        bool unzipped = zipped && gzip_unpack(packed, packed_bytes, bytes, &back, &back_bytes);
        done = allocations < at;
        allocations_fail_at = 0;
        if (unzipped) { // all went well, or what failed only gives memory back
            assert_int_equal(back_bytes, bytes);
            assert_memory_equal(back, data, bytes);
        } else {
            assert_false(done);
            failed++;
        }
        if (encoded)
            free(data);
        if (zipped)
            free(packed);
        if (unzipped)
            free(back);
        assert_int_equal(allocations_live, before);
    }
#ifndef ALLOCATIONS_UNCOUNTED
    assert_true(failed >=
                5); // the writer's growth, the packed bytes, zlib's own and the bytes back
#else
    (void)failed;
#endif
    plan_free(p);
}

typedef struct map_source {
    const char *data;
    size_t bytes;
    int loads;
} map_source;

static plan_load_result map_read(void *self, const digest32 *hash, shared_bytes **ret_map)
{
    map_source *s = self;
    (void)hash;
    s->loads++;
    char *copy = malloc(s->bytes);
    if (!copy)
        return PLAN_FAILED;
    memcpy(copy, s->data, s->bytes);
    *ret_map = shared_bytes_take(copy, s->bytes);
    return *ret_map ? PLAN_LOADED : PLAN_FAILED;
}

static void test_plan_shelf_map_plain__given_many_readers_then_unpacks_once(void **state)
{
    static const char plain[] = "seats, rows and sections, seats, rows and sections";
    map_source source = {.loads = 0};
    digest32 hash = {{1}};
    char *packed = NULL;
    (void)state;
    assert_true(gzip_pack(plain, sizeof plain, &packed, &source.bytes));
    source.data = packed;
    plan_source from = {.self = &source, .map = map_read};
    plan_shelf *shelf = plan_shelf_new(&from);
    shared_bytes *first = NULL, *second = NULL, *zipped = NULL;
    assert_non_null(shelf);
    assert_int_equal(plan_shelf_map_plain(shelf, &hash, &first), ERROR_NONE);
    assert_int_equal(plan_shelf_map_plain(shelf, &hash, &second), ERROR_NONE);
    assert_ptr_equal(first, second);
    assert_int_equal(source.loads, 1);
    assert_int_equal(first->count, sizeof plain);
    assert_memory_equal(first->data, plain, sizeof plain);
    assert_int_equal(plan_shelf_map(shelf, &hash, &zipped), ERROR_NONE);
    assert_int_equal(zipped->count, source.bytes);
    assert_int_equal(plan_shelf_bytes(shelf), sizeof plain + source.bytes);
    shared_bytes_unref(first);
    shared_bytes_unref(second);
    shared_bytes_unref(zipped);
    plan_shelf_free(shelf);
    free(packed);
}

static void test_plan_shelf_map__given_none_then_says_so(void **state)
{
    map_source source = {.data = "no gzip form at all", .bytes = 19};
    plan_source none = {.self = NULL}, bad = {.self = &source, .map = map_read};
    plan_shelf *without = plan_shelf_new(&none), *with = plan_shelf_new(&bad);
    digest32 hash = {{1}};
    shared_bytes *map = NULL;
    (void)state;
    assert_true(without && with);
    assert_int_equal(plan_shelf_map(without, &hash, &map), ERROR_NOT_FOUND);
    assert_int_equal(plan_shelf_map_plain(without, &hash, &map), ERROR_NOT_FOUND);
    assert_int_equal(plan_shelf_map_plain(with, &hash, &map), ERROR_UNAVAILABLE);
    assert_null(map);
    assert_int_equal(plan_shelf_bytes(with), 0);
    plan_shelf_free(without);
    plan_shelf_free(with);
}

static void test_encoding__given_what_clients_accept_then_decides_as_rfc_9110(void **state)
{
    (void)state;
    static const char *const accepted[] = {"gzip", "deflate, gzip, br",     "GZIP;q=0.5",
                                           "*",    "br;q=1.0, gzip; q=0.8", "br , *;q=0.1"};
    static const char *const refused[] = {"",      "br",      "gzip;q=0", "gzip; q=0.000, *",
                                          "*;q=0", "gzipped", "identity"};
    for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
        assert_int_equal(encoding_choose(accepted[i], 1u << ENCODING_GZIP), ENCODING_GZIP);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(encoding_choose(refused[i], 1u << ENCODING_GZIP), ENCODING_IDENTITY);
    assert_int_equal(encoding_choose(NULL, 1u << ENCODING_GZIP), ENCODING_IDENTITY);
    unsigned both = 1u << ENCODING_GZIP | 1u << ENCODING_BROTLI;
    assert_int_equal(encoding_choose("gzip, br", both), ENCODING_BROTLI);
    assert_int_equal(encoding_choose("gzip, br;q=0", both), ENCODING_GZIP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_map__given_a_plan_then_tells_all_of_it),
        cmocka_unit_test(test_plan_map__given_no_layout_then_refuses),
        cmocka_unit_test(test_gzip__given_bytes_then_packs_and_unpacks_them),
        cmocka_unit_test(test_plan_map__given_an_allocation_that_fails_then_leaves_nothing),
        cmocka_unit_test(test_plan_shelf_map_plain__given_many_readers_then_unpacks_once),
        cmocka_unit_test(test_plan_shelf_map__given_none_then_says_so),
        cmocka_unit_test(test_encoding__given_what_clients_accept_then_decides_as_rfc_9110),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
