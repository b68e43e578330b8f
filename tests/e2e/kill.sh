#!/usr/bin/env bash
# Two actor hosts. kill -9 of the one that decides in the middle of 5,000 reservations: none that
# was acknowledged is lost, none is there twice, and nobody waits 2 s. Then its successor is stopped
# with SIGSTOP for twice its time to live and goes on: it commits nothing.
# alone
# time: 180
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

ttl_ms=3000

acknowledged() {
    (($(wc -l <"$1" 2>/dev/null || echo 0) >= $2))
}

# flood NAME COUNT PER_SECOND: in the background
flood() {
    : >"$work/$1"
    "$(stack_field build)/buyers_flood" 32 "$2" "$work/$1" "$3" >"$work/$1.json" &
    flood_pid=$!
}

flood_done() {
    wait "$flood_pid" || stop_test "every reservation answered: $(<"$work/$1.json")"
    echo "figure: $1: $(<"$work/$1.json")"
}

# Every acknowledged reservation is a row that owns its seat, and nothing else is.
books_agree() {
    cat "$work/kill" "$work/pause" | cut -d' ' -f1 | sort >"$work/told"
    sql "SELECT c.reservation_id FROM claimed_seat c JOIN reservation r
         ON r.event_id = c.event_id AND r.id = c.reservation_id AND r.state = 1
         WHERE c.event_id = '$event'" | sort >"$work/claimed"
    [[ $(sort -u "$work/told" | wc -l) == $(wc -l <"$work/told") ]] ||
        stop_test "each reservation acknowledged once"
    cmp "$work/told" "$work/claimed" || stop_test "the same in the database and the answers"
    cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
}

# The process that holds the event: hosts are called like their processes.
holder() {
    sql "SELECT h.name FROM actor_lease l JOIN host h ON h.id = l.holder WHERE l.actor = '$event'"
}

# What only the holder may change.
written() {
    sql "SELECT epoch, cursor_seq, last_seq, encode(last_hash, 'hex'), claimed
         FROM actor_lease WHERE actor = '$event'"
    sql "SELECT count(*), max(seq) FROM fact WHERE actor = '$event'"
    sql "SELECT count(*) FROM reservation WHERE event_id = '$event'"
}

kill_the_holder() {
    "$cavea_root/ops/run" --dir "$stack" --add-host
    flood kill 5000 1000
    wait_until 30 acknowledged "$work/kill" 1500 || stop_test "1,500 reservations"
    first=$(holder)
    kill -KILL "$(process_pid "$stack/run" "$first")"
    flood_done kill
    [[ $(holder) != "$first" ]] || stop_test "another holder"
    (($(jq '.longest_gap_ms | floor' "$work/kill.json") < 2000)) ||
        stop_test "never 2 s without an answer"
    books_agree
}

fenced() {
    grep -q 'fenced\|lease.lost' "$stack/log/$first.log"
}

since() {
    (($(now_ms) - $1 >= $2))
}

pause_the_holder() {
    local paused pid before
    "$cavea_root/ops/run" --dir "$stack" --add-host
    flood pause 1500 300
    wait_until 30 acknowledged "$work/pause" 300 || stop_test "300 reservations"
    first=$(holder)
    pid=$(process_pid "$stack/run" "$first")
    kill -STOP "$pid"
    paused=$(now_ms)
    flood_done pause
    (($(jq '.longest_gap_ms | floor' "$work/pause.json") < ttl_ms + 2000)) ||
        stop_test "served again soon after the time to live: $(<"$work/pause.json")"
    wait_until 30 since "$paused" $((2 * ttl_ms)) || stop_test "a long pause"
    [[ $(holder) != "$first" ]] || stop_test "another holder after the pause"
    before=$(written)
    kill -CONT "$pid"
    wait_until 10 fenced || stop_test "a paused host that notices"
    wait_until 10 since "$(now_ms)" 1000
    [[ $(written) == "$before" ]] || stop_test "nothing written by the stale holder"
    books_agree
}

export CAVEA_HOST_TTL=${ttl_ms}ms
stack_up
event_on_sale
shop_export
: >"$work/pause"
kill_the_holder
pause_the_holder
