// cavea-provider: reads its settings, starts the provider, waits for the end.

#include "ops/host/secret_file.h"
#include "ops/host/service.h"
#include "ops/provider/provider.h"

#include <curl/curl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>

typedef struct settings {
    provider_options provider;
    service_settings service;
    const char *key_file, *webhook_secret_file;
} settings;

// What Stripe would call the endpoint's enabled events.
#define EVENTS                                                                                     \
    "payment_intent.processing,payment_intent.succeeded,payment_intent.payment_failed,"            \
    "payment_intent.canceled,charge.refunded,refund.updated,refund.failed"

static const setting table[] = {
    CONFIG_TEXT(settings, provider.address, "address", "127.0.0.1", 1, 45,
                "address of the API and the pay page"),
    CONFIG_INT(settings, provider.port, "port", "0", 0, 65535,
               "port of the API and the pay page, 0: any free one"),
    CONFIG_PATH(settings, provider.dir, "dir", "",
                "folder of the books, so that a restart keeps them; without it they are lost"),
    CONFIG_PATH(settings, key_file, "provider-key-file", NULL,
                "file of the secret API key, such as sk_test_..., mode 0600"),
    CONFIG_TEXT(settings, provider.webhook_url, "webhook-url", "", 0, 1000,
                "endpoint that gets the webhooks; without it none are sent"),
    CONFIG_PATH(settings, webhook_secret_file, "webhook-secret-file", "",
                "file of the secret that signs webhooks, such as whsec_..., mode 0600"),
    CONFIG_TEXT(settings, provider.webhook_events, "webhook-events", EVENTS, 1, 1000,
                "event types that are sent, with commas between, or *"),
    CONFIG_INT(settings, provider.webhook_connections, "webhook-connections", "64", 1, 1024,
               "webhooks in flight at once"),
    CONFIG_MS(settings, provider.webhook_retry_ms, "webhook-retry", "1s", 10, 60000,
              "pause before a webhook's second try; it doubles up to a minute"),
    CONFIG_TEXT(settings, provider.public_url, "public-url", "", 0, 150,
                "origin of the pay page as a browser sees it; default http://ADDRESS:PORT"),
    CONFIG_TEXT(settings, provider.return_origins, "return-origins", "", 0, 1000,
                "the shop's origins, with commas between: the pay page links back to no others"),
    CONFIG_TEXT(settings, provider.faults, "faults", "", 0, 4000,
                "faults from the start, as JSON like POST /admin/faults takes"),
    CONFIG_INT(settings, provider.threads, "threads", "512", 1, 4096,
               "requests served at once; a kept-alive connection holds one"),
    SERVICE_SETTINGS(settings, service),
};

static bool secrets_read(settings *s, char *key, char *webhook_secret, size_t secret_bytes,
                         char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    if (!secret_file_read_text(s->key_file, secret_bytes, key, ret_problem))
        return false;
    s->provider.key = key;
    s->provider.webhook_secret = webhook_secret;
    if (s->webhook_secret_file[0] != '\0')
        return secret_file_read_text(s->webhook_secret_file, secret_bytes, webhook_secret,
                                     ret_problem);
    if (s->provider.webhook_url[0] == '\0')
        return true;
    snprintf(ret_problem, CONFIG_PROBLEM_BYTES,
             "--webhook-url needs --webhook-secret-file, because webhooks are signed.");
    return false;
}

static bool run(const settings *s, char ret_problem[static CONFIG_PROBLEM_BYTES])
{
    provider *p;
    if (!provider_start(&s->provider, &p, ret_problem))
        return false;
    char lines[64];
    snprintf(lines, sizeof lines, "port %d\nadmin_port %d\n", provider_port(p),
             provider_admin_port(p));
    bool ok = service_ready(&s->service, lines, ret_problem);
    if (ok) {
        log_event(LOG_INFO, "provider.started", LOG_I("port", provider_port(p)),
                  LOG_I("admin_port", provider_admin_port(p)));
        int number;
        do
            number = service_wait(-1);
        while (number == SIGHUP);
        service_stopping(&s->service);
        log_event(LOG_INFO, "provider.stopped", LOG_I("signal", number));
    }
    provider_stop(&p);
    return ok;
}

int main(int argc, char **argv)
{
    static char key[256], webhook_secret[256];
    static const config c = {.program = "cavea-provider",
                             .summary = "a payment provider for development and tests",
                             .settings = table,
                             .settings_count = sizeof table / sizeof table[0]};
    settings s = {0};
    char problem[CONFIG_PROBLEM_BYTES];
    int status = config_read(&c, argc, argv, &s, NULL);
    if (status >= 0)
        return status;
    if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        fprintf(stderr, "cavea-provider: a library could not be started.\n");
        return 1;
    }
    s.provider.admin_address = s.service.admin_address;
    s.provider.admin_port = s.service.admin_port;
    bool ok = service_init(c.program, &s.service, problem) &&
              secrets_read(&s, key, webhook_secret, sizeof key, problem) && run(&s, problem);
    curl_global_cleanup();
    if (!ok)
        fprintf(stderr, "cavea-provider: %s\n", problem);
    return ok ? 0 : 1;
}
