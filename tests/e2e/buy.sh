#!/usr/bin/env bash
# The whole path as a person with curl sees it: session, two seats, checkout, the provider's page,
# two tickets that others can verify; then what goes wrong: a declined card, a cancelled
# reservation.
# quick
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

choose_event() {
    event_on_sale
    api GET "/v1/events/$event"
    expect 200 '.plan.hash and .plan.url and (.sections | length > 0) and .hold_seconds'
    api GET "$(value .plan.url)"
    expect 200
    grep -qi '^cache-control:.*immutable' "$work/headers" || stop_test "an immutable plan"
}

buy_two_seats() {
    local seats key first
    seats=$(seats_free 2)
    key=$(random_key)
    reserve "$seats" "$key"
    expect 201 '.state == "held" and (.seats | length == 2) and
        .total_minor == ([.seats[].price_minor] | add)'
    reservation=$(value .id)
    first=$(jq -S . <<<"$answer")
    reserve "$seats" "$key"
    [[ $status == 20[01] && $(jq -S . <<<"$answer") == "$first" ]] || stop_test "the same answer"
    reserve "$(jq -c '.[:1]' <<<"$seats")" "$key"
    expect 422
    reserve "$seats"
    expect 409 '(.type | endswith("seats-unavailable")) and (.seats | length == 2)'
    checkout "$reservation"
    expect 201 '.payment_id and .client_secret and .pay_url'
    pay_at_page "$(value .pay_url)"
    wait_until 20 tickets_are "$reservation" 2 || stop_test "two tickets within 20 s"
    reservation_is "$reservation" confirmed || stop_test "a confirmed reservation"
    api DELETE "/v1/reservations/$reservation"
    expect 409
}

# What a browser does with the page: sends its form back with the button that pays.
pay_at_page() {
    local action secret
    curl -sS -m 20 -o "$work/page.html" "$1"
    action=$(sed -n 's/.*<form method="post" action="\([^"]*\)".*/\1/p' "$work/page.html")
    secret=$(sed -n 's/.*name="client_secret" value="\([^"]*\)".*/\1/p' "$work/page.html")
    grep -q '<button.*name="payment_method" value="pm_card_visa"' "$work/page.html" ||
        stop_test "a button that pays"
    curl -sS -m 20 -L -o "$work/page.html" --data-urlencode "client_secret=$secret" \
        -d payment_method=pm_card_visa "$provider$action"
    grep -q 'Paid' "$work/page.html" || stop_test "a page that says paid"
}

check_tickets() {
    local number codes png svg
    api GET "/v1/reservations/$reservation/tickets"
    jq -r '.tickets[].jws' <<<"$answer" >"$work/jws"
    jq -c '.tickets[]' <<<"$answer" >"$work/tickets"
    node tests/e2e/verify.mjs "$edge/.well-known/jwks.json" <"$work/jws" >"$work/payloads" ||
        stop_test "tickets that jose verifies"
    [[ $(sort -u "$work/payloads" | wc -l) == 2 ]] || stop_test "two different tickets"
    for number in 1 2; do
        png=$(sed -n "${number}p" "$work/tickets" | jq -r .qr_png)
        svg=$(sed -n "${number}p" "$work/tickets" | jq -r .qr_svg)
        curl -sSf -o "$work/qr$number.png" -H "Authorization: Bearer $token" "${png/#\//$edge/}"
        curl -sSf -H "Authorization: Bearer $token" "${svg/#\//$edge/}" | grep -q '<svg' ||
            stop_test "a QR code as SVG"
    done
    codes=$(zbarimg -q --raw -Sdisable -Sqrcode.enable "$work"/qr[12].png 2>"$work/scanner")
    [[ $(grep -c '^C1:' <<<"$codes") == 2 ]] || stop_test "QR codes that a scanner reads"
}

# stored_consent RESERVATION: whether other seats will do, as what decides has it
stored_consent() {
    sql "SELECT other_seats FROM reservation WHERE id = '$1'"
}

# The buyer comes back from the provider and thinks otherwise: the same payment, the last word.
change_of_mind() {
    local id=$1 payment wish
    checkout "$id"
    expect 201
    payment=$(value .payment_id)
    [[ $(stored_consent "$id") == f ]] || stop_test "no other seats without being asked"
    for wish in true false true; do
        api POST "/v1/reservations/$id/checkout" "{\"other_seats\":$wish}" "$(random_key)"
        expect 201 ".payment_id == \"$payment\""
        [[ $(stored_consent "$id") == "${wish:0:1}" ]] || stop_test "$wish as the last word"
    done
}

decline_and_retry() {
    reserve "$(seats_free 1)"
    expect 201
    local id
    id=$(value .id)
    change_of_mind "$id"
    pay_by_card pm_card_chargeDeclined
    [[ $status == 402 ]] || stop_test "a declined card"
    reservation_is "$id" held || stop_test "a hold that stays after a declined card"
    checkout "$id"
    expect 201
    pay_by_card pm_card_visa
    expect 200
    wait_until 20 tickets_are "$id" 1 || stop_test "a ticket after the second card"
}

cancel() {
    local seats id
    seats=$(seats_free 2)
    reserve "$seats"
    expect 201
    id=$(value .id)
    api DELETE "/v1/reservations/$id"
    expect 200 '.state == "cancelled"'
    api DELETE "/v1/reservations/$id"
    expect 200 '.state == "cancelled"'
    checkout "$id"
    expect 410
    reserve "$seats"
    expect 201
    api DELETE "/v1/reservations/$(value .id)"
}

refunded_whole() {
    [[ $(sql "SELECT state, captured_minor = refunded_minor FROM payment
              WHERE reservation_id = '$1'") == "10|t" ]]
}

seat_is_free() {
    [[ $(seat_state "$1") == available ]]
}

tickets_are_void() {
    [[ $(sql "SELECT count(*) FROM ticket WHERE reservation_id = '$1' AND state = 2") == 2 ]]
}

# The buyer thinks better of it: the seats are on sale again, the tickets void, the money goes back.
give_back() {
    local seat refund
    api GET "/v1/reservations/$reservation"
    expect 200 '.state == "confirmed" and .outcome == "as_held" and
        .refund_now_minor == .total_minor'
    seat=$(value '.seats[1].id')
    refund=$(value .refund_now_minor)
    api POST "/v1/reservations/$reservation/cancellation" "{\"refund_minor\":$((refund - 1))}"
    expect 409 "(.type | endswith(\"refund-changed\")) and .refund_now_minor == $refund"
    api POST "/v1/reservations/$reservation/cancellation" "{\"refund_minor\":$refund}"
    expect 200 ".state == \"refunded\" and .refund_minor == $refund"
    api POST "/v1/reservations/$reservation/cancellation" "{\"refund_minor\":$refund}"
    expect 200 ".state == \"refunded\" and .refund_minor == $refund"
    wait_until 20 refunded_whole "$reservation" || stop_test "one whole refund"
    wait_until 20 tickets_are_void "$reservation" || stop_test "void tickets"
    wait_until 5 seat_is_free "$seat" || stop_test "seats that are on sale again"
    api GET "/v1/reservations/$reservation"
    expect 200 ".state == \"refunded\" and .refund_minor == $refund"
}

# Given back so long ago that its event has forgotten it: a row of which the actor does not know.
give_back_again_later() {
    local old=${reservation%????}ffff
    sql "CREATE TEMP TABLE old AS SELECT * FROM reservation WHERE id = '$reservation';
         UPDATE old SET id = '$old', key_hash = decode(md5('$old'), 'hex');
         INSERT INTO reservation SELECT * FROM old"
    api POST "/v1/reservations/$old/cancellation" '{"refund_minor":0}'
    expect 200 '.state == "refunded"'
    sql "DELETE FROM reservation WHERE id = '$old'"
    api POST "/v1/reservations/$old/cancellation" '{"refund_minor":0}'
    expect 404
}

reservation_confirmed() {
    reservation_is "$1" confirmed
}

# Nothing is to be paid: the checkout says so, and the seats are the buyer's.
free_of_charge() {
    local venue plan id
    venue=$(cavea venue create --name Chapel --city Ghent --country BE --time-zone Europe/Brussels \
        --json | jq -er .id)
    plan=$(cavea plan generate theatre --seats 300 --json | jq -er .hash)
    event=$(cavea event create --venue "$venue" --plan "$plan" --name Rehearsal --starts +30d \
        --price 0=0 --price 1=0 --price 2=0 --json | jq -er .id)
    wait_until 10 event_is_shown || stop_test "the new event"
    reserve "$(seats_free 1)"
    expect 201 '.total_minor == 0'
    id=$(value .id)
    api POST "/v1/reservations/$id/checkout" '{}' "$(random_key)"
    expect 201 '.payment_id and (has("client_secret") or has("pay_url") | not)'
    wait_until 20 reservation_confirmed "$id" || stop_test "a free seat that is confirmed"
    wait_until 20 tickets_are "$id" 1 || stop_test "a ticket for it"
}

event_is_shown() {
    api GET "/v1/events/$event"
    [[ $status == 200 ]]
}

strangers() {
    local mine=$token
    new_buyer
    api GET "/v1/reservations/$reservation"
    expect 404
    token=nonsense
    api GET "/v1/reservations/$reservation"
    expect 401
    token=$mine
}

stack_up
node_libraries
choose_event
new_buyer
buy_two_seats
check_tickets
strangers
give_back
give_back_again_later
decline_and_retry
cancel
free_of_charge
