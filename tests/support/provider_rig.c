#include "tests/support/provider_rig.h"

#include "ops/host/clock.h"
#include "ops/host/web.h"
#include "ops/provider/deliveries.h"

#include <civetweb.h>
#include <curl/curl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WEBHOOKS_MAX = 20000 };

typedef struct caught {
    char type[48], object_id[40];
    char *payload;
} caught;

static struct rig {
    const char *program, *dir;
    pid_t pid;
    int port, admin_port;
    web_server *listener;
    CURL *curl;
    pthread_mutex_t mutex;
    pthread_cond_t arrived;
    caught webhooks[WEBHOOKS_MAX];
    int webhooks_count, refusal, refusals;
    int64_t signed_at;
} rig = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void rig_end(void)
{
    if (rig.pid > 0)
        kill(rig.pid, SIGKILL);
}

void rig_check(bool truth, const char *what, const char *file, int line)
{
    if (truth)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    rig_end();
    _exit(1);
}

// Whether a delivery carries the signature that its bytes and the shared secret make.
static bool webhook_signed(struct mg_connection *c, const web_body *body)
{
    const char *given = mg_get_header(c, "Stripe-Signature");
    char expected[SIGNATURE_BYTES];
    int64_t seconds;
    if (given == NULL || sscanf(given, "t=%" SCNd64 ",", &seconds) != 1)
        return false;
    deliveries_sign(RIG_WEBHOOK_SECRET, seconds, body->at, body->bytes, expected);
    rig.signed_at = seconds;
    return strcmp(given, expected) == 0;
}

static int webhook_find(const char *type, const char *object_id, const char **ret_payload)
{
    int count = 0;
    for (int i = 0; i < rig.webhooks_count; i++)
        if (strcmp(rig.webhooks[i].type, type) == 0 &&
            strcmp(rig.webhooks[i].object_id, object_id) == 0) {
            count++;
            *ret_payload = rig.webhooks[i].payload;
        }
    return count;
}

static void webhook_catch(struct mg_connection *c, void *self)
{
    (void)self;
    web_body body;
    RIG_CHECK(web_body_read(c, 64 * 1024, RIG_DEADLINE_MS, &body) == 0);
    json_t *root = json_loadb(body.at, body.bytes, 0, NULL);
    const char *type = json_string_value(json_object_get(root, "type"));
    json_t *object = json_object_get(json_object_get(root, "data"), "object");
    const char *id = json_string_value(json_object_get(object, "id"));
    RIG_CHECK(type != NULL && id != NULL);
    pthread_mutex_lock(&rig.mutex);
    RIG_CHECK(webhook_signed(c, &body) && rig.webhooks_count < WEBHOOKS_MAX);
    const char *payload;
    int before = webhook_find(type, id, &payload);
    caught *w = &rig.webhooks[rig.webhooks_count++];
    snprintf(w->type, sizeof w->type, "%s", type);
    snprintf(w->object_id, sizeof w->object_id, "%s", id);
    w->payload = body.at;
    // By the webhook's own count: one of an earlier walk may still be on its way.
    int status = rig.refusals < 0 || before < rig.refusals ? rig.refusal : 200;
    pthread_cond_broadcast(&rig.arrived);
    pthread_mutex_unlock(&rig.mutex);
    json_decref(root);
    web_respond(c, status, "text/plain", "", "", 0);
}

static void secret_put(const char *name, const char *secret)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", rig.dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    RIG_CHECK(fd >= 0 && write(fd, secret, strlen(secret)) == (ssize_t)strlen(secret));
    close(fd);
}

void rig_init(const char *program, const char *dir)
{
    char problem[CONFIG_PROBLEM_BYTES];
    rig.program = program;
    rig.dir = dir;
    secret_put("key", RIG_KEY "\n");
    secret_put("webhook-secret", RIG_WEBHOOK_SECRET "\n");
    clock_condition_init(&rig.arrived);
    signal(SIGPIPE, SIG_IGN);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    rig.curl = curl_easy_init();
    web_options options = {
        .address = "127.0.0.1", .threads = 80, .keep_alive = true, .serve = webhook_catch};
    RIG_CHECK(rig.curl != NULL && web_start(&options, &rig.listener, problem));
}

static pid_t provider_spawn(int ready_fd, const char *more_flag)
{
    char dir[512], key[512], secret[512], url[64], fd[16];
    snprintf(dir, sizeof dir, "%s/books", rig.dir);
    snprintf(key, sizeof key, "%s/key", rig.dir);
    snprintf(secret, sizeof secret, "%s/webhook-secret", rig.dir);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hooks", web_port(rig.listener));
    snprintf(fd, sizeof fd, "%d", ready_fd);
    pid_t pid = fork();
    RIG_CHECK(pid >= 0);
    if (pid != 0)
        return pid;
    execl(rig.program, rig.program, "--dir", dir, "--provider-key-file", key,
          "--webhook-secret-file", secret, "--webhook-url", url, "--webhook-retry", "20ms",
          "--webhook-events", "*", "--threads", "32", "--return-origins",
          "http://127.0.0.1:1,https://shop.example", "--ready-fd", fd, more_flag, (char *)NULL);
    _exit(127);
}

void rig_start(const char *more_flag)
{
    int fds[2];
    char text[256] = "";
    size_t bytes = 0;
    ssize_t got = 1;
    RIG_CHECK(pipe(fds) == 0);
    rig.pid = provider_spawn(fds[1], more_flag);
    close(fds[1]);
    while (got > 0 && bytes < sizeof text - 1) {
        struct pollfd wait = {.fd = fds[0], .events = POLLIN};
        RIG_CHECK(poll(&wait, 1, RIG_DEADLINE_MS) == 1);
        got = read(fds[0], text + bytes, sizeof text - 1 - bytes);
        bytes += got > 0 ? (size_t)got : 0;
    }
    close(fds[0]);
    RIG_CHECK(sscanf(text, "port %d\nadmin_port %d\n", &rig.port, &rig.admin_port) == 2);
}

static int exit_status(pid_t pid)
{
    int status;
    RIG_CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int rig_stop(int number)
{
    pid_t pid = rig.pid;
    RIG_CHECK(pid > 0 && kill(pid, number) == 0);
    int status = exit_status(pid);
    rig.pid = 0;
    return status;
}

int rig_start_second(void)
{
    return exit_status(provider_spawn(-1, NULL));
}

int rig_port(void)
{
    return rig.port;
}

void rig_answer_done(rig_answer *a)
{
    free(a->headers);
    free(a->text);
    json_decref(a->json);
    *a = (rig_answer){0};
}

static size_t append(char *data, size_t size, size_t count, void *out)
{
    return fwrite(data, size, count, out);
}

static void call_set_up(const rig_request *request, char *url, size_t url_bytes)
{
    bool is_admin = strncmp(request->path, "/admin", 6) == 0 ||
                    strncmp(request->path, "/metrics", 8) == 0 || request->path[1] == 'h';
    bool is_get = strcmp(request->method, "GET") == 0;
    snprintf(url, url_bytes, "http://127.0.0.1:%d%s%s%s", is_admin ? rig.admin_port : rig.port,
             request->path, is_get && request->params != NULL ? "?" : "",
             is_get && request->params != NULL ? request->params : "");
    curl_easy_reset(rig.curl);
    curl_easy_setopt(rig.curl, CURLOPT_URL, url);
    curl_easy_setopt(rig.curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(rig.curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(rig.curl, CURLOPT_FRESH_CONNECT, request->is_fresh ? 1L : 0L);
    curl_easy_setopt(rig.curl, CURLOPT_TIMEOUT_MS,
                     request->timeout_ms != 0 ? request->timeout_ms : (long)RIG_DEADLINE_MS);
    if (!is_get)
        curl_easy_setopt(rig.curl, CURLOPT_POSTFIELDS,
                         request->params != NULL ? request->params : "");
    curl_easy_setopt(rig.curl, CURLOPT_CUSTOMREQUEST, request->method);
    const char *user = request->user != NULL ? request->user : RIG_KEY ":";
    if (user[0] != '\0')
        curl_easy_setopt(rig.curl, CURLOPT_USERPWD, user);
}

rig_answer rig_call(const rig_request *request)
{
    char url[1024], key_header[320];
    rig_answer a = {0};
    size_t headers_bytes, text_bytes;
    FILE *headers = open_memstream(&a.headers, &headers_bytes);
    FILE *text = open_memstream(&a.text, &text_bytes);
    struct curl_slist *list = NULL;
    call_set_up(request, url, sizeof url);
    if (request->key != NULL) {
        snprintf(key_header, sizeof key_header, "Idempotency-Key: %s", request->key);
        list = curl_slist_append(NULL, key_header);
    }
    curl_easy_setopt(rig.curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(rig.curl, CURLOPT_HEADERFUNCTION, append);
    curl_easy_setopt(rig.curl, CURLOPT_HEADERDATA, headers);
    curl_easy_setopt(rig.curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(rig.curl, CURLOPT_WRITEDATA, text);
    long status = 0;
    a.curl_code = (int)curl_easy_perform(rig.curl);
    if (a.curl_code == CURLE_OK)
        curl_easy_getinfo(rig.curl, CURLINFO_RESPONSE_CODE, &status);
    a.status = (int)status;
    fclose(headers);
    fclose(text);
    curl_slist_free_all(list);
    a.json = json_loads(a.text, 0, NULL);
    return a;
}

rig_answer rig_post(const char *path, const char *params, int status)
{
    rig_answer a = rig_call(&(rig_request){.method = "POST", .path = path, .params = params});
    if (a.status != status)
        fprintf(stderr, "POST %s %s: %d %s\n", path, params, a.status, a.text);
    RIG_CHECK(a.status == status);
    return a;
}

static json_t *member(const rig_answer *a, const char *path)
{
    char first[64];
    const char *dot = strchr(path, '.');
    snprintf(first, sizeof first, "%.*s", (int)(dot != NULL ? dot - path : 63), path);
    json_t *found = json_object_get(a->json, first);
    return dot != NULL ? json_object_get(found, dot + 1) : found;
}

const char *rig_text(const rig_answer *a, const char *path)
{
    const char *text = json_string_value(member(a, path));
    return text != NULL ? text : "";
}

int64_t rig_integer(const rig_answer *a, const char *path)
{
    return json_integer_value(member(a, path));
}

void rig_faults(const char *json)
{
    rig_answer a = rig_call(&(rig_request){.method = "DELETE", .path = "/admin/faults"});
    RIG_CHECK(a.status == 200);
    rig_answer_done(&a);
    a = rig_post("/admin/faults", json, 200);
    rig_answer_done(&a);
}

void rig_webhooks_answer(int status, int times)
{
    pthread_mutex_lock(&rig.mutex);
    rig.refusal = status;
    rig.refusals = times;
    pthread_mutex_unlock(&rig.mutex);
}

json_t *rig_webhook_wait(const char *type, const char *object_id, int times)
{
    const char *payload = NULL;
    int64_t until_us = clock_monotonic_us() + (int64_t)RIG_DEADLINE_MS * 1000;
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    pthread_mutex_lock(&rig.mutex);
    while (webhook_find(type, object_id, &payload) < times && clock_monotonic_us() < until_us)
        pthread_cond_timedwait(&rig.arrived, &rig.mutex, &until);
    int count = webhook_find(type, object_id, &payload);
    json_t *root = payload != NULL ? json_loads(payload, 0, NULL) : NULL;
    pthread_mutex_unlock(&rig.mutex);
    if (count < times)
        fprintf(stderr, "%d of %d webhooks %s of %s\n", count, times, type, object_id);
    RIG_CHECK(count >= times);
    return root;
}

int rig_webhook_count(const char *type, const char *object_id)
{
    const char *payload;
    pthread_mutex_lock(&rig.mutex);
    int count = webhook_find(type, object_id, &payload);
    pthread_mutex_unlock(&rig.mutex);
    return count;
}

int64_t rig_webhook_signed_at(void)
{
    pthread_mutex_lock(&rig.mutex);
    int64_t seconds = rig.signed_at;
    pthread_mutex_unlock(&rig.mutex);
    return seconds;
}
