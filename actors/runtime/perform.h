// Performs effects on the world for the actors of this host: calls to the payment provider (one
// thread, many connections) and signatures (worker threads). An outcome is an Envelope with one
// command for the actor that asked, handed to `deliver`. Nothing here is durable: an effect that is
// refused, lost or cut off by the end of the process is asked for again by its actor or the
// reconciler, and its ids make that harmless.
// performer_port's start may be called by the tick thread; deliver is called by performer threads,
// several at a time. One performer for a process.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_H

#include "actors/payment/payment.h"
#include "actors/runtime/ports.h"
#include "ops/host/config.h"
#include "schemas/cavea.pb-c.h"

enum {
    PERFORM_CALLS_QUEUED_MAX = 8192,
    PERFORM_SIGNS_QUEUED_MAX = 8192,
    PERFORM_CALLS_IN_FLIGHT_MAX = 1024,
    PERFORM_SIGN_THREADS_MAX = 16,
    PERFORM_KEY_BYTES_MAX = 255,
};

// Where outcomes go. The envelope is borrowed until deliver returns.
typedef struct perform_sink {
    void *self;
    void (*deliver)(void *self, const actor_ref *to, const uint8_t *envelope,
                    uint32_t envelope_bytes);
} perform_sink;

typedef struct perform_settings { // texts are borrowed for the performer's life
    const char *provider_url;     // origin, "https://api.stripe.com"; no path, no final slash
    const char *provider_key;     // a secret; never logged
    // Where buyers pay when the provider's answer does not say, with {intent} and {client_secret};
    // empty: <provider_url>/pay/{intent}?client_secret={client_secret}.
    const char *pay_url_template;
    const char *ticket_keys_dir; // perform_keys.h
    int64_t connect_timeout_ms;  // 1000
    int64_t call_timeout_ms;     // 4000, of one attempt
    int64_t calls_per_second;    // 100; 0: no limit
    int64_t calls_in_flight;     // 128
    int64_t list_ms;             // 5 minutes, for perform_list.h
    int64_t sign_threads;        // 1
    perform_sink sink;
} perform_settings;

// Rows for the table of a main whose settings struct has `perform_settings field;`. provider_key
// and sink are not settings: the main reads the key from its file and connects the mailbox.
#define PERFORM_SETTINGS(owner, field)                                                             \
    CONFIG_TEXT(owner, field.provider_url, "provider-url", NULL, 8, 200,                           \
                "origin of the payment provider's API"),                                           \
        CONFIG_TEXT(owner, field.pay_url_template, "pay-url-template", "", 0, 200,                 \
                    "where buyers pay when the provider does not say, with {intent} and "          \
                    "{client_secret}; empty: a page of the provider's"),                           \
        CONFIG_PATH(owner, field.ticket_keys_dir, "ticket-keys-dir", NULL,                         \
                    "folder of ticket keys; a first key is made in an empty one"),                 \
        CONFIG_MS(owner, field.connect_timeout_ms, "provider-connect-timeout", "1s", 10, 60000,    \
                  "how long connecting to the provider may take"),                                 \
        CONFIG_MS(owner, field.call_timeout_ms, "provider-call-timeout", "4s", 50, 60000,          \
                  "how long one call to the provider may take"),                                   \
        CONFIG_INT(owner, field.calls_per_second, "provider-rate", "100", 0, 100000,               \
                   "most calls to the provider in a second, 0: no limit"),                         \
        CONFIG_INT(owner, field.calls_in_flight, "provider-calls", "128", 1,                       \
                   PERFORM_CALLS_IN_FLIGHT_MAX, "most calls to the provider at a time"),           \
        CONFIG_MS(owner, field.list_ms, "provider-list", "5m", 50, 86400000,                       \
                  "how often the provider's list is compared with our payments"),                  \
        CONFIG_INT(owner, field.sign_threads, "sign-threads", "1", 1, PERFORM_SIGN_THREADS_MAX,    \
                   "threads that sign tickets")

typedef struct performer performer;

// Reads the ticket keys and starts the threads; NULL with one sentence when something is missing.
performer *performer_new(const perform_settings *settings,
                         char ret_problem[static CONFIG_PROBLEM_BYTES]);
perform_port performer_port(performer *p); // valid until performer_free
// Takes no more effects, lets calls under way end for a second or two, and ends the threads:
// nothing is delivered after it returns. May be repeated.
void performer_stop(performer *p);
void performer_free(performer *p); // stops it first; NULL is fine

// The provider's client, for perform_list.c.
struct provider_client *performer_client(performer *p);

// Borrows from r and id.
void perform_report(const payment_id *id, const payment_report *r,
                    Cavea__V1__ProviderReport *ret_report);
// For perform_provider.c and perform_sign.c: packs the command and hands it to the sink.
void perform_deliver(const perform_sink *sink, const actor_ref *to,
                     const Cavea__V1__Command *command);

#endif
