#!/usr/bin/env bash
# No callback of the provider arrives: its list alone tells what was paid, and money captured under
# a second intent of a payment goes back.
# label: money
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# What only the list told, by the actors' own count.
found_by_list() {
    curl -sSf "$(stack_field actors_admin_url)/metrics" |
        sed -n 's/^cavea_payment_alarms_total{alarm="found_by_list"} //p'
}

buy_without_callbacks() {
    reserve "$(seats_free 1)"
    expect 201
    reservation=$(value .id)
    total=$(value .total_minor)
    checkout "$reservation"
    expect 201
    payment=$(value .payment_id)
    currency=$(sql "SELECT lower(currency) FROM payment WHERE id = '$payment'")
    pay_by_card pm_card_visa
    expect 200 '.status == "succeeded"'
    wait_until 30 tickets_are "$reservation" 1 || stop_test "a ticket without any callback"
    (($(found_by_list) > 0)) || stop_test "a payment that the list told of"
}

# Somebody pays a second time, with an intent that says it is for the same payment.
pay_again() {
    answer=$(curl -sS -m 20 -u "$provider_key:" -d "amount=$total" -d "currency=$currency" \
        -d "metadata[payment_id]=$payment" -d payment_method=pm_card_visa -d confirm=true \
        "$provider/v1/payment_intents")
    second=$(value .id)
    [[ $(value .status) == succeeded ]] || stop_test "a second charge"
}

second_is_back() {
    [[ $(sql "SELECT state, refunded_minor FROM payment
              WHERE intent_id = '$second'") == "10|$total" ]]
}

check_books() {
    wait_until 30 second_is_back || stop_test "the second charge goes back"
    reservation_is "$reservation" confirmed || stop_test "the first charge stays"
    [[ $(sql "SELECT count(*), sum(captured_minor), sum(refunded_minor) FROM payment
              WHERE reservation_id = '$reservation'") == "2|$((2 * total))|$total" ]] ||
        stop_test "two charges, one refund"
    answer=$(curl -sS -m 20 -u "$provider_key:" "$provider/v1/refunds?payment_intent=$second")
    [[ $(value '[.data[].amount] | add') == "$total" && $(value '.data | length') == 1 ]] ||
        stop_test "one refund at the provider"
    [[ $(sql "SELECT sum(unbalanced_minor) FROM event_money('$event')") == 0 ]] ||
        stop_test "balanced books"
}

export CAVEA_PROVIDER_LIST=1s
export CAVEA_FAULTS='{"drop_webhooks":1}'
stack_up
event_on_sale
new_buyer
buy_without_callbacks
pay_again
check_books
