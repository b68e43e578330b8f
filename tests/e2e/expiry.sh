#!/usr/bin/env bash
# An unpaid reservation is gone, and its seats are on sale again, at most a second after its
# deadline; also when the actor host was killed in between. A payment that succeeds too late is
# refunded.
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

faults() {
    curl -sSf -o /dev/null -X POST -d "$1" "$(stack_field provider_admin_url)/admin/faults"
}

refunded_whole() {
    [[ $(sql "SELECT state, captured_minor = refunded_minor FROM payment
              WHERE reservation_id = '$1'") == "10|t" ]]
}

# Paid in time, but the provider tells it late: meanwhile the seats belong to somebody else. The
# money goes back, once.
late_success_is_refunded() {
    local seats id total first
    new_buyer
    seats=$(seats_free 2)
    reserve "$seats"
    expect 201
    id=$(value .id)
    total=$(value .total_minor)
    checkout "$id"
    expect 201
    faults '{"delay_webhooks":{"rate":1,"value":5000}}'
    pay_by_card pm_card_visa
    expect 200
    first=$token
    new_buyer
    wait_until 10 taken_by_another "$seats" || stop_test "seats that come back unpaid"
    wait_until 30 refunded_whole "$id" || stop_test "a late success that is refunded"
    faults '{}'
    token=$first
    reservation_is "$id" expired || stop_test "a reservation that stays expired"
    curl -sSf "$(stack_field provider_admin_url)/admin/state" >"$work/books"
    jq -e --argjson total "$total" '.refunds.succeeded == 1 and (.currencies | to_entries[0].value |
        .captured_minor == $total and .refunded_minor == $total)' "$work/books" >/dev/null ||
        stop_test "one refund in the provider's books: $(<"$work/books")"
}

# Without the reconciler's help: neither may a sweep expire what expiry forgot, nor may it ask the
# provider for a payment before its callback comes.
# A checkout moves no deadline here.
export CAVEA_RECONCILE=10m CAVEA_PAYMENT_EXTENSION=0s
stack_up --hold-seconds 3
event_on_sale
expire_unwatched
echo "figure: expired by itself $late_ms ms after the deadline"
release_after_deadline true
echo "figure: seats bought by another $late_ms ms after the deadline"
release_after_deadline kill_host
echo "figure: the same with the actor host killed in between: $late_ms ms"
late_success_is_refunded
