#!/usr/bin/env bash
# A real plan sold out seat by seat: 64 concurrent buyers who all want the same seats until nothing
# is left. Nobody gets a seat twice, the provider's books are worth exactly the seats, every ticket
# verifies, and the ledger agrees.
# time: 300
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

real_plan=$cavea_root/../shared/data/pretix-plan-en.json

# The plan of a real theatre where it is at hand, else a generated one of the same size.
make_event() {
    local plan venue prices=() name
    if [[ -r $real_plan ]]; then
        plan=$(cavea plan import "$real_plan" --json)
        [[ $(jq .seats <<<"$plan") == 1057 ]] || stop_test "1,057 imported seats: $plan"
        [[ $(jq .repeated_ids <<<"$plan") == 84 ]] || stop_test "84 repeated seat ids: $plan"
    else
        echo "figure: $real_plan is absent, a generated theatre takes its place"
        plan=$(cavea plan generate theatre --seats 1057 --json)
    fi
    while read -r name; do
        prices+=(--price "$name=$((2500 + 500 * ${#prices[@]}))")
    done < <(jq -r '.categories[].name' <<<"$plan")
    venue=$(cavea venue create --name Playhouse --city Utrecht --country NL \
        --time-zone Europe/Amsterdam --json | jq -er .id)
    event=$(cavea event create --venue "$venue" --plan "$(jq -er .hash <<<"$plan")" \
        --name "Sold out" --starts +48h --currency EUR "${prices[@]}" --json | jq -er .id)
    seats=$(jq -er '.seats - .blocked' <<<"$plan")
}

provider_captured() {
    curl -sSf "$(stack_field provider_admin_url)/admin/state" |
        jq -e '.currencies | to_entries | map(.value.captured_minor - .value.refunded_minor) | add'
}

check_money() {
    local paid price
    paid=$(jq .amount_minor "$work/sold")
    price=$(sql "SELECT sum(p) FROM reservation, unnest(price_minor) AS p
                 WHERE event_id = '$event' AND state = 2")
    [[ $paid == "$price" ]] || stop_test "$paid paid for seats worth $price"
    [[ $(provider_captured) == "$price" ]] || stop_test "the provider's books: $(provider_captured)"
    [[ $(sql "SELECT sum(captured_minor - refunded_minor) FROM payment
              WHERE event_id = '$event'") == "$price" ]] || stop_test "the same in our payments"
}

check_seats() {
    [[ $(sql "SELECT count(*), count(DISTINCT seat) FROM reservation, unnest(seats) AS seat
              WHERE event_id = '$event' AND state = 2") == "$seats|$seats" ]] ||
        stop_test "every seat in one confirmed reservation"
    api GET "/v1/events/$event/availability"
    expect 200 ".available == 0 and .held == 0 and .sold == $seats"
    wait_until 10 says_sold_out || stop_test "an event that says SOLD_OUT"
}

# Event pages come from a short cache.
says_sold_out() {
    api GET "/v1/events/$event"
    [[ $(jq -r .availability <<<"$answer") == SOLD_OUT ]]
}

check_tickets() {
    node tests/e2e/verify.mjs "$edge/.well-known/jwks.json" <"$work/jws" >"$work/payloads" ||
        stop_test "tickets that verify"
    [[ $(sort -u "$work/payloads" | wc -l) == "$seats" ]] || stop_test "a ticket for each seat"
    [[ $(sql "SELECT count(DISTINCT seat) FROM ticket
              WHERE event_id = '$event' AND state = 1") == "$seats" ]] ||
        stop_test "valid tickets = sold seats"
}

stack_up --no-demo
node_libraries
make_event
shop_export
"$(stack_field build)/buyers_soldout" 64 "$work/jws" >"$work/sold" || stop_test "$(<"$work/sold")"
echo "figure: $(<"$work/sold")"
[[ $(jq .sold "$work/sold") == "$seats" ]] || stop_test "$seats seats sold"
check_seats
check_money
check_tickets
cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
