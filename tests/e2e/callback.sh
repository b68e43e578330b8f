#!/usr/bin/env bash
# Callbacks that lie and callbacks that never come. One that is forged, too old or too new, unsigned
# or changed by a byte is refused, counted, and leaves nothing behind. When no callback comes at all
# and the answers to the calls are lost, a charge is found all the same, long before five minutes
# are over: here a twentieth of them.
# label: money
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

haste=20 within_ms=300000

faults() {
    curl -sSf -m 20 -o /dev/null --data-binary "$1" "$(stack_field provider_admin_url)/admin/faults"
}

# webhooks OUTCOME: how many the edge has counted
webhooks() {
    curl -sSf "$(stack_field admin_url)/metrics" |
        sed -n "s/^cavea_payment_webhooks_total{outcome=\"$1\"} //p" | grep . || echo 0
}

# signature SECRET TIME BODY: as the provider would write it
signature() {
    printf 't=%s,v1=%s' "$2" "$(printf '%s.%s' "$2" "$3" |
        openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1)"
}

# callback BODY [SIGNATURE]
callback() {
    local header=()
    [[ -z ${2:-} ]] || header=(-H "Stripe-Signature: $2")
    status=$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' "${header[@]}" \
        -H 'Content-Type: application/json' --data-binary "$1" "$edge/v1/webhooks/payments")
    answer=$(<"$work/answer")
}

# Everything that a callback could have changed.
stored() {
    sql "SELECT count(*), max(at) FROM fact"
    sql "SELECT count(*), sum(last_seq), sum(cursor_seq) FROM actor_lease WHERE kind < 4"
    sql "SELECT * FROM payment ORDER BY id"
    sql "SELECT * FROM reservation ORDER BY id"
    sql "SELECT count(*) FROM posting"
}

# refused BODY [SIGNATURE]
refused() {
    callback "$@"
    expect 400 '.type | endswith("/signature-invalid")'
}

changed() {
    printf '%s' "$1" | sed "s/$2/$3/"
}

# That a confirmed payment went back says first who may not, then who may.
lies_are_refused() {
    local secret body signed now before invalid stale
    secret=$(stack_field webhook_secret)
    body=$(printf '{"id":"evt_1","object":"event","type":"refund.updated","data":{"object":{
        "id":"re_1","object":"refund","status":"succeeded","payment_intent":"%s","amount":%s,
        "currency":"%s","metadata":{"payment_id":"%s","refund_number":"1"}}}}' \
        "$intent" "$total" "$currency" "$payment")
    now=$(date +%s)
    signed=$(signature "$secret" "$now" "$body")
    before=$(stored) invalid=$(webhooks signature_invalid) stale=$(webhooks stale)
    refused "$body"
    refused "$body" "$(signature whsec_of_somebody_else "$now" "$body")"
    refused "$(changed "$body" '"amount":' '"amount": ')" "$signed"
    refused "$(changed "$body" re_1 re_2)" "$signed"
    refused "$body" "$(changed "$signed" 't=[0-9]*' "t=$((now + 1))")"
    refused "$body" "${signed%?}"
    refused "$body" "$(changed "$signed" v1= v0=)"
    refused "$body" "t=$now"
    refused "$body" "$(signature "$secret" $(($(date +%s) - 301)) "$body")"
    refused "$body" "$(signature "$secret" $(($(date +%s) + 400)) "$body")"
    [[ $(stored) == "$before" ]] || stop_test "nothing stored by what was refused"
    (($(webhooks signature_invalid) == invalid + 8 && $(webhooks stale) == stale + 2)) ||
        stop_test "all of them counted"
    callback "$body" "$(signature "$secret" "$(date +%s)" "$body")"
    expect 200 '.outcome == "accepted"'
    is_refunded "$payment" || stop_test "the same, rightly signed, is believed"
    wait_until 20 is_given_back || stop_test "its seats are not sold and its ticket is void"
}

# Reserves, sets reservation, payment, intent, total and currency.
buyer_checks_out() {
    new_buyer
    reserve "$(seats_free 1)"
    expect 201
    seats=$(value '[.seats[].id]')
    checkout_reserved
}

checkout_reserved() {
    reservation=$(value .id) total=$(value .total_minor)
    currency=$(value '.currency | ascii_downcase')
    checkout "$reservation"
    expect 201
    payment=$(value .payment_id)
    intent=$(value .client_secret) intent=${intent%%_secret_*}
}

pay_intent() {
    curl -sS -m 20 -o /dev/null -u "$provider_key:" -d payment_method=pm_card_visa \
        "$provider/v1/payment_intents/$intent/confirm" 2>/dev/null || true
}

charged() {
    curl -sSf "$(stack_field provider_admin_url)/admin/intents" |
        jq -r --arg id "$intent" 'select(.id == $id) | .status'
}

is_charged() {
    [[ $(charged) == succeeded ]]
}

# found WHAT SINCE_MS: prints what that would have taken at the usual intervals
found() {
    local took=$(($(now_ms) - $2))
    echo "figure: $1 $took ms after the charge at intervals $haste times shorter than usual:" \
        "$((took * haste / 1000)) s of 300"
    ((took * haste < within_ms)) || stop_test "$1 in less than 300 s"
}

# The buyer's own answer is lost, and every callback.
an_answer_is_lost() {
    local start
    buyer_checks_out
    faults '{"reset_after": {"rate": 1, "count": 1}}'
    pay_intent
    start=$(now_ms)
    wait_until 30 tickets_are "$reservation" 1 || stop_test "a charge that nobody told of is found"
    found "confirmed" "$start"
}

# Paid before the call that made the intent was answered, and that answer never comes.
a_create_is_lost() {
    local start
    faults '{"early_payments": {"rate": 1, "count": 1, "value": 5000}}'
    new_buyer
    reserve "$(seats_free 1)"
    expect 201
    reservation=$(value .id)
    start=$(now_ms)
    api POST "/v1/reservations/$reservation/checkout" '{}' "$(random_key)"
    [[ $status == 20[12] || $status == 409 ]] || stop_test "a checkout"
    wait_until 30 tickets_are "$reservation" 1 || stop_test "a charge before its answer is found"
    found "confirmed, its create call unanswered," "$start"
}

# Charged after the deadline, when somebody else has bought the seats: the money goes back.
a_late_charge_is_lost() {
    local start late late_intent
    faults '{"slow_payments": {"rate": 1, "count": 1, "value": 7000}}'
    buyer_checks_out
    late=$payment late_intent=$intent
    pay_intent
    wait_until 20 seats_are_free || stop_test "seats released at the deadline"
    checkout_reserved
    pay_intent
    intent=$late_intent
    wait_until 20 is_charged || stop_test "a late charge"
    start=$(now_ms)
    wait_until 30 is_refunded "$late" || stop_test "the late charge goes back"
    found "refunded" "$start"
}

seats_are_free() {
    new_buyer
    reserve "$seats"
    [[ $status == 201 ]]
}

is_given_back() {
    [[ $(sql "SELECT state FROM reservation WHERE id = '$reservation'") == 5 &&
        $(sql "SELECT DISTINCT state FROM ticket WHERE reservation_id = '$reservation'") == 2 ]]
}

is_refunded() {
    [[ $(sql "SELECT state, refunded_minor = captured_minor AND captured_minor > 0
              FROM payment WHERE id = '$1'") == '10|t' ]]
}

# Money moved twice: into the books, and from there to its owners. One ticket.
one_effect() {
    [[ $(sql "SELECT count(*) FROM posting WHERE payment_id = '$payment'") == 2 &&
        $(sql "SELECT state FROM payment WHERE id = '$payment'") == 7 &&
        $(sql "SELECT count(*) FROM ticket WHERE reservation_id = '$reservation'") == 1 ]]
}

a_hundred_at_once() {
    local signed
    buyer_checks_out
    pay_intent
    printf '{"id":"evt_2","object":"event","type":"payment_intent.succeeded","data":{"object":{
        "id":"%s","object":"payment_intent","status":"succeeded","amount":%s,"amount_received":%s,
        "currency":"%s","metadata":{"payment_id":"%s"}}}}' \
        "$intent" "$total" "$total" "$currency" "$payment" >"$work/body"
    signed=$(signature "$(stack_field webhook_secret)" "$(date +%s)" "$(<"$work/body")")
    seq 100 | xargs -P 100 -I{} curl -sS -m 20 -o /dev/null -w '%{http_code}\n' \
        -H "Stripe-Signature: $signed" -H 'Content-Type: application/json' \
        --data-binary "@$work/body" "$edge/v1/webhooks/payments" >"$work/statuses"
    [[ $(sort "$work/statuses" | uniq -c | xargs) == '100 200' ]] ||
        stop_test "a hundred callbacks that are taken: $(sort "$work/statuses" | uniq -c)"
    wait_until 20 tickets_are "$reservation" 1 || stop_test "one of them confirms"
    one_effect || stop_test "a hundred callbacks have one effect"
    echo "figure: the same callback a hundred times at once: one effect"
}

export CAVEA_PAYMENT_HASTE=$haste CAVEA_RECONCILE=$((5000 / haste))ms
export CAVEA_PROVIDER_LIST=$((300 / haste))s CAVEA_PROVIDER_CALL_TIMEOUT=1s
export CAVEA_PAYMENT_EXTENSION=5s CAVEA_FAULTS='{"drop_webhooks":1}'
stack_up --hold-seconds 5
event_on_sale
an_answer_is_lost
lies_are_refused
a_hundred_at_once
a_create_is_lost
a_late_charge_is_lost
