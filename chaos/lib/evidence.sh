# Collects what a run leaves behind into a folder of text files, which cavea-audit judges:
#   journal*.tsv      what the buyers saw (chaos/load/journal.h)
#   event, reservation, claim, payment, ticket, posting, fact, lease .tsv
#                     rows of PostgreSQL as of one moment; moment.tsv is that moment
#   lease_sample.tsv  the leases as they were during the run
#   provider.tsv      the provider's books
#   map.tsv           the seats as each edge shows them: edge, event, what the lease had come to
#                     before it was asked, seats.bin as hexadecimal digits
# shellcheck shell=bash

# evidence_sql URL: SQL from standard input; what waits for a lock or a standby gives up
evidence_sql() {
    PGOPTIONS='-c statement_timeout=60s' PGCONNECT_TIMEOUT=5 \
        psql -X -q -At -v ON_ERROR_STOP=1 "$1"
}

# What is still on its way; 0 when nothing is.
evidence_unsettled() {
    evidence_sql "$1" <<'SQL'
SELECT (SELECT count(*) FROM reservation
        WHERE state = 1 AND expires_at < clock_timestamp() - interval '1 second')
    + (SELECT count(*) FROM payment WHERE state IN (3, 6, 8, 9))
    + (SELECT count(*) FROM payment WHERE state = 11 AND refund_number < 16)
    + (SELECT count(*) FROM (
        SELECT r.id FROM reservation r LEFT JOIN ticket t ON t.event_id = r.event_id
            AND t.reservation_id = r.id AND t.state IN (1, 3)
        WHERE r.state = 2 GROUP BY r.event_id, r.id
        HAVING count(t.id) <> cardinality(r.seats)) AS without)
    + (SELECT count(*) FROM ticket t JOIN reservation r ON r.event_id = t.event_id
        AND r.id = t.reservation_id WHERE t.state = 1 AND r.state <> 2);
SQL
}

# evidence_settled URL PROVIDER_ADMIN_URL: also every callback was taken
evidence_settled() {
    [[ $(evidence_unsettled "$1" 2>/dev/null) == 0 ]] &&
        [[ $(curl -sSf -m 10 "$2/admin/state" 2>/dev/null | jq .webhooks_undelivered) == 0 ]]
}

# evidence_rows URL FOLDER: one snapshot
evidence_rows() {
    local us="(extract(epoch FROM %s) * 1000000)::bigint" to="TO STDOUT WITH (NULL '-')"
    {
        printf 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n'
        evidence_copy moment "SELECT ${us//%s/clock_timestamp()}"
        evidence_copy event "SELECT e.id, e.tag, e.currency, encode(p.packed, 'hex') FROM event e
            JOIN plan p ON p.hash = e.plan_hash JOIN actor_lease l ON l.actor = e.id"
        evidence_copy reservation "SELECT event_id, id, buyer_id, state, encode(key_hash, 'hex'),
            array_to_string(seats, ','), total_minor, ${us//%s/created_at}, ${us//%s/expires_at},
            payment_id, coalesce(outcome, 0), coalesce(refund_minor, 0) FROM reservation"
        evidence_copy claim 'SELECT event_id, seat, reservation_id FROM claimed_seat'
        evidence_copy payment 'SELECT event_id, id, reservation_id, buyer_id, state, amount_minor,
            currency, captured_minor, refund_minor, refunded_minor, kept_minor, intent_id,
            refund_id FROM payment'
        evidence_copy ticket 'SELECT event_id, id, reservation_id, seat, state FROM ticket'
        evidence_copy posting "SELECT event_id, payment_id, currency,
            array_to_string(accounts, ','), array_to_string(amounts_minor, ',') FROM posting"
        evidence_copy fact "SELECT actor, seq, ${us//%s/at}, kind, encode(payload, 'hex'),
            encode(hash, 'hex') FROM fact"
        evidence_copy lease "SELECT actor, kind, epoch, holder, incarnation, cursor_seq, last_seq,
            encode(last_hash, 'hex') FROM actor_lease"
        printf 'COMMIT;\n'
    } | (cd "$2" && evidence_sql "$1")
}

# evidence_copy NAME QUERY: psql's command is one line
evidence_copy() {
    printf "\\\\o %s.tsv\nCOPY (%s) %s;\n\\\\o\n" "$1" "${2//$'\n'/ }" "$to"
}

# evidence_provider ADMIN_URL FOLDER: without the line of names and without quotation marks
evidence_provider() {
    curl -sSf -m 60 "$1/admin/export" | tail -n +2 | tr -d '"' | tr ',' '\t' | cut -f1-5 \
        >"$2/provider.tsv"
}

# What an edge shows; ground_map EDGE EVENT prints it as hexadecimal digits.
evidence_map_newer() {
    local shown
    shown=$(ground_map "$1" "$2") || return 1
    ((${#shown} >= 64)) || return 1
    # The version: 8 bytes from the eighth on, the least first; its upper half is zero.
    (($((16#${shown:22:2}${shown:20:2}${shown:18:2}${shown:16:2})) >= $3)) || return 1
    printf '%s\n' "$shown"
}

# evidence_maps URL FOLDER EVENT EDGE...: an edge that stays behind for ten seconds is shown as it
# is, one that does not answer is left out: the judge misses its map.
evidence_maps() {
    local url=$1 folder=$2 event=$3 edge needed shown
    shift 3
    needed=$(evidence_sql "$url" <<<"SELECT last_seq FROM actor_lease WHERE actor = '$event'")
    : >"$folder/map.tsv"
    for edge in "$@"; do
        wait_until 10 evidence_map_newer "$edge" "$event" "$needed" >"$folder/map.hex" ||
            ground_map "$edge" "$event" >"$folder/map.hex" || true
        shown=$(<"$folder/map.hex")
        if [[ $shown ]]; then
            printf '%s\t%s\t%s\t%s\n' "$edge" "$event" "$needed" "$shown" >>"$folder/map.tsv"
        else
            missed "the map of $edge"
        fi
    done
    rm -f "$folder/map.hex"
}
