#include "ops/host/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

// cmocka.h needs these before it.
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static service_settings settings_of(int64_t fd, const char *file)
{
    return (service_settings){
        .admin_address = "127.0.0.1", .ready_fd = fd, .ready_file = file, .log_level = "error"};
}

static void test_service_ready__given_a_file_and_a_descriptor_then_both_get_the_lines(void **state)
{
    (void)state;
    char folder[] = "/tmp/cavea-service-XXXXXX", file[64], text[64] = "", problem[512];
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/ready", folder);
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    service_settings s = settings_of(fds[1], file);
    assert_true(service_ready(&s, "port 8080\n", problem));
    assert_int_equal(read(fds[0], text, sizeof text), 10);
    assert_string_equal(text, "port 8080\n");
    assert_int_equal(read(fds[0], text, sizeof text), 0); // it was closed
    close(fds[0]);
    FILE *in = fopen(file, "r");
    assert_non_null(in);
    assert_non_null(fgets(text, sizeof text, in));
    assert_string_equal(text, "port 8080\n");
    fclose(in);
    service_stopping(&s);
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(rmdir(folder), 0);
}

static void test_service_ready__given_an_impossible_file_then_a_sentence(void **state)
{
    (void)state;
    char problem[512];
    service_settings s = settings_of(-1, "/nowhere/ready");
    assert_false(service_ready(&s, "port 1\n", problem));
    assert_string_equal(problem, "The ready file /nowhere/ready cannot be written: "
                                 "No such file or directory.");
}

static int notify_socket_open(void)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int bytes =
        snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "cavea-test-%d", (int)getpid());
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)bytes);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    char name[128];
    snprintf(name, sizeof name, "@%s", address.sun_path + 1);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void test_service_ready__given_a_notify_socket_then_systemd_is_told(void **state)
{
    (void)state;
    char problem[512], text[32] = "";
    int fd = notify_socket_open();
    service_settings s = settings_of(-1, "");
    assert_true(service_ready(&s, "port 1\n", problem));
    assert_int_equal(recv(fd, text, sizeof text, MSG_DONTWAIT), 7);
    assert_memory_equal(text, "READY=1", 7);
    unsetenv("NOTIFY_SOCKET");
    close(fd);
}

static void test_service_wait__given_a_signal_then_its_number(void **state)
{
    (void)state;
    char problem[512];
    service_settings s = settings_of(-1, "");
    assert_true(service_init("test_service", &s, problem));
    assert_int_equal(service_wait(1), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    assert_int_equal(service_wait(-1), SIGTERM);
    assert_int_equal(kill(getpid(), SIGINT), 0);
    assert_int_equal(service_wait(10000), SIGINT);
    s.log_level = "loud";
    assert_false(service_init("test_service", &s, problem));
}

typedef struct watched {
    int asked, fd;
} watched;

// Alive twice, then no more; then the signal that ends the wait.
static bool watched_alive(void *self)
{
    watched *w = self;
    if (++w->asked == 4)
        assert_int_equal(kill(getpid(), SIGTERM), 0);
    return w->asked <= 2;
}

static void test_service_wait__given_a_watchdog_then_it_hears_of_life_only(void **state)
{
    (void)state;
    char problem[512], text[32] = "", usec[] = "30000";
    service_settings s = settings_of(-1, "");
    assert_true(service_init("test_service", &s, problem));
    watched w = {0, notify_socket_open()};
    setenv("WATCHDOG_USEC", usec, 1);
    service_watch(watched_alive, &w);
    assert_int_equal(service_wait(-1), SIGTERM);
    assert_int_equal(w.asked, 4);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(recv(w.fd, text, sizeof text, MSG_DONTWAIT), 10);
        assert_memory_equal(text, "WATCHDOG=1", 10);
    }
    assert_int_equal(recv(w.fd, text, sizeof text, MSG_DONTWAIT), -1);
    unsetenv("WATCHDOG_USEC");
    unsetenv("NOTIFY_SOCKET");
    service_watch(NULL, NULL); // nobody watches any more
    close(w.fd);
}

static void test_service_end_within__given_a_stop_that_hangs_then_it_ends(void **state)
{
    (void)state;
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        service_end_within(20);
        for (;;)
            pause();
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service_ready__given_a_file_and_a_descriptor_then_both_get_the_lines),
        cmocka_unit_test(test_service_ready__given_an_impossible_file_then_a_sentence),
        cmocka_unit_test(test_service_ready__given_a_notify_socket_then_systemd_is_told),
        cmocka_unit_test(test_service_wait__given_a_watchdog_then_it_hears_of_life_only),
        cmocka_unit_test(test_service_wait__given_a_signal_then_its_number),
        cmocka_unit_test(test_service_end_within__given_a_stop_that_hangs_then_it_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
