#include "store/commit.h"

static bool journal_is_fenced(const journal *j)
{
    return j->moves_count > 0 || j->facts_count + j->claims_count + j->releases_count +
                                         j->reservations_count + j->changes_count +
                                         j->payments_count + j->tickets_count + j->statuses_count +
                                         j->postings_count ==
                                     0;
}

static bool guard_failed(const pipeline *p)
{
    return strcmp(p->sqlstate, "22012") == 0; // division by zero
}

store_result commit_run(connection *c, params *scratch, fold *f, const journal *j,
                        int64_t *ret_now_us)
{
    PIPELINE_AUTO answers = {0};
    assert(journal_is_fenced(j));
    if (!fold_journal(f, j))
        return STORE_REFUSED;
    for (commit_part part = COMMIT_FENCE; part < COMMIT_PARTS_END; part++) {
        params_reset(scratch);
        if (commit_params(part, j, f, scratch))
            connection_send(c, &commit_statements[part], scratch);
    }
    store_result result = connection_run(c, &answers);
    if (result == STORE_REFUSED && answers.failed_at == COMMIT_FENCE && guard_failed(&answers))
        return STORE_FENCED;
    if (result == STORE_OK)
        *ret_now_us = column_time(answers.rows[COMMIT_FENCE], 0, 1);
    return result;
}
