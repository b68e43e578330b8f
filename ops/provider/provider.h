// cavea-provider: a payment provider for development, tests and drills. It speaks the subset of
// Stripe's API that cavea uses (stripe.h), shows a page where a person pays (pay_page.h), delivers
// signed webhooks (deliveries.h), and goes wrong on demand (faults.h). No money moves and nothing
// is certified: it belongs in no production. Starting and stopping: one thread.
#ifndef CAVEA_OPS_PROVIDER_PROVIDER_H
#define CAVEA_OPS_PROVIDER_PROVIDER_H

#include "ops/host/config.h"

typedef struct provider_options { // strings are borrowed until provider_stop
    const char *address;
    int64_t port; // 0: any free one
    const char *admin_address;
    int64_t admin_port;
    const char *dir;            // "": keeps nothing
    const char *key;            // "sk_test_..."
    const char *webhook_url;    // "": sends none
    const char *webhook_secret; // "whsec_..."
    const char *webhook_events; // types with commas between, or "*"
    int64_t webhook_connections;
    int64_t webhook_retry_ms;
    const char *public_url;     // origin of the pay page; "": http://address:port
    const char *return_origins; // where the pay page may link back to, with commas between
    const char *faults;         // JSON as in faults_set; "": none
    int64_t threads;
} provider_options;

typedef struct provider provider;

MUST_CHECK bool provider_start(const provider_options *options, provider **ret_provider,
                               char ret_problem[static CONFIG_PROBLEM_BYTES]);
int provider_port(const provider *p);
int provider_admin_port(const provider *p);
void provider_stop(provider **p); // *p becomes NULL

#endif
