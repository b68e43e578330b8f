// The statements of a commit and their parameters: columns of the journal's rows as arrays. unnest
// stands in the select list, where rows come out one by one; in FROM each array would be stored
// first (measured: 10 % of the whole commit). Seats and prices of reservations are slices of one
// flat array each: a slice is found by its offset, so 4,000 rows cost 4,000 times one.
#include "store/commit.h"
#include "store/row.h"

// Aborts the transaction unless as many rows were touched as the parameter says.
#define GUARD(count)                                                                               \
    "1 / (CASE WHEN (SELECT count(*) FROM done) = " count "::int4 THEN 1 ELSE 0 END)"

const statement commit_statements[COMMIT_PARTS_END] = {
    // Rows are taken in the order of their keys, so that two hosts that both believe they hold two
    // actors wait for each other in a line and not in a circle. The clock is read after the rows
    // were had.
    [COMMIT_FENCE] =
        {"commit_fence",
         "WITH done AS (UPDATE actor_lease l SET incarnation = m.ni, cursor_seq = m.nc,"
         " last_seq = m.s, last_hash = m.h, claimed = m.c, senders = m.w,"
         " published_incarnation = m.pi, published_seq = m.ps, active_at = clock_timestamp()"
         " FROM (SELECT unnest($1::uuid[]) a, unnest($2::int8[]) e, unnest($3::int8[]) oi,"
         " unnest($4::int8[]) oc, unnest($5::int8[]) ni, unnest($6::int8[]) nc,"
         " unnest($7::int8[]) s, unnest($8::bytea[]) h, unnest($9::int4[]) c,"
         " unnest($10::bytea[]) w, unnest($11::int8[]) pi, unnest($12::int8[]) ps ORDER BY 1) m"
         " WHERE l.actor = m.a AND l.epoch = m.e AND l.incarnation = m.oi AND l.cursor_seq = m.oc"
         " RETURNING 1) SELECT " GUARD("$13") ", clock_timestamp()"},
    [COMMIT_RELEASES] =
        {"commit_releases",
         "WITH done AS (DELETE FROM seat_claim s USING (SELECT unnest($1::int8[]) k,"
         " unnest($2::uuid[]) r) d WHERE s.seat_key = d.k AND s.reservation_id = d.r RETURNING 1)"
         " SELECT " GUARD("$3")},
    [COMMIT_RESERVATIONS] =
        {"commit_reservations",
         "INSERT INTO reservation (event_id, id, buyer_id, state, key_hash, body_hash, seats,"
         " price_minor, total_minor, created_at, expires_at)"
         " SELECT e, i, b, s, k, h, ($12::int4[])[a + 1 : a + n], ($13::int8[])[a + 1 : a + n],"
         " t, c, x FROM (SELECT unnest($1::uuid[]) e, unnest($2::uuid[]) i, unnest($3::uuid[]) b,"
         " unnest($4::int2[]) s, unnest($5::bytea[]) k, unnest($6::bytea[]) h,"
         " unnest($7::int4[]) a, unnest($8::int4[]) n, unnest($9::int8[]) t,"
         " unnest($10::timestamptz[]) c, unnest($11::timestamptz[]) x) r"},
    // In the order of the index: seats are chosen at random, and those of a large tick share pages.
    [COMMIT_CLAIMS] = {"commit_claims",
                       "INSERT INTO seat_claim (seat_key, reservation_id)"
                       " SELECT unnest($1::int8[]), unnest($2::uuid[]) ORDER BY 1"},
    [COMMIT_CHANGES] =
        {"commit_changes",
         "WITH done AS (UPDATE reservation r SET state = c.t, expires_at = c.x,"
         " payment_id = coalesce(c.p, r.payment_id),"
         " checkout_key = coalesce(c.k, r.checkout_key),"
         " checkout_body = coalesce(c.b, r.checkout_body),"
         " other_seats = CASE WHEN c.k IS NULL THEN r.other_seats ELSE c.o <> 0 END,"
         " outcome = coalesce(nullif(c.u, 0), r.outcome),"
         " refund_minor = coalesce(nullif(c.m, 0), r.refund_minor),"
         " seats = CASE WHEN c.n > 0 THEN ($14::int4[])[c.a + 1 : c.a + c.n] ELSE r.seats END"
         " FROM (SELECT unnest($1::uuid[]) e, unnest($2::uuid[]) i, unnest($3::int2[]) f,"
         " unnest($4::int2[]) t, unnest($5::timestamptz[]) x, unnest($6::uuid[]) p,"
         " unnest($7::bytea[]) k, unnest($8::bytea[]) b, unnest($9::int2[]) o,"
         " unnest($10::int2[]) u, unnest($11::int8[]) m, unnest($12::int4[]) a,"
         " unnest($13::int4[]) n) c"
         " WHERE r.event_id = c.e AND r.id = c.i AND r.state = c.f RETURNING 1)"
         " SELECT " GUARD("$15")},
    // The payment actor is the single writer of its payments, under the fence, and knows which of
    // them have a row. One statement that did both would take a lock and look twice for each row.
    [COMMIT_PAYMENTS] =
        {"commit_payments",
         "INSERT INTO payment (event_id, id, reservation_id, buyer_id, state, amount_minor,"
         " captured_minor, refunded_minor, currency, intent_id, client_secret, pay_url, refund_id,"
         " refund_number, changed_at, refund_minor, kept_minor, fee_bp, tax_bp, created_at)"
         " SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($17::uuid[]), unnest($18::uuid[]),"
         " unnest($3::int2[]), unnest($19::int8[]), unnest($4::int8[]), unnest($5::int8[]),"
         " unnest($6::text[]), unnest($7::text[]), unnest($8::text[]), unnest($9::text[]),"
         " unnest($10::text[]), unnest($11::int2[]), unnest($12::timestamptz[]),"
         " unnest($13::int8[]), unnest($14::int8[]), unnest($15::int2[]), unnest($16::int2[]),"
         " unnest($20::timestamptz[])"},
    // It has the table of allowed transitions. What may never happen is refused here all the same:
    // a state or a refund attempt that falls back, captured money that shrinks.
    [COMMIT_PAYMENT_CHANGES] =
        {"commit_payment_changes",
         "WITH done AS (UPDATE payment p SET state = c.s, captured_minor = c.cm,"
         " refunded_minor = c.rm, currency = c.u, intent_id = c.i, client_secret = c.cs,"
         " pay_url = c.pu, refund_id = c.ri, refund_number = c.rn, changed_at = c.t,"
         " refund_minor = c.m, kept_minor = c.k, fee_bp = c.f, tax_bp = c.x"
         " FROM (SELECT unnest($1::uuid[]) e, unnest($2::uuid[]) id, unnest($3::int2[]) s,"
         " unnest($4::int8[]) cm, unnest($5::int8[]) rm, unnest($6::text[]) u,"
         " unnest($7::text[]) i, unnest($8::text[]) cs, unnest($9::text[]) pu,"
         " unnest($10::text[]) ri, unnest($11::int2[]) rn, unnest($12::timestamptz[]) t,"
         " unnest($13::int8[]) m, unnest($14::int8[]) k, unnest($15::int2[]) f,"
         " unnest($16::int2[]) x) c"
         " WHERE p.event_id = c.e AND p.id = c.id AND (p.refund_number, p.state) <= (c.rn, c.s)"
         " AND p.captured_minor <= c.cm RETURNING 1)"
         " SELECT " GUARD("$17")},
    // A ticket's id is derived from its reservation and seat, so a second one is the same signed
    // again: the first stays. A revocation that comes before the ticket leaves a revoked row
    // without a text, and the ticket never becomes valid.
    [COMMIT_TICKETS] =
        {"commit_tickets",
         "INSERT INTO ticket AS t (event_id, id, reservation_id, seat, state, key_id, jws,"
         " compact, issued_at) SELECT unnest($1::uuid[]), unnest($2::uuid[]), unnest($3::uuid[]),"
         " unnest($4::int4[]), unnest($5::int2[]), unnest($6::text[]), unnest($7::text[]),"
         " unnest($8::text[]), unnest($9::timestamptz[])"
         " ON CONFLICT (event_id, id) DO UPDATE SET state = EXCLUDED.state"
         " WHERE t.state = 1 AND EXCLUDED.state <> 1"},
    [COMMIT_STATUSES] =
        {"commit_statuses",
         "WITH done AS (UPDATE event e SET status = s.s FROM (SELECT unnest($1::uuid[]) i,"
         " unnest($2::int2[]) s) s WHERE e.id = s.i RETURNING 1) SELECT " GUARD("$3")},
    // One row for a fact, with all its lines: the table's constraint sees the whole transaction.
    [COMMIT_POSTINGS] =
        {"commit_postings",
         "INSERT INTO posting (actor, seq, event_id, payment_id, currency, at, accounts,"
         " amounts_minor) SELECT o, s, e, p, c, t, ($9::int2[])[a + 1 : a + n],"
         " ($10::int8[])[a + 1 : a + n] FROM (SELECT unnest($1::uuid[]) o, unnest($2::int8[]) s,"
         " unnest($3::uuid[]) e, unnest($4::uuid[]) p, unnest($5::text[]) c,"
         " unnest($6::timestamptz[]) t, unnest($7::int4[]) a, unnest($8::int4[]) n) r"},
    [COMMIT_FACTS] = {"commit_facts",
                      "INSERT INTO fact (actor, seq, kind, at, payload, hash)"
                      " SELECT unnest($1::uuid[]), unnest($2::int8[]), unnest($3::int2[]),"
                      " unnest($4::timestamptz[]), unnest($5::bytea[]), unnest($6::bytea[])"},
};

// One array parameter: `value` of each of `count` rows.
#define COLUMN(type, add, count, value)                                                            \
    do {                                                                                           \
        params_array(p, type);                                                                     \
        for (uint32_t i = 0; i < (count); i++)                                                     \
            add(p, value);                                                                         \
        params_end(p);                                                                             \
    } while (0)
#define COLUMN_UUID(count, value) COLUMN(PARAM_UUID, params_add_uuid, count, &(value).u)
#define COLUMN_INT2(count, value) COLUMN(PARAM_INT2, params_add_int2, count, value)
#define COLUMN_INT4(count, value) COLUMN(PARAM_INT4, params_add_int4, count, value)
#define COLUMN_INT8(count, value) COLUMN(PARAM_INT8, params_add_int8, count, value)
#define COLUMN_TIME(count, value) COLUMN(PARAM_TIME, params_add_time, count, value)
#define COLUMN_TEXT(count, value) COLUMN(PARAM_TEXT, params_add_text, count, value)
#define COLUMN_DIGEST(count, value)                                                                \
    do {                                                                                           \
        params_array(p, PARAM_BYTES);                                                              \
        for (uint32_t i = 0; i < (count); i++)                                                     \
            params_add_bytes(p, (value).bytes, sizeof(value).bytes);                               \
        params_end(p);                                                                             \
    } while (0)
// Slices of the journal's blob.
#define COLUMN_BLOB(type, count, row, part)                                                        \
    do {                                                                                           \
        params_array(p, type);                                                                     \
        for (uint32_t i = 0; i < (count); i++)                                                     \
            params_add_bytes(p, j->blob + (row).part##_at, (row).part##_bytes);                    \
        params_end(p);                                                                             \
    } while (0)

static uint32_t fence_params(const journal *j, params *p)
{
    const lease_move *m = j->moves;
    uint32_t n = j->moves_count;
    COLUMN_UUID(n, m[i].actor);
    COLUMN_INT8(n, m[i].epoch);
    COLUMN_INT8(n, m[i].old_incarnation);
    COLUMN_INT8(n, m[i].old_cursor);
    COLUMN_INT8(n, m[i].new_incarnation);
    COLUMN_INT8(n, m[i].new_cursor);
    COLUMN_INT8(n, m[i].last_seq);
    COLUMN_DIGEST(n, m[i].last_hash);
    COLUMN_INT4(n, m[i].claimed);
    COLUMN_BLOB(PARAM_BYTES, n, m[i], senders);
    COLUMN_INT8(n, m[i].published_incarnation);
    COLUMN_INT8(n, m[i].published_seq);
    params_int4(p, (int32_t)n);
    return 1; // also of an empty journal: it asks for the time
}

// A reservation's id carries the tag of its event.
static int64_t claim_key(const claim_row *row)
{
    return row_seat_key(uuid_tag(&row->reservation.u), row->seat);
}

static uint32_t claims_params(const journal *j, const fold *f, params *p)
{
    uint32_t n = f->claims_count;
    const uint32_t *row = f->claims;
    COLUMN_INT8(n, claim_key(&j->claims[row[i]]));
    COLUMN_UUID(n, j->claims[row[i]].reservation);
    return n;
}

static uint32_t releases_params(const journal *j, const fold *f, params *p)
{
    uint32_t n = f->releases_count;
    const uint32_t *row = f->releases;
    COLUMN_INT8(n, claim_key(&j->releases[row[i]]));
    COLUMN_UUID(n, j->releases[row[i]].reservation);
    params_int4(p, (int32_t)n);
    return n;
}

static uint32_t reservations_params(const journal *j, params *p)
{
    const reservation_row *r = j->reservations;
    uint32_t n = j->reservations_count;
    COLUMN_UUID(n, r[i].event);
    COLUMN_UUID(n, r[i].id);
    COLUMN_UUID(n, r[i].buyer);
    COLUMN_INT2(n, r[i].state);
    COLUMN_DIGEST(n, r[i].key_hash);
    COLUMN_DIGEST(n, r[i].body_hash);
    COLUMN_INT4(n, (int32_t)r[i].seats_at);
    COLUMN_INT4(n, (int32_t)r[i].seats_count);
    COLUMN_INT8(n, r[i].total_minor);
    COLUMN_TIME(n, r[i].created_us);
    COLUMN_TIME(n, r[i].expires_us);
    COLUMN_INT4(j->seats_count, j->seats[i]);
    COLUMN_INT8(j->seats_count, j->price_minor[i]);
    return n;
}

// Zero stands for "stays as it is", which is NULL in the statement.
static void digest_or_null(params *p, const digest16 *d)
{
    static const digest16 none;
    if (memcmp(d, &none, sizeof none) == 0)
        params_add_null(p);
    else
        params_add_bytes(p, d->bytes, sizeof d->bytes);
}

static void uuid_or_null(params *p, const uuid *id)
{
    if (uuid_is_zero(id))
        params_add_null(p);
    else
        params_add_uuid(p, id);
}

// Few changes have other seats than before: only theirs are sent, one after the other.
static void changed_seats(const journal *j, const fold *f, params *p)
{
    const reservation_change *c = f->changes;
    uint32_t n = f->changes_count, at = 0;
    params_array(p, PARAM_INT4);
    for (uint32_t i = 0; i < n; i++) {
        params_add_int4(p, (int32_t)at);
        at += c[i].seats_count;
    }
    params_end(p);
    COLUMN_INT4(n, (int32_t)c[i].seats_count);
    params_array(p, PARAM_INT4);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < c[i].seats_count; k++)
            params_add_int4(p, j->seats[c[i].seats_at + k]);
    params_end(p);
}

static uint32_t changes_params(const journal *j, const fold *f, params *p)
{
    const reservation_change *c = f->changes;
    uint32_t n = f->changes_count;
    COLUMN_UUID(n, c[i].event);
    COLUMN_UUID(n, c[i].id);
    COLUMN_INT2(n, c[i].from_state);
    COLUMN_INT2(n, c[i].to_state);
    COLUMN_TIME(n, c[i].expires_us);
    COLUMN(PARAM_UUID, uuid_or_null, n, &c[i].payment.u);
    COLUMN(PARAM_BYTES, digest_or_null, n, &c[i].checkout_key);
    COLUMN(PARAM_BYTES, digest_or_null, n, &c[i].checkout_body);
    COLUMN_INT2(n, c[i].other_seats);
    COLUMN_INT2(n, c[i].outcome);
    COLUMN_INT8(n, c[i].refund_minor);
    changed_seats(j, f, p);
    params_int4(p, (int32_t)n);
    return n;
}

// What both statements have, of n payments.
static void payment_columns(const payment_row *r, const uint32_t *row, uint32_t n, params *p)
{
    COLUMN_UUID(n, r[row[i]].event);
    COLUMN_UUID(n, r[row[i]].id);
    COLUMN_INT2(n, r[row[i]].state);
    COLUMN_INT8(n, r[row[i]].captured_minor);
    COLUMN_INT8(n, r[row[i]].refunded_minor);
    COLUMN_TEXT(n, r[row[i]].currency);
    COLUMN_TEXT(n, r[row[i]].intent_id);
    COLUMN_TEXT(n, r[row[i]].client_secret);
    COLUMN_TEXT(n, r[row[i]].pay_url);
    COLUMN_TEXT(n, r[row[i]].refund_id);
    COLUMN_INT2(n, r[row[i]].refund_number);
    COLUMN_TIME(n, r[row[i]].changed_us);
    COLUMN_INT8(n, r[row[i]].refund_minor);
    COLUMN_INT8(n, r[row[i]].kept_minor);
    COLUMN_INT2(n, r[row[i]].fee_bp);
    COLUMN_INT2(n, r[row[i]].tax_bp);
}

static uint32_t payments_params(const journal *j, const fold *f, params *p)
{
    const payment_row *r = j->payments;
    const uint32_t *row = f->payments;
    uint32_t n = f->payments_new;
    payment_columns(r, row, n, p);
    COLUMN_UUID(n, r[row[i]].reservation);
    COLUMN_UUID(n, r[row[i]].buyer);
    COLUMN_INT8(n, r[row[i]].amount_minor);
    COLUMN_TIME(n, r[row[i]].created_us);
    return n;
}

static uint32_t payment_changes_params(const journal *j, const fold *f, params *p)
{
    uint32_t n = f->payments_count - f->payments_new;
    payment_columns(j->payments, f->payments + f->payments_new, n, p);
    params_int4(p, (int32_t)n);
    return n;
}

static uint32_t tickets_params(const journal *j, const fold *f, params *p)
{
    const ticket_row *r = j->tickets;
    const fold_ticket *t = f->tickets;
    uint32_t n = f->tickets_count;
    COLUMN_UUID(n, r[t[i].row].event);
    COLUMN_UUID(n, r[t[i].row].id);
    COLUMN_UUID(n, r[t[i].row].reservation);
    COLUMN_INT4(n, r[t[i].row].seat);
    COLUMN_INT2(n, t[i].state);
    COLUMN_TEXT(n, r[t[i].row].key_id);
    COLUMN_BLOB(PARAM_TEXT, n, r[t[i].row], jws);
    COLUMN_BLOB(PARAM_TEXT, n, r[t[i].row], compact);
    COLUMN_TIME(n, r[t[i].row].issued_us);
    return n;
}

static uint32_t statuses_params(const journal *j, const fold *f, params *p)
{
    const uint32_t *row = f->statuses;
    uint32_t n = f->statuses_count;
    COLUMN_UUID(n, j->statuses[row[i]].event);
    COLUMN_INT2(n, j->statuses[row[i]].status);
    params_int4(p, (int32_t)n);
    return n;
}

// The lines of all postings, one posting behind the other.
static void posting_lines_params(const journal *j, params *p)
{
    const posting_row *r = j->postings;
    uint32_t n = j->postings_count, at = 0;
    params_array(p, PARAM_INT4);
    for (uint32_t i = 0; i < n; i++) {
        params_add_int4(p, (int32_t)at);
        at += r[i].lines_count;
    }
    params_end(p);
    COLUMN_INT4(n, (int32_t)r[i].lines_count);
    params_array(p, PARAM_INT2);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < r[i].lines_count; k++)
            params_add_int2(p, (int16_t)r[i].accounts[k]);
    params_end(p);
    params_array(p, PARAM_INT8);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < r[i].lines_count; k++)
            params_add_int8(p, r[i].amounts_minor[k]);
    params_end(p);
}

static uint32_t postings_params(const journal *j, params *p)
{
    const posting_row *r = j->postings;
    uint32_t n = j->postings_count;
    COLUMN_UUID(n, r[i].actor);
    COLUMN_INT8(n, r[i].seq);
    COLUMN_UUID(n, r[i].event);
    COLUMN_UUID(n, r[i].payment);
    COLUMN_TEXT(n, r[i].currency);
    COLUMN_TIME(n, r[i].at_us);
    posting_lines_params(j, p);
    return n;
}

static uint32_t facts_params(const journal *j, params *p)
{
    const fact_row *r = j->facts;
    uint32_t n = j->facts_count;
    COLUMN_UUID(n, r[i].actor);
    COLUMN_INT8(n, r[i].seq);
    COLUMN_INT2(n, (int16_t)r[i].kind);
    COLUMN_TIME(n, r[i].at_us);
    COLUMN_BLOB(PARAM_BYTES, n, r[i], payload);
    COLUMN_DIGEST(n, r[i].hash);
    return n;
}

bool commit_params(commit_part part, const journal *j, const fold *f, params *ret_p)
{
    switch (part) {
    case COMMIT_FENCE:
        return fence_params(j, ret_p) > 0;
    case COMMIT_RELEASES:
        return releases_params(j, f, ret_p) > 0;
    case COMMIT_RESERVATIONS:
        return reservations_params(j, ret_p) > 0;
    case COMMIT_CLAIMS:
        return claims_params(j, f, ret_p) > 0;
    case COMMIT_CHANGES:
        return changes_params(j, f, ret_p) > 0;
    case COMMIT_PAYMENTS:
        return payments_params(j, f, ret_p) > 0;
    case COMMIT_PAYMENT_CHANGES:
        return payment_changes_params(j, f, ret_p) > 0;
    case COMMIT_TICKETS:
        return tickets_params(j, f, ret_p) > 0;
    case COMMIT_STATUSES:
        return statuses_params(j, f, ret_p) > 0;
    case COMMIT_POSTINGS:
        return postings_params(j, ret_p) > 0;
    case COMMIT_FACTS:
        return facts_params(j, ret_p) > 0;
    case COMMIT_PARTS_END:
        break;
    }
    return false;
}
