#!/usr/bin/env bash
# Ten times as many buyers as may wait: some are told to come back later, nothing else is refused,
# callbacks and payments go through meanwhile, and goodput is back right after. Then more
# connections than there are threads for: an answer at once instead of silence.
# alone
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

waiting_max=32
connections_max=480 # of 512 threads
connections_silent=700
export CAVEA_INFLIGHT_MAX=$waiting_max CAVEA_OWN_MAX=8 CAVEA_QUEUE_MS=20ms CAVEA_THREADS=512
export CAVEA_IDLE_MS=2s # time enough to open so many
load_pid='' sockets=()

# load OPTION...: buyers who do not heed Retry-After; goes on in the same house
load() {
    "$(stack_field build)/bench_load" --port "$stack_port" --events "$work/events" \
        --seats "$work/seats" --tokens "$work/tokens" --seats-each 1 --first "$next" "$@"
}

# decided FILE: how many requests a second an event's actor has decided
decided() {
    jq '(.answered - ."5xx") / .seconds | floor' "$1"
}

slice() {
    load --connections 8 --seconds 0.5 >"$work/slice"
    next=$(jq .next "$work/slice")
    (($(decided "$work/slice") >= reference * 7 / 10))
}

metric() {
    curl -sS "$(stack_field admin_url)/metrics" | awk -v name="$1" '
        index($1, name) == 1 { sum += $2 } END { print sum + 0 }'
}

# callback PAYMENT: what the provider sends while a card is being processed, signed by hand;
# prints status and seconds
callback() {
    local body seconds
    body=$(jq -nc --arg payment "$1" --arg id "evt_$(random_key)" '{id: $id, object: "event",
        type: "payment_intent.processing", data: {object: {id: "pi_1", object: "payment_intent",
        status: "processing", amount: 1, currency: "eur", metadata: {payment_id: $payment}}}}')
    seconds=$(date +%s)
    curl -sS -m 20 -o "$work/callback" -w '%{http_code} %{time_total}\n' --data-binary "$body" \
        -H "Stripe-Signature: t=$seconds,v1=$(sign "$seconds.$body")" "$edge/v1/webhooks/payments"
}

sign() {
    node -e 'process.stdout.write(require("crypto").createHmac("sha256", process.argv[1])
        .update(process.argv[2]).digest("hex"))' "$(stack_field webhook_secret)" "$1"
}

# A reservation that only waits for its payment.
buy() {
    new_buyer
    reserve "$(jq -Rsc 'split("\n")[-3:-1]' "$work/seats")"
    expect 201
    reservation=$(value .id)
    checkout "$reservation"
    expect 201
    payment=$(value .payment_id)
}

prepare() {
    event_on_sale
    api GET "/v1/events/$event"
    api GET "$(value .plan.url)"
    jq -r '.sections[].rows[].seats[].id' <<<"$answer" >"$work/seats"
    printf '%s\n' "$event" >"$work/events"
    curl -sSf -X POST "$edge/v1/sessions?n=[1-64]" | jq -r .token >"$work/tokens"
    buy
    next=0
    load --connections 8 --seconds 2 >"$work/before"
    next=$(jq .next "$work/before")
    reference=$(decided "$work/before")
    [[ $(jq '."5xx" + .broken' "$work/before") == 0 ]] || stop_test "$(<"$work/before")"
}

told_to_come_back() {
    reserve "[\"$(head -n 1 "$work/seats")\"]"
    [[ $status == 503 ]]
}

meanwhile() {
    local told slowest=0 i
    wait_until 10 told_to_come_back || stop_test "a refusal under ten times the load"
    grep -qiE '^retry-after: [1-9]' "$work/headers" || stop_test "Retry-After"
    expect 503 '.code == "OVERLOADED" and .retryable'
    for ((i = 0; i < 4; i++)); do
        told=$(callback "$payment")
        [[ $told == 200* ]] || stop_test "a callback answered 200, not $told"
        slowest=$(jq -n "[$slowest, ${told#* }] | max")
        api GET "/v1/events/$event/availability"
        expect 200
    done
    jq -en "$slowest < 1" >/dev/null || stop_test "callbacks within 1 s, not $slowest"
    reservation_is "$reservation" held || stop_test "an answer about the reservation"
    api POST "/v1/reservations/$reservation/checkout" '{}' "$(random_key)"
    expect 201
    pay_by_card pm_card_visa
    wait_until 5 reservation_is "$reservation" confirmed || stop_test "a payment meanwhile"
    kill -0 "$load_pid" || stop_test "load until the end of the payment"
    echo "figure: slowest callback under overload: $slowest s"
}

overload() {
    local started shed broken
    load --connections $((10 * waiting_max)) --seconds 10 >"$work/overload" &
    load_pid=$!
    meanwhile
    wait "$load_pid"
    started=$(now_ms)
    next=$(jq .next "$work/overload")
    [[ $(jq .broken "$work/overload") == 0 ]] || stop_test "no broken connection"
    jq -e '."5xx" > 0 and ."5xx" == .retry_after' "$work/overload" >/dev/null ||
        stop_test "refusals with Retry-After"
    shed=$(metric cavea_http_requests_shed_total)
    broken=$(metric 'cavea_http_requests_total{route="reservation_create",status="5xx"}')
    [[ $broken == "$shed" ]] || stop_test "no 5xx but the refusals at the door"
    wait_until 10 slice || stop_test "goodput of $reference/s again, not $(decided "$work/slice")"
    echo "figure: $reference/s before, $(decided "$work/overload")/s and" \
        "$(jq '."5xx" / .seconds | floor' "$work/overload") refusals/s under overload," \
        "back after $(($(now_ms) - started)) ms"
}

own_answered() {
    api POST "/v1/reservations/$reservation/checkout" '{}' "$(random_key)"
    [[ $status != 503 ]]
}

# silent COUNT: opens so many connections that say nothing, and each would hold a thread until its
# time is over
silent() {
    local socket i
    for ((i = 0; i < $1; i++)); do
        exec {socket}<>"/dev/tcp/127.0.0.1/$stack_port"
        sockets+=("$socket")
    done
}

silent_close() {
    local socket
    for socket in "${sockets[@]}"; do exec {socket}>&-; done
    sockets=()
}

connections_too_many() {
    silent "$connections_max"
    own_answered && stop_test "a refusal"
    grep -qi '^connection: close' "$work/headers" || stop_test "a connection that closes"
    grep -qiE '^retry-after: [1-9]' "$work/headers" || stop_test "Retry-After"
    [[ $(callback "$payment") == 200* ]] || stop_test "a callback answered 200"
    wait_until 10 own_answered || stop_test "room made by idle connections"
    silent_close
}

# Not one is left to see that there are more. By itself the HTTP library waits 10 s for each.
threads_all_taken() {
    local told
    silent "$connections_silent"
    told=$(callback "$payment")
    [[ $told == 200* ]] || stop_test "a callback answered 200, not $told"
    jq -en "${told#* } < 7" >/dev/null || stop_test "a callback within 7 s, not ${told#* }"
    wait_until 10 own_answered || stop_test "room made by silent connections"
    echo "figure: a callback behind $connections_silent silent connections took ${told#* } s"
    silent_close
}

stack_up
prepare
overload
connections_too_many
threads_all_taken
cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
