#include "store/migrate.h"

#include <dirent.h>
#include <stdio.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FOLDER SOURCE_DIR "/store/migrations"

// How many files of the folder end so.
static int files_ending(const char *ending)
{
    int count = 0;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        size_t bytes = strlen(entry->d_name), ending_bytes = strlen(ending);
        count += bytes > ending_bytes && strcmp(entry->d_name + bytes - ending_bytes, ending) == 0;
    }
    closedir(folder);
    return count;
}

static void test_schema_version__given_the_folder_then_every_script_is_compiled_in(void **state)
{
    (void)state;
    assert_int_equal(schema_version_latest(), files_ending(".up.sql"));
    assert_int_equal(schema_version_latest(), files_ending(".down.sql"));
}

static void never_told(void *self, const migration_step *step)
{
    (void)self;
    fail_msg("%s was not asked for", step->name);
}

static void test_schema_migrate__given_no_such_version_then_refuses(void **state)
{
    (void)state;
    char problem[MIGRATE_PROBLEM_BYTES] = "";
    assert_false(schema_migrate("", schema_version_latest() + 1, never_told, NULL, problem));
    assert_non_null(strstr(problem, "there are versions from 0 to"));
    assert_false(schema_migrate("", -1, never_told, NULL, problem));
}

static void test_schema_migrate__given_no_server_then_says_so(void **state)
{
    (void)state;
    char problem[MIGRATE_PROBLEM_BYTES] = "";
    const char *url = "host=127.0.0.1 port=1 connect_timeout=2 user=x";
    assert_false(schema_migrate(url, 1, never_told, NULL, problem));
    assert_non_null(strstr(problem, "the database cannot be reached"));
    assert_false(schema_status(url, never_told, NULL, problem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_version__given_the_folder_then_every_script_is_compiled_in),
        cmocka_unit_test(test_schema_migrate__given_no_such_version_then_refuses),
        cmocka_unit_test(test_schema_migrate__given_no_server_then_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
