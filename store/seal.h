// Reads the keys of seals (schemas/seal.h): rows of a table that migration 0004 fills, which actors
// and the operator may read and edges may not. To change the key, insert a row whose valid_from
// lies ahead, start all hosts again before that moment, so that each of them knows both, and again
// after it; delete the old row when the stream keeps nothing older (STREAM_MAX_AGE_SECONDS). One
// thread, at start.
#ifndef CAVEA_STORE_SEAL_H
#define CAVEA_STORE_SEAL_H

#include "schemas/seal.h"
#include "store/connection.h"
#include "store/migrate.h"

// The newest key that is valid by the database's clock comes first. False with one sentence, also
// when there is none: nobody would take what this program sends.
MUST_CHECK bool seal_keys_read(connection *c, seal_ring *ret_ring,
                               char ret_problem[static MIGRATE_PROBLEM_BYTES]);

#endif
