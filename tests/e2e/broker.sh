#!/usr/bin/env bash
# The broker killed in the middle of a sale and started again, three times: everything that was
# acknowledged is there, nothing twice, everybody is answered, and no process keeps dead sockets.
# alone
# full-only
# time: 120
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=ops/lib/nats.sh
. "$cavea_root/ops/lib/nats.sh"

acknowledged() {
    (($(wc -l <"$work/told") >= $1))
}

sockets_of() {
    find "/proc/$(process_pid "$stack/run" "$1")/fd" -lname 'socket:*' 2>/dev/null | wc -l
}

broker_restart() {
    process_stop "$stack/run" nats-server KILL 10
    nats_start "$stack" "$(sed -n 's/^nats_port=//p' "$stack/ports")"
}

# Every acknowledged reservation is a row that owns its seat, and nothing else is.
books_agree() {
    cut -d' ' -f1 "$work/told" | sort >"$work/told.sorted"
    sql "SELECT reservation_id FROM claimed_seat WHERE event_id = '$event'" | sort >"$work/claimed"
    cmp "$work/told.sorted" "$work/claimed" || stop_test "the same in the database and the answers"
    cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
}

stack_up
event_on_sale
shop_export
edge_before=$(sockets_of edge) actors_before=$(sockets_of actors)
: >"$work/told"
"$(stack_field build)/buyers_flood" 16 4000 "$work/told" 500 >"$work/flood.json" &
flood=$!
for count in 600 1400 2200; do
    wait_until 60 acknowledged "$count" || stop_test "$count reservations"
    broker_restart
done
wait "$flood" || stop_test "every reservation answered: $(<"$work/flood.json")"
echo "figure: $(<"$work/flood.json")"
books_agree
echo "figure: sockets before and after: edge $edge_before $(sockets_of edge)," \
    "actors $actors_before $(sockets_of actors)"
(($(sockets_of actors) <= actors_before + 2)) || stop_test "actors close what they lost"
