// The folder of ticket keys, and the signers on their threads, looked at from the inside.
#include "actors/runtime/perform_keys.c"
#include "actors/runtime/perform_queue.c"
#include "actors/runtime/perform_sign.c"

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>

static char dir[64];

static void dir_empty(void)
{
    DIR *d = opendir(dir);
    char path[PATH_BYTES];
    for (struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;)
        if (entry->d_name[0] != '.' && path_of(dir, entry->d_name, "", path))
            unlink(path);
    if (d != NULL)
        closedir(d);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/cavea-keys-XXXXXX");
    return mkdtemp(dir) == NULL;
}

static int teardown(void **state)
{
    (void)state;
    dir_empty();
    return rmdir(dir);
}

// Files with this ending in the folder.
static uint32_t files_count(const char *suffix)
{
    DIR *d = opendir(dir);
    uint32_t count = 0;
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        size_t n = strlen(entry->d_name), k = strlen(suffix);
        count += n > k && strcmp(entry->d_name + n - k, suffix) == 0;
    }
    closedir(d);
    return count;
}

static mode_t mode_of(const char *name, const char *suffix)
{
    char path[PATH_BYTES];
    struct stat st;
    assert_true(path_of(dir, name, suffix, path));
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void test_ticket_keys__given_an_empty_folder_then_makes_one_key_once(void **state)
{
    (void)state;
    char problem[CONFIG_PROBLEM_BYTES];
    ticket_signer signer, again;
    umask(0); // modes must not depend on it
    assert_true(ticket_keys_prepare(dir, problem));
    assert_true(ticket_keys_active(dir, &signer, problem));
    assert_true(ticket_keys_prepare(dir, problem));
    assert_true(ticket_keys_active(dir, &again, problem));
    assert_memory_equal(&signer, &again, sizeof signer);
    assert_int_equal(files_count(".key"), 1);
    assert_int_equal(files_count(".pub"), 1);
    assert_int_equal(files_count(".draft"), 0);
    assert_int_equal(mode_of(signer.id, ".key"), 0600);
    assert_int_equal(mode_of(signer.id, ".pub"), 0644);
    assert_int_equal(mode_of("active", ""), 0644);
}

static void test_ticket_keys__given_a_folder_that_is_not_there_then_makes_it(void **state)
{
    (void)state;
    char problem[CONFIG_PROBLEM_BYTES];
    ticket_signer signer;
    assert_int_equal(rmdir(dir), 0);
    assert_true(ticket_keys_prepare(dir, problem));
    assert_true(ticket_keys_active(dir, &signer, problem));
}

static void test_ticket_keys__given_a_readable_seed_then_refuses_it(void **state)
{
    (void)state;
    char problem[CONFIG_PROBLEM_BYTES], path[PATH_BYTES];
    ticket_signer signer;
    assert_true(ticket_keys_prepare(dir, problem));
    assert_true(ticket_keys_active(dir, &signer, problem));
    assert_true(path_of(dir, signer.id, ".key", path));
    assert_int_equal(chmod(path, 0644), 0);
    assert_false(ticket_keys_active(dir, &signer, problem));
    assert_non_null(strstr(problem, "0600"));
}

static void test_ticket_keys__given_nonsense_then_says_what_is_wrong(void **state)
{
    (void)state;
    char problem[CONFIG_PROBLEM_BYTES], path[PATH_BYTES];
    ticket_signer signer;
    assert_false(ticket_keys_active(dir, &signer, problem)); // no active file
    assert_true(file_publish(dir, "active", "", "../etc", 0644, PUBLISH_REPLACE));
    assert_false(ticket_keys_active(dir, &signer, problem));
    assert_non_null(strstr(problem, "does not name a ticket key"));
    assert_true(file_publish(dir, "active", "", "k1\n", 0644, PUBLISH_REPLACE));
    assert_false(ticket_keys_active(dir, &signer, problem)); // no such key
    assert_true(file_publish(dir, "k1", ".key", "abcd\n", 0600, PUBLISH_NEW));
    assert_false(ticket_keys_active(dir, &signer, problem));
    assert_non_null(strstr(problem, "64 hex digits"));
    assert_false(file_publish(dir, "k1", ".key", "abcd\n", 0600, PUBLISH_NEW)); // taken
    assert_true(path_of(dir, "k1", ".key", path));
    assert_int_equal(unlink(path), 0);
    assert_true(file_publish(dir, "k1", ".key",
                             "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
                             0600, PUBLISH_NEW));
    assert_true(ticket_keys_active(dir, &signer, problem));
    assert_string_equal(signer.id, "k1");
    assert_int_equal(files_count(".pub"), 1); // a seed brought alone gets its public half
}

typedef struct collected {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint32_t count;
    uint8_t bytes[16384];
    uint32_t bytes_count;
    actor_ref to;
} collected;

static void collect(void *self, const actor_ref *to, const uint8_t *envelope, uint32_t bytes)
{
    collected *c = self;
    pthread_mutex_lock(&c->mutex);
    assert(bytes <= sizeof c->bytes);
    memcpy(c->bytes, envelope, bytes);
    c->bytes_count = bytes;
    c->to = *to;
    c->count++;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->mutex);
}

// Stands for perform.c, which also knows the provider.
void perform_deliver(const perform_sink *sink, const actor_ref *to,
                     const Cavea__V1__Command *command)
{
    uint8_t bytes[16384];
    size_t size = cavea__v1__command__pack(command, bytes);
    sink->deliver(sink->self, to, bytes, (uint32_t)size);
}

static ticket_key key_read(const char *id)
{
    char path[PATH_BYTES], text[HEX_BYTES + 1] = {0};
    ticket_key key = {0};
    size_t bytes;
    assert_true(path_of(dir, id, ".pub", path));
    FILE *f = fopen(path, "r");
    assert_int_equal(fread(text, 1, HEX_BYTES, f), HEX_BYTES);
    fclose(f);
    assert_int_equal(sodium_hex2bin(key.public, sizeof key.public, text, 64, NULL, &bytes, NULL),
                     0);
    memcpy(key.id, id, strlen(id));
    return key;
}

static void outcome_verify(const collected *c, const effect *e, const ticket_key *key)
{
    Cavea__V1__Command *command = cavea__v1__command__unpack(NULL, c->bytes_count, c->bytes);
    assert_non_null(command);
    const Cavea__V1__TicketsSigned *s = command->tickets_signed;
    assert_int_equal(s->n_tickets, e->seats_count);
    for (uint32_t i = 0; i < e->seats_count; i++) {
        ticket_claims jws, compact;
        const Cavea__V1__SignedTicket *t = s->tickets[i];
        assert_string_equal(t->key_id, key->id);
        assert_int_equal(ticket_read(t->jws, strlen(t->jws), key, 1, &jws), TICKET_READ);
        assert_int_equal(ticket_read(t->compact, strlen(t->compact), key, 1, &compact),
                         TICKET_READ);
        assert_int_equal(jws.seat, e->seats[i]);
        assert_int_equal(compact.seat, e->seats[i]);
        assert_memory_equal(t->ticket_id.data, &jws.ticket, 16);
    }
    cavea__v1__command__free_unpacked(command, NULL);
}

static void sign_one(sign_workers *w, collected *c, const effect *e, const ticket_key *key)
{
    uint32_t before = c->count;
    assert_true(sign_workers_start(w, e));
    pthread_mutex_lock(&c->mutex);
    while (c->count == before)
        pthread_cond_wait(&c->changed, &c->mutex);
    pthread_mutex_unlock(&c->mutex);
    assert_int_equal(c->to.kind, ACTOR_TICKET);
    outcome_verify(c, e, key);
}

static void test_sign_workers__given_an_effect_then_deliver_tickets_that_verify(void **state)
{
    (void)state;
    static const uint8_t random[6] = {1, 2, 3, 4, 5, 6};
    static collected c = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    char problem[CONFIG_PROBLEM_BYTES], id[TICKET_KEY_ID_BYTES];
    perform_settings settings = {.ticket_keys_dir = dir, .sign_threads = 2, .sink = {&c, collect}};
    effect e = {.type = EFFECT_TICKETS_SIGN, .seats_count = 10};
    e.event.u = uuid_v7_floor(1700000000000);
    e.reservation.u = uuid_tagged(1800000000123, event_tag(&e.event), random);
    e.actor = actor_of_tag(ACTOR_TICKET, event_tag(&e.event));
    for (uint32_t i = 0; i < 10; i++)
        e.seats[i] = 65535 - i;
    sign_workers *w = sign_workers_new(&settings, problem);
    assert_non_null(w);
    ticket_key first = key_read(w->signer.id);
    sign_one(w, &c, &e, &first);
    assert_true(ticket_keys_rotate(dir, id, problem));
    w->looked_us -= (int64_t)2 * KEYS_LOOK_MS * 1000; // time goes by
    ticket_key second = key_read(id);
    sign_one(w, &c, &e, &second);
    sign_workers_stop(w);
    assert_false(sign_workers_start(w, &e));
    sign_workers_free(w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ticket_keys__given_an_empty_folder_then_makes_one_key_once),
        TEST(test_ticket_keys__given_a_folder_that_is_not_there_then_makes_it),
        TEST(test_ticket_keys__given_a_readable_seed_then_refuses_it),
        TEST(test_ticket_keys__given_nonsense_then_says_what_is_wrong),
        TEST(test_sign_workers__given_an_effect_then_deliver_tickets_that_verify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
