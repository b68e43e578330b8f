#!/usr/bin/env bash
# Whoever has an edge's keys, those of NATS and of the database, asks for what only actors and the
# operator may ask for: confirm without money, refund everybody, stop a sale. Nothing of it happens,
# and he cannot read what would let him. The same messages with the right seal have their effect,
# so the test would see it.
# time: 90
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

refused=29 # SEAL_INVALID

forge() {
    "$(stack_field build)/forge" "$(stack_field nats_edge_url)" "$event" "$reservation" \
        "$payment" "$amount" "$@"
}

# All that a command could have changed; leases move with every message that is read.
written() {
    sql "SELECT id, state, expires_at, payment_id FROM reservation WHERE event_id = '$event'"
    sql "SELECT id, state, refund_number, refund_minor, kept_minor FROM payment"
    sql "SELECT actor, count(*), max(seq) FROM fact GROUP BY actor ORDER BY actor"
    sql "SELECT status FROM event WHERE id = '$event'"
    sql "SELECT count(*) FROM ticket"
    sql "SELECT count(*) FROM posting"
}

unsealed_counted() {
    curl -sS "$(stack_field actors_admin_url)/metrics" |
        awk '/^cavea_runtime_messages_unsealed_total/ { sum += $2 } END { print sum + 0 }'
}

as() {
    psql -X -q -At -v ON_ERROR_STOP=1 "$(stack_field "postgres_$1_url")" -c "$2" 2>&1
}

nothing_forged_is_done() {
    local before after bodies
    before=$(written)
    forge >"$work/forged"
    after=$(written)
    [[ $before == "$after" ]] || stop_test "nothing changes: $before / $after"
    awk -v refused="$refused" '$4 != refused { print; bad = 1 } END { exit bad }' "$work/forged" ||
        stop_test "everything is refused"
    bodies=$(cut -d' ' -f1 "$work/forged" | sort -u | wc -l)
    ((bodies >= 11 && $(wc -l <"$work/forged") == 4 * bodies)) || stop_test "all bodies are tried"
    (($(unsealed_counted) == 4 * bodies)) || stop_test "each of them is counted"
    grep -q 'message.unsealed' "$stack"/log/actors*.log || stop_test "and one is told"
    (($(cat "$stack"/log/actors*.log | grep -c 'message.unsealed') < 4 * bodies)) ||
        stop_test "but not each"
    echo "figure: $((4 * bodies)) forged messages of $bodies commands, 0 effects"
}

keys_are_not_for_edges() {
    check "an edge reads events" test "$(as edge 'SELECT count(*) > 0 FROM event')" == t
    for query in 'SELECT key FROM seal_key' 'SELECT valid_from FROM seal_key' 'TABLE seal_key' \
        "COPY seal_key TO STDOUT" "SELECT pg_read_file('PG_VERSION')"; do
        [[ $(as edge "$query" || true) == *'permission denied'* ]] || stop_test "an edge: $query"
    done
    [[ $(as actors 'INSERT INTO seal_key (valid_from) VALUES (now())' || true) == \
        *'permission denied'* ]] || stop_test "actors make no key"
}

# What the test would have seen.
sealed_is_done() {
    local key
    key=$(sql "SELECT encode(key, 'hex') FROM seal_key")
    [[ $(forge event_status_set "$key") == 'event_status_set direct sealed 0' ]] ||
        stop_test "the operator's command is taken"
    [[ $(sql "SELECT status FROM event WHERE id = '$event'") == 3 ]] || stop_test "it is paused"
    forge payment_captured "$key" >"$work/sealed"
    wait_until 10 reservation_is "$reservation" confirmed || stop_test "an actor's is, too"
}

stack_up
event_on_sale
new_buyer
reserve "$(seats_free 2)"
expect 201
reservation=$(value .id)
checkout "$reservation"
expect 201
payment=$(sql "SELECT id FROM payment")
amount=$(sql "SELECT amount_minor FROM payment")
keys_are_not_for_edges
nothing_forged_is_done
sealed_is_done
