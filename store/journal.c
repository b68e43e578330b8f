#include "store/journal.h"

#include <assert.h>
#include <stdlib.h>

static bool arrays_allocate(journal *j)
{
    j->moves = malloc(JOURNAL_ACTORS_MAX * sizeof *j->moves);
    j->facts = malloc(JOURNAL_ROWS_MAX * sizeof *j->facts);
    j->claims = malloc(JOURNAL_ROWS_MAX * sizeof *j->claims);
    j->releases = malloc(JOURNAL_ROWS_MAX * sizeof *j->releases);
    j->reservations = malloc(JOURNAL_ROWS_MAX * sizeof *j->reservations);
    j->changes = malloc(JOURNAL_ROWS_MAX * sizeof *j->changes);
    j->payments = malloc(JOURNAL_ROWS_MAX * sizeof *j->payments);
    j->tickets = malloc(JOURNAL_ROWS_MAX * sizeof *j->tickets);
    j->statuses = malloc(JOURNAL_ROWS_MAX * sizeof *j->statuses);
    j->postings = malloc(JOURNAL_ROWS_MAX * sizeof *j->postings);
    j->seats = malloc(JOURNAL_SEATS_MAX * sizeof *j->seats);
    j->price_minor = malloc(JOURNAL_SEATS_MAX * sizeof *j->price_minor);
    j->blob = malloc(JOURNAL_BLOB_BYTES_MAX);
    return j->moves && j->facts && j->claims && j->releases && j->reservations && j->changes &&
           j->payments && j->tickets && j->statuses && j->postings && j->seats && j->price_minor &&
           j->blob;
}

journal *journal_new(void)
{
    journal *j = calloc(1, sizeof *j);
    if (j == NULL)
        return NULL;
    if (!arrays_allocate(j)) {
        journal_free(j);
        return NULL;
    }
    return j;
}

void journal_free(journal *j)
{
    if (j == NULL)
        return;
    free(j->moves);
    free(j->facts);
    free(j->claims);
    free(j->releases);
    free(j->reservations);
    free(j->changes);
    free(j->payments);
    free(j->tickets);
    free(j->statuses);
    free(j->postings);
    free(j->seats);
    free(j->price_minor);
    free(j->blob);
    free(j);
}

void journal_clear(journal *j)
{
    j->moves_count = j->facts_count = j->claims_count = j->releases_count = 0;
    j->reservations_count = j->changes_count = j->payments_count = j->tickets_count = 0;
    j->statuses_count = j->postings_count = j->seats_count = j->blob_bytes = 0;
}

static bool rows_fit(uint32_t count, uint32_t rows_max)
{
    return rows_max <= JOURNAL_ROWS_MAX && count <= JOURNAL_ROWS_MAX - rows_max;
}

// A seat of a reservation is also a row of claims, so rows_max bounds the seats too. Moves are one
// for each actor, not for each row: one more of them must fit.
bool journal_has_room(const journal *j, uint32_t rows_max, uint32_t bytes_max)
{
    _Static_assert(JOURNAL_ROWS_MAX <= JOURNAL_SEATS_MAX, "a seat for each row of claims");
    return rows_fit(j->facts_count, rows_max) && rows_fit(j->claims_count, rows_max) &&
           rows_fit(j->releases_count, rows_max) && rows_fit(j->reservations_count, rows_max) &&
           rows_fit(j->changes_count, rows_max) && rows_fit(j->payments_count, rows_max) &&
           rows_fit(j->tickets_count, rows_max) && rows_fit(j->statuses_count, rows_max) &&
           rows_fit(j->postings_count, rows_max) &&
           j->seats_count <= JOURNAL_SEATS_MAX - rows_max && j->moves_count < JOURNAL_ACTORS_MAX &&
           bytes_max <= JOURNAL_BLOB_BYTES_MAX &&
           j->blob_bytes <= JOURNAL_BLOB_BYTES_MAX - bytes_max;
}

uint32_t journal_blob(journal *j, const void *data, uint32_t data_bytes)
{
    uint32_t at = j->blob_bytes;
    assert(data_bytes <= JOURNAL_BLOB_BYTES_MAX - at);
    if (data_bytes > 0)
        memcpy(j->blob + at, data, data_bytes);
    j->blob_bytes += data_bytes;
    return at;
}
