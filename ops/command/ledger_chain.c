#include "ops/command/ledger_chain.h"

#include "schemas/digest.h"
#include "schemas/subject.h"
#include "store/load.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { FACTS_PER_PAGE = 4096, SCRATCH_BYTES = 4096 };

typedef struct chain {
    connection *database;
    actor_ref actor;
    progress *shown;
    params scratch;
    int64_t last_seq; // by the lease
    digest32 last_hash;
    chain_finding *found;
} chain;

static void chain_done(chain *x)
{
    params_done(&x->scratch);
}

__attribute__((format(printf, 3, 4))) static ledger_verdict verdict(chain *x, ledger_verdict what,
                                                                    const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(x->found->difference, sizeof x->found->difference, format, arguments);
    va_end(arguments);
    return what;
}

static ledger_verdict unreadable(chain *x)
{
    return verdict(x, LEDGER_UNREADABLE, "%s", connection_error(x->database));
}

static ledger_verdict lease_load(chain *x)
{
    static const statement load = {"",
                                   "SELECT last_seq, last_hash FROM actor_lease WHERE actor = $1"};
    PIPELINE_AUTO rows = {0};
    params_reset(&x->scratch);
    params_uuid(&x->scratch, &x->actor.id.u);
    if (connection_prepare(x->database, &load, 1) != STORE_OK ||
        connection_ask(x->database, &load, &x->scratch, &rows) != STORE_OK)
        return unreadable(x);
    if (PQntuples(rows.rows[0]) == 0)
        return LEDGER_UNKNOWN;
    x->last_seq = column_int8(rows.rows[0], 0, 0);
    x->last_hash = column_digest32(rows.rows[0], 0, 1);
    return LEDGER_AGREES;
}

static ledger_verdict fact_check(chain *x, const stored_fact *fact, const uint8_t *payload)
{
    int64_t seq = x->found->facts + 1;
    const char *kind = actor_kind_name(x->actor.kind);
    if (fact->seq != seq)
        return verdict(x, LEDGER_BROKEN, "fact %" PRId64 " of the %s actor is missing", seq, kind);
    digest32 hash = fact_hash(&x->found->head, seq, fact->kind, payload, fact->payload_bytes);
    if (!digest32_equal(&hash, &fact->hash))
        return verdict(x, LEDGER_BROKEN,
                       "fact %" PRId64 " of the %s actor does not have the hash it must have", seq,
                       kind);
    x->found->head = hash;
    x->found->facts = seq;
    return LEDGER_AGREES;
}

static ledger_verdict facts_check(chain *x)
{
    ledger_verdict v = LEDGER_AGREES;
    while (v == LEDGER_AGREES && x->found->facts < x->last_seq) {
        fact_page page __attribute__((cleanup(fact_page_done))) = {0};
        if (load_facts(x->database, &x->scratch, &x->actor.id, x->found->facts, FACTS_PER_PAGE,
                       &page) != STORE_OK)
            return unreadable(x);
        if (page.facts_count == 0)
            return verdict(x, LEDGER_BROKEN, "fact %" PRId64 " of the %s actor is missing",
                           x->found->facts + 1, actor_kind_name(x->actor.kind));
        for (uint32_t i = 0; v == LEDGER_AGREES && i < page.facts_count; i++)
            if (x->found->facts < x->last_seq)
                v = fact_check(x, &page.facts[i], page.bytes + page.facts[i].payload_at);
        progress_show(x->shown, x->found->facts, x->last_seq);
    }
    if (v == LEDGER_AGREES && !digest32_equal(&x->found->head, &x->last_hash))
        return verdict(x, LEDGER_BROKEN,
                       "the %s actor's row has another hash than its last fact, %" PRId64,
                       actor_kind_name(x->actor.kind), x->found->facts);
    return v;
}

ledger_verdict ledger_chain(connection *c, const actor_ref *actor, progress *p,
                            chain_finding *ret_finding)
{
    *ret_finding = (chain_finding){.facts = 0};
    __attribute__((cleanup(chain_done)))
    chain x = {.database = c, .actor = *actor, .shown = p, .found = ret_finding};
    if (!params_init(&x.scratch, SCRATCH_BYTES))
        return verdict(&x, LEDGER_UNREADABLE, "out of memory");
    ledger_verdict v = lease_load(&x);
    return v == LEDGER_AGREES ? facts_check(&x) : v;
}
