#!/usr/bin/env bash
# A sold-out house is cancelled, and the command that does it is killed five times on the way: every
# buyer gets all the money back once, by our books and by the provider's. CANCEL_SEATS is its size.
# time: 300
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

seats=${CANCEL_SEATS:-600}

make_event() {
    local plan venue
    plan=$(cavea plan generate "$( ((seats > 3000)) && echo arena || echo theatre)" \
        --seats "$seats" --json)
    venue=$(cavea venue create --name Playhouse --city Utrecht --country NL \
        --time-zone Europe/Amsterdam --json | jq -er .id)
    event=$(cavea event create --venue "$venue" --plan "$(jq -er .hash <<<"$plan")" \
        --name "Sold out" --starts +48h --fee-bp 250 --tax-bp 900 --json | jq -er .id)
    seats=$(jq -er '.seats - .blocked' <<<"$plan")
}

# left: confirmed reservations
left() {
    sql "SELECT count(*) FROM reservation WHERE event_id = '$event' AND state = 2"
}

# Each time a little later: some die before the first refund is decided, some between two.
killed_five_times() {
    local delay deaths=0 status
    for delay in 0.02 0.05 0.08 0.11 0.14; do
        status=0
        {
            timeout -s KILL "$delay" "$(stack_field build)/cavea" event cancel "$event" \
                --postgres-url "$(stack_field postgres_url)" --nats-url "$(stack_field nats_url)" \
                >/dev/null || status=$?
        } 2>/dev/null # bash says that it was killed
        ((status == 0)) || deaths=$((deaths + 1))
        printf 'after %s s %s reservations are left\n' "$delay" "$(left)"
    done
    echo "figure: killed $deaths times"
    ((deaths > 0)) || stop_test "it was killed at least once"
}

all_back() {
    answer=$(cavea finance report "$event" --json) || return
    [[ $(jq '.currencies[0].undecided_minor' <<<"$answer") == 0 ]]
}

# The provider's own word: every captured intent has one refund, of all of it.
provider_agrees() {
    curl -sSf "$(stack_field provider_admin_url)/admin/intents" | jq -es '
        map(select(.amount_received > 0)) | length > 0 and all(
            (.refunds | map(select(.status == "succeeded")) | length == 1) and
            .amount_refunded == .amount_received)' >/dev/null
}

books_equal() {
    curl -sSf "$(stack_field provider_admin_url)/admin/export" |
        cavea finance reconcile - >"$work/reconciled" 2>&1
}

stack_up --no-demo
make_event
shop_export
"$(stack_field build)/buyers_soldout" 64 "$work/jws" >"$work/sold" || stop_test "$(<"$work/sold")"
[[ $(jq .sold "$work/sold") == "$seats" ]] || stop_test "$seats seats sold"
paid=$(jq .amount_minor "$work/sold")
killed_five_times
cavea event cancel "$event" >"$work/cancelled" || stop_test "$(<"$work/cancelled")"
[[ $(left) == 0 ]] || stop_test "no confirmed reservation is left"
wait_until 120 all_back || stop_test "all money back within 120 s"
jq -e --argjson paid "$paid" '.agrees and (.currencies[0] |
    .captured_minor >= $paid and .refunded_minor == .captured_minor and .sold_minor == 0 and
    .retained_minor == 0 and .organizer_minor == 0 and .fees_minor == 0)' <<<"$answer" >/dev/null ||
    stop_test "everything that was captured went back"
provider_agrees || stop_test "one refund for each charge at the provider"
wait_until 20 books_equal || stop_test "$(<"$work/reconciled")"
[[ $(sql "SELECT count(*) FROM ticket WHERE event_id = '$event' AND state = 1") == 0 ]] ||
    stop_test "no ticket is valid"
cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
echo "figure: $seats seats, $paid minor units went back once"
