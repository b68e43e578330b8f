#include "ops/host/secret_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static char folder[64], path[128];

static void put(const void *data, size_t data_bytes, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, data_bytes), (ssize_t)data_bytes);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "%s", "/tmp/cavea-secret-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/secret", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void test_secret_file_read__given_a_private_file_then_its_bytes(void **state)
{
    (void)state;
    uint8_t data[32];
    size_t bytes;
    char problem[CONFIG_PROBLEM_BYTES];
    put("0123456789abcdef0123456789abcde\n", 32, 0400);
    assert_true(secret_file_read(path, 32, 32, data, &bytes, problem));
    assert_int_equal(bytes, 32);
    assert_int_equal(data[31], '\n');
}

static void test_secret_file_read__given_a_readable_file_then_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0644, 0700, 04600};
    uint8_t data[8];
    size_t bytes;
    char problem[CONFIG_PROBLEM_BYTES];
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        put("secret", 6, modes[i]);
        assert_false(secret_file_read(path, 1, 8, data, &bytes, problem));
        assert_non_null(strstr(problem, "must have mode 0600 or 0400"));
        assert_null(strstr(problem, "secret\n"));
    }
}

static void test_secret_file_read__given_a_wrong_size_then_refused_and_wiped(void **state)
{
    (void)state;
    uint8_t data[8] = {0};
    static const uint8_t zero[8];
    size_t bytes;
    char problem[CONFIG_PROBLEM_BYTES];
    put("123456789", 9, 0600);
    assert_false(secret_file_read(path, 1, 8, data, &bytes, problem));
    assert_memory_equal(data, zero, 8);
    put("123", 3, 0600);
    assert_false(secret_file_read(path, 4, 8, data, &bytes, problem));
    assert_memory_equal(data, zero, 8);
}

static void test_secret_file_read__given_no_regular_file_then_refused(void **state)
{
    (void)state;
    uint8_t data[8];
    size_t bytes;
    char problem[CONFIG_PROBLEM_BYTES];
    assert_false(secret_file_read(folder, 1, 8, data, &bytes, problem));
    assert_false(secret_file_read("/nowhere/at/all", 1, 8, data, &bytes, problem));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_false(secret_file_read(path, 1, 8, data, &bytes, problem));
    assert_non_null(strstr(problem, "is not a regular file"));
}

static void test_secret_file_read_text__given_one_line_then_without_its_end(void **state)
{
    (void)state;
    char text[8];
    char problem[CONFIG_PROBLEM_BYTES];
    put("sk_1234\n", 8, 0600);
    assert_true(secret_file_read_text(path, sizeof text, text, problem));
    assert_string_equal(text, "sk_1234");
    put("a b\n", 4, 0600);
    assert_false(secret_file_read_text(path, sizeof text, text, problem));
    put("a\nb\n", 4, 0600);
    assert_false(secret_file_read_text(path, sizeof text, text, problem));
    put("\n", 1, 0600);
    assert_false(secret_file_read_text(path, sizeof text, text, problem));
    put("12345678", 8, 0600);
    assert_false(secret_file_read_text(path, sizeof text, text, problem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secret_file_read__given_a_private_file_then_its_bytes),
        cmocka_unit_test(test_secret_file_read__given_a_readable_file_then_refused),
        cmocka_unit_test(test_secret_file_read__given_a_wrong_size_then_refused_and_wiped),
        cmocka_unit_test(test_secret_file_read__given_no_regular_file_then_refused),
        cmocka_unit_test(test_secret_file_read_text__given_one_line_then_without_its_end),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
