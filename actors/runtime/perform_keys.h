// The folder of ticket keys (CAVEA_TICKET_KEYS_DIR). <kid>.key is an Ed25519 seed, 64 hex digits,
// mode 0600, for signers only; <kid>.pub the public key, 64 hex digits, for everybody who verifies;
// `active` names the kid that signs. A kid has 1 to 16 characters of [A-Za-z0-9_-]. Old .pub files
// stay as long as their tickets are to be verified. In an empty folder the first key is made; all
// files appear complete, so that several hosts may start at once and readers never see half.
// Reads and writes files, nothing else; any thread.
#ifndef CAVEA_ACTORS_RUNTIME_PERFORM_KEYS_H
#define CAVEA_ACTORS_RUNTIME_PERFORM_KEYS_H

#include "actors/ticket/sign.h"
#include "ops/host/config.h"

// Makes the folder and a first key when there is none. False with one sentence.
MUST_CHECK bool ticket_keys_prepare(const char *dir, char ret_problem[static CONFIG_PROBLEM_BYTES]);
// The key that signs now.
MUST_CHECK bool ticket_keys_active(const char *dir, ticket_signer *ret_signer,
                                   char ret_problem[static CONFIG_PROBLEM_BYTES]);
// Adds a key and makes it the active one; ret_id is its kid.
MUST_CHECK bool ticket_keys_rotate(const char *dir, char ret_id[static TICKET_KEY_ID_BYTES],
                                   char ret_problem[static CONFIG_PROBLEM_BYTES]);

#endif
