#!/usr/bin/env bash
# An unpaid reservation is gone, and its seats are on sale again, at most a second after its
# deadline; also when the actor host was killed in between.
# alone
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# Another buyer tries until the seats are his; the time after the deadline goes to late_ms.
taken_by_another() {
    api POST /v1/reservations "{\"event_id\":\"$event\",\"seats\":$1}" "$(random_key)"
    [[ $status == 201 ]]
}

release_after_deadline() {
    local seats id expires
    new_buyer
    seats=$(seats_free 2)
    reserve "$seats"
    expect 201
    id=$(value .id)
    expires=$(date -d "$(value .expires_at)" +%s%3N)
    local first=$token
    "$@"
    new_buyer
    wait_until 10 taken_by_another "$seats" || stop_test "seats that come back"
    late_ms=$(($(date +%s%3N) - expires))
    ((late_ms > -50)) || stop_test "a hold until its deadline, not $late_ms ms"
    ((late_ms <= 1000)) || stop_test "a release within 1 s, not $late_ms ms"
    token=$first
    reservation_is "$id" expired || stop_test "an expired reservation"
    checkout "$id"
    expect 410
}

# The expiry by itself, seen without anybody who tries to buy: the row in the database.
ended_in_database() {
    [[ $(sql "SELECT state FROM reservation WHERE id = '$1'") == 3 ]]
}

expire_unwatched() {
    local expires
    new_buyer
    reserve "$(seats_free 3)"
    expect 201
    local id
    id=$(value .id)
    expires=$(date -d "$(value .expires_at)" +%s%3N)
    wait_until 10 ended_in_database "$id" || stop_test "an expiry that nobody asks for"
    late_ms=$(($(date +%s%3N) - expires))
    ((late_ms <= 1000)) || stop_test "an expiry within 1 s, not $late_ms ms"
}

kill_host() {
    kill -KILL "$(process_pid "$stack/run" actors)"
    "$cavea_root/ops/run" --dir "$stack" --add-host >/dev/null
}

stack_up --hold-seconds 3
event_on_sale
expire_unwatched
echo "figure: expired by itself $late_ms ms after the deadline"
release_after_deadline true
echo "figure: seats bought by another $late_ms ms after the deadline"
release_after_deadline kill_host
echo "figure: the same with the actor host killed in between: $late_ms ms"
