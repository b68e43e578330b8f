#!/usr/bin/env bash
# An unpaid reservation is gone, and its seats are on sale again, at most a second after its
# deadline; also when the actor host was killed in between. A payment that succeeds too late has the
# same seats again, or others if the buyer takes them, or it is refunded.
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

# late_payment BODY: two seats are paid in time, and the callback comes five seconds later
late_payment() {
    new_buyer
    seats=$(seats_free 2)
    reserve "$seats"
    expect 201
    id=$(value .id)
    total=$(value .total_minor)
    key=$(random_key)
    checked_out() {
        api POST "/v1/reservations/$id/checkout" "$1" "$key"
        [[ $status == 201 ]]
    }
    wait_until 10 checked_out "$1" || stop_test "a payment"
    faults '{"delay_webhooks":{"rate":1,"value":5000}}'
    pay_by_card pm_card_visa
    expect 200
}

# The provider is slow as well, and somebody else has the seats first: else the intent, given up at
# the deadline, would tell that it was paid.
seats_go_to_another() {
    local first=$token
    faults '{"delay_webhooks":{"rate":1,"value":5000},"latency_ms":3000}'
    new_buyer
    wait_until 10 taken_by_another "$seats" || stop_test "seats that come back unpaid"
    faults '{}'
    token=$first
}

late_success_is_refunded() {
    late_payment '{}'
    seats_go_to_another
    wait_until 30 refunded_whole "$id" || stop_test "a late success that is refunded"
    api GET "/v1/reservations/$id"
    expect 200 '.state == "expired" and .outcome == "refunded"'
    curl -sSf "$(stack_field provider_admin_url)/admin/state" >"$work/books"
    jq -e --argjson total "$total" '.refunds.succeeded == 1 and (.currencies | to_entries[0].value |
        .captured_minor == $total and .refunded_minor == $total)' "$work/books" >/dev/null ||
        stop_test "one refund in the provider's books: $(<"$work/books")"
}

outcome_is() {
    api GET "/v1/reservations/$id"
    [[ $(value .outcome) == "$1" ]]
}

late_success_has_the_same_seats() {
    late_payment '{}'
    wait_until 30 outcome_is same_seats_again || stop_test "the same seats again"
    expect 200 ".state == \"confirmed\" and [.seats[].id] == $seats"
    wait_until 20 tickets_are "$id" 2 || stop_test "tickets for seats that were paid too late"
    faults '{}'
}

late_success_has_other_seats() {
    late_payment '{"other_seats":true}'
    seats_go_to_another
    wait_until 30 outcome_is other_seats || stop_test "other seats"
    expect 200 ".state == \"confirmed\" and (.seats | length == 2) and
        ([.seats[].id] - $seats | length == 2) and .total_minor == $total"
    wait_until 20 tickets_are "$id" 2 || stop_test "tickets for the other seats"
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
late_success_has_the_same_seats
late_success_has_other_seats
