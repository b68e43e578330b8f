// Options of connections to NATS that make a lost server noticed within seconds and a lost message
// an error instead of a late arrival. Knows nothing of subjects and messages. Any thread.
#ifndef CAVEA_OPS_HOST_NATS_LINK_H
#define CAVEA_OPS_HOST_NATS_LINK_H

#include "ops/host/config.h"
#include "ops/host/nats_line.h"
#include "ops/host/nats_login.h"

typedef struct nats_told { // what a connection tells its owner; on a thread of nats.c
    void *self;
    void (*lost)(void *self);
    void (*found)(void *self); // for the first time, or again
    void (*failed)(void *self, const char *what);
} nats_told;

// Options that start to connect and go on trying for ever. told is borrowed until the connection is
// destroyed. ret_problem is emptied, or says what is wrong with the login.
MUST_CHECK natsStatus nats_link_options(const nats_login *login, const char *name,
                                        const nats_told *told, natsOptions **ret_options,
                                        char ret_problem[static CONFIG_PROBLEM_BYTES]);
// What came of connecting with them. False: this login will never do, and ret_problem, which keeps
// what the options said, says why.
MUST_CHECK bool nats_link_tries(natsStatus status, char ret_problem[static CONFIG_PROBLEM_BYTES]);
bool nats_link_connected(natsConnection *c);

// Waits until no thread of nats.c runs any more: what its callbacks use can be freed then.
void nats_link_finish(void);

#endif
