#!/usr/bin/env bash
# A deliberate bug, switched on at run time in a test build: decide says yes to a taken seat. The
# database refuses each such transaction, the message is skipped after three tries and recorded,
# and the host's other events answer as if nothing had happened.
# variants: bugs
# full-only
# time: 180
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

rounds=10

# slowest FILE: milliseconds
slowest() {
    sort -n "$1" | tail -n 1
}

# Reserves seats of the healthy event, one at a time, and notes how long each took. In the
# background, so with a folder of its own for answers.
neighbour() {
    local started took=$work/neighbour
    work=$work/beside
    mkdir "$work"
    event=$healthy
    new_buyer
    for seats in $(jq -c '.[] | [.]' <<<"$1"); do
        started=$(now_ms)
        reserve "$seats"
        expect 201
        echo $(($(now_ms) - started)) >>"$took"
    done
}

poison_once() {
    new_buyer
    reserve "[\"$1\"]"
    case $status in
    409 | 503) ;;
    *) stop_test "no second owner" ;;
    esac
}

export CAVEA_BUG=taken-seat
stack_up
event_on_sale
sick=$event
api GET '/v1/events?limit=50'
healthy=$(value '[.events[] | select(.status == "scheduled")][0].id')
cavea event open "$healthy" >"$work/open"
event=$healthy
many=$(seats_free 60)
event=$sick
taken=$(seats_free 1 | jq -r '.[0]')
new_buyer
reserve "[\"$taken\"]"
expect 201
(neighbour "$many") &
neighbour_pid=$!
for ((round = 0; round < rounds; round++)); do
    poison_once "$taken"
done
wait "$neighbour_pid" || stop_test "the neighbour event sells on"
[[ $(sql "SELECT count(*) FROM claimed_seat WHERE event_id = '$sick'") == 1 ]] ||
    stop_test "one owner in the database"
rejected=$(sql "SELECT count(*) FROM fact WHERE actor = '$sick' AND kind = 16")
((rejected >= 1)) || stop_test "a message_rejected fact"
(($(slowest "$work/neighbour") < 2000)) || stop_test "neighbours answered within 2 s"
event=$sick
new_buyer
reserve "$(seats_free 3 | jq -c '[.[2]]')"
expect 201
echo "figure: $rounds poisoned reservations, $rejected rejected, neighbour's slowest of" \
    "$(wc -l <"$work/neighbour") reservations $(slowest "$work/neighbour") ms"
