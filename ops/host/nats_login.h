// How a program introduces itself to NATS: at one of several servers, and, where the server knows
// NKeys, with the seed of one that lies in a file only its owner can read. It is read again at each
// connection and stays in memory no longer. At start, one thread; the file's name must live as long
// as the connection.
#ifndef CAVEA_OPS_HOST_NATS_LOGIN_H
#define CAVEA_OPS_HOST_NATS_LOGIN_H

#include "ops/host/config.h"

#include <nats/nats.h>

typedef struct nats_login {
    const char *urls;      // one or more addresses, with commas between, tried in this order
    const char *nkey_file; // of the seed; "": the URLs say who we are, or nobody asks
} nats_login;

// Rows of a table of settings, for a program whose struct has a nats_login.
#define NATS_LOGIN_SETTINGS(owner, field, urls_standard, urls_min)                                 \
    CONFIG_TEXT(owner, field.urls, "nats-url", urls_standard, urls_min, 2000,                      \
                "one or more addresses of NATS, separated by commas"),                             \
        CONFIG_PATH(owner, field.nkey_file, "nats-nkey-file", "",                                  \
                    "file with the seed of our NKey, mode 0600; without it, as the URL says")

// Sets servers and key. False with one sentence when the file or the addresses will never do.
MUST_CHECK bool nats_login_set(natsOptions *options, const nats_login *login,
                               char ret_problem[static CONFIG_PROBLEM_BYTES]);

#endif
