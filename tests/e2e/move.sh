#!/usr/bin/env bash
# Two actor hosts in the middle of a sale: the event is moved from one to the other and back ten
# times, and no request fails or has to be sent again; then all hosts are restarted one after the
# other, with the same outcome. A move takes less than two seconds; one to a host that is
# not there, or to the holder, is refused.
# label: chaos
# full-only
# alone
# time: 120
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

acknowledged() {
    (($(wc -l <"$work/$1") >= $2))
}

# flood NAME COUNT PER_SECOND: in the background
flood() {
    : >"$work/$1"
    "$(stack_field build)/buyers_flood" 16 "$2" "$work/$1" "$3" >"$work/$1.json" &
    flood_pid=$!
}

flood_done() {
    wait "$flood_pid" || stop_test "every reservation answered: $(<"$work/$1.json")"
    echo "figure: $1: $(<"$work/$1.json")"
    jq -e '.failed == 0 and .refused == 0 and .retries == 0' "$work/$1.json" >/dev/null ||
        stop_test "no request fails while it is $1: $(<"$work/$1.json")"
}

holder() {
    sql "SELECT h.name FROM actor_lease l JOIN host h ON h.id = l.holder WHERE l.actor = '$event'"
}

moved() {
    local to=actors
    [[ $(holder) != actors ]] || to=actors-2
    cavea actor move "$event" "$to" --json >"$work/move.json" ||
        stop_test "a move to $to: $(<"$work/move.json")"
    [[ $(holder) == "$to" ]] || stop_test "$to is the holder"
    jq -er .took_ms "$work/move.json" >>"$work/took"
    (($(tail -n 1 "$work/took") < 2000)) || stop_test "a move in time: $(<"$work/move.json")"
}

refused() {
    ! cavea actor move "$event" "$1" 2>"$work/refusal" || stop_test "no move to $1"
    grep -q "$2" "$work/refusal" || stop_test "$2: $(<"$work/refusal")"
}

# Every acknowledged reservation is a row that owns its seat, and nothing else is.
books_agree() {
    cat "$work"/{moved,restarted} | cut -d' ' -f1 | sort >"$work/told"
    sql "SELECT reservation_id FROM claimed_seat WHERE event_id = '$event'" | sort >"$work/claimed"
    cmp "$work/told" "$work/claimed" || stop_test "the same in the database and the answers"
    cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
}

move_back_and_forth() {
    flood moved 1600 400
    wait_until 30 acknowledged moved 200 || stop_test "200 reservations"
    for _ in 1 2 3 4 5 6 7 8 9 10; do moved; done
    flood_done moved
    echo "figure: ten moves, milliseconds each: $(tr '\n' ' ' <"$work/took")"
    refused nobody "no live host is called nobody"
    refused "$(holder)" "has it already"
}

restart_all() {
    flood restarted 6000 400
    wait_until 30 acknowledged restarted 200 || stop_test "200 reservations"
    process_stop "$stack/run" actors TERM 30
    "$cavea_root/ops/run" --dir "$stack" --add-host
    process_stop "$stack/run" actors-2 TERM 30
    flood_done restarted
}

stack_up
"$cavea_root/ops/run" --dir "$stack" --add-host
event_on_sale
shop_export
: >"$work/restarted"
move_back_and_forth
restart_all
books_agree
