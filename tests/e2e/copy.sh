#!/usr/bin/env bash
# A reserve command is refused because somebody holds the seat. The seat becomes free, and copies of
# the command arrive: over the direct path, from the stream, after another host start. None of
# them gets the seat, because its number was seen. A new number does.
# time: 180
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

sender=01a00000-0000-7000-8000-0000000000aa
command=01a00000-0000-7001-8000-0000000000bb
other=01a00000-0000-7001-8000-0000000000cc

# send NUMBER COMMAND PATH: prints the reply's error code
send() {
    "$(stack_field build)/envelope" "$(stack_field nats_edge_url)" "$event" 0 "$sender" "$1" "$2" \
        "$3"
}

refused=5 # SEATS_UNAVAILABLE

claims() {
    sql "SELECT count(*) FROM claimed_seat WHERE event_id = '$event'"
}

stack_up
event_on_sale
api GET "/v1/events/$event"
api GET "$(value .plan.url)"
seat=$(value '.sections[0].rows[0].seats[0].id')
new_buyer
reserve "[\"$seat\"]"
expect 201
reservation=$(value .id)
check "the first refusal" test "$(send 1 "$command" stream)" == $refused
api DELETE "/v1/reservations/$reservation"
expect 200
check "the seat is free" test "$(claims)" == 0
for path in direct stream direct; do
    check "a copy over $path is refused" test "$(send 1 "$command" "$path")" == $refused
done
"$cavea_root/ops/run" --stop --dir "$stack"
"$cavea_root/ops/run" --detach --dir "$stack" --port "$stack_port"
stack_read
api GET "/v1/events/$event/availability"
reserve '["nosuch"]'
new_buyer
reserve "$(seats_free 2 | jq -c '[.[1]]')"
expect 201
check "a copy after a restart is refused" test "$(send 1 "$command" direct)" == $refused
check "nobody has the seat" test "$(claims)" == 1
check "a new number gets it" test "$(send 2 "$other" direct)" == 0
check "and the database knows" test "$(claims)" == 2
echo "figure: 5 copies of a refused command, 0 seats"
