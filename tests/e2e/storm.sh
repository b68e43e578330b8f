#!/usr/bin/env bash
# Payments in a storm: every fault of the provider at once, actor hosts that are killed, a provider
# whose clock jumps, and buyers who are late, pay twice or want their money back. When it has calmed
# down, every captured payment is a confirmed reservation or a refund, all invariants hold to the
# minor unit and the provider's books equal ours. STORM_PAYMENTS is how many buyers come: a few
# hundred, under --full 20,000. STORM_SEED draws the faults and the people.
# label: money
# time: 840
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# Five minutes of the world take 300 / haste seconds here.
if [[ ${CAVEA_TEST_MODE:-whole} == full ]]; then
    buyers=${STORM_PAYMENTS:-20000} per_second=90 haste=15 hold=15 kill_every=8
else
    buyers=${STORM_PAYMENTS:-300} per_second=40 haste=60 hold=2 kill_every=2
fi
seed=${STORM_SEED:-20261122}
delay_ms=$((330000 / haste))
export CAVEA_PAYMENT_HASTE=$haste CAVEA_PAYMENT_EXTENSION=$((hold + 1))s CAVEA_RECONCILE=500ms
export CAVEA_PROVIDER_LIST=$((300 / haste))s CAVEA_PROVIDER_CALL_TIMEOUT=1s
export CAVEA_WEBHOOK_RETRY=200ms CAVEA_HOST_TTL=1s CAVEA_THREADS=1280

# event_new NAME SEATS OPTION...: its id goes to the list of events
event_new() {
    local name=$1 plan shape=theatre
    (($2 <= 3000)) || shape=arena
    plan=$(cavea plan generate "$shape" --seats "$2" --json | jq -er .hash)
    shift 2
    events+=("$(cavea event create --venue "$venue" --plan "$plan" --name "$name" "$@" --json |
        jq -er .id)")
}

# Whole, half and no refunds; fees and taxes; a currency without minor units.
make_events() {
    local seats=$((buyers * 2 / 5))
    seats=$((seats < 300 ? 300 : seats))
    venue=$(cavea venue create --name Playhouse --city Utrecht --country NL \
        --time-zone Europe/Amsterdam --json | jq -er .id)
    event_new "All back" "$seats" --starts +72h
    event_new "Half back" "$seats" --starts +12h --fee-bp 250 --tax-bp 900
    event_new "None back" "$seats" --starts +72h --refund none --fee-bp 333
    event_new "A third back" "$seats" --starts +72h --refund 24h=33 --tax-bp 2100 --currency JPY
}

provider_admin() {
    curl -sSf -m 20 "$(stack_field provider_admin_url)/admin/$1" "${@:2}"
}

# Fails before and after the work, silence, resets, lies: all at once. A timeout of the provider
# lasts longer than a call of ours; a callback may be later than our list is old.
faults_on() {
    provider_admin faults -o "$work/faults" --data-binary "{\"seed\": $seed, \"latency_ms\": 5,
        \"rate_limit\": 0.002, \"server_error_before\": 0.03, \"server_error_after\": 0.03,
        \"timeout_before\": {\"rate\": 0.01, \"value\": 1500},
        \"timeout_after\": {\"rate\": 0.02, \"value\": 1500},
        \"reset_before\": 0.02, \"reset_after\": 0.02,
        \"early_webhooks\": {\"rate\": 0.03, \"value\": 300},
        \"early_payments\": {\"rate\": 0.02, \"value\": 300},
        \"slow_payments\": {\"rate\": 0.3, \"value\": 2500},
        \"wrong_amounts\": 0.01,
        \"refund_failures\": {\"rate\": 0.2, \"value\": 300},
        \"slow_refunds\": {\"rate\": 0.1, \"value\": 1000},
        \"drop_webhooks\": 0.1, \"duplicate_webhooks\": {\"rate\": 0.1, \"value\": 3},
        \"shuffle_webhooks\": {\"rate\": 0.2, \"value\": 1000},
        \"delay_webhooks\": {\"rate\": 0.05, \"value\": $delay_ms}}"
}

# Draws from the seed too, so that a storm can be had again; not its timing.
draw() {
    RANDOM=$(((seed + draws * 7919) % 32768))
    draws=$((draws + 1))
    drawn=$((RANDOM % $1))
}

kill_a_host() {
    local hosts name
    mapfile -t hosts < <(cd "$stack/run" && ls actors*.pid)
    draw "${#hosts[@]}"
    name=${hosts[drawn]%.pid}
    kill -KILL "$(process_pid "$stack/run" "$name")" || return 0
    wait_until 10 process_gone "$stack/run" "$name" || stop_test "$name is dead"
    rm -f "$stack/run/$name.pid"
    kills=$((kills + 1))
    "$cavea_root/ops/run" --dir "$stack" --add-host >/dev/null
}

# Ahead, behind, so far that every signature is too old or too new, and back; within the ten minutes
# by which one reading of the provider's list overlaps the one before.
step_the_clock() {
    local steps=(0 200000 -200000 480000 0 -480000 0 1000)
    provider_admin faults -o "$work/faults" \
        --data-binary "{\"clock_offset_ms\": ${steps[clock_steps % ${#steps[@]}]}}"
    clock_steps=$((clock_steps + 1))
}

buyers_gone() {
    ! kill -0 "$storm_pid" 2>/dev/null
}

storm() {
    local next
    kills=0 clock_steps=0 draws=0
    PROVIDER_KEY=$provider_key EDGE_URL=$edge PROVIDER_URL=$provider \
        "$(stack_field build)/buyers_storm" "$buyers" "$per_second" "$seed" \
        $((hold * 1000 + 1000)) "$work/told" "${events[@]}" >"$work/storm.json" &
    storm_pid=$!
    until buyers_gone; do
        draw $((kill_every * 1000))
        next=$(($(now_ms) + drawn))
        step_the_clock
        wait_until "$kill_every" past_or_gone "$next" || true
        buyers_gone || kill_a_host
    done
    wait "$storm_pid" || stop_test "answers that buyers should get: $(<"$work/storm.json")"
    jq -e '.checkouts * 4 >= .buyers * 3' "$work/storm.json" >/dev/null ||
        stop_test "most of them come to pay: $(<"$work/storm.json")"
}

past_or_gone() {
    (($(now_ms) >= $1)) || buyers_gone
}

# Faults end; what was late is let come.
calm() {
    local start
    provider_admin faults -o "$work/struck"
    provider_admin faults -o "$work/faults" -X DELETE
    start=$(now_ms)
    wait_until $((90 + 600 / haste)) calmed || stop_test "calm: $(states)"
    calm_ms=$(($(now_ms) - start))
}

calmed() {
    [[ $(sql "SELECT count(*) FROM payment WHERE state NOT IN (5, 7, 10)") == 0 &&
        $(sql "SELECT count(*) FROM reservation WHERE state = 1") == 0 &&
        $(sql "SELECT (SELECT coalesce(sum(cardinality(seats)), 0) FROM reservation
                       WHERE state = 2) = (SELECT count(*) FROM ticket WHERE state = 1)") == t &&
        $(provider_admin state | jq '.webhooks_undelivered + .intents.processing +
            .refunds.pending') == 0 ]]
}

states() {
    sql "SELECT 'payments in state ' || state || ': ' || count(*) FROM payment GROUP BY state"
    sql "SELECT 'reservations in state ' || state || ': ' || count(*) FROM reservation
         GROUP BY state"
    provider_admin state
}

# Rows against rows, and against the provider's books. Says what is wrong, and fails then.
books_agree() {
    psql -X -q -At -F ': ' -f "$cavea_root/tests/e2e/storm.sql" "$(stack_field postgres_url)" \
        <"$work/told" >"$work/findings"
    [[ ! -s $work/findings ]] || { cat "$work/findings" && return 1; }
    cavea finance reconcile "${1:-$work/export}" >"$work/reconciled" 2>&1 ||
        { tail -n 5 "$work/reconciled" && return 1; }
}

# The chains of all facts, and the state that follows from them.
ledgers_verify() {
    local id
    for id in "${events[@]}"; do
        cavea ledger verify "$id" >"$work/verify" 2>&1 || { cat "$work/verify" && return 1; }
    done
}

# The provider's own books: nothing is open, each refund was made once.
provider_agrees() {
    provider_admin intents | jq -es 'length > 0 and all(
        (.status == "succeeded" or .status == "canceled") and
        ([.refunds[] | select(.status == "succeeded")] | length <= 1) and
        .amount_refunded == ([.refunds[] | select(.status == "succeeded") | .amount] | add // 0)
        )' >/dev/null
}

# The audit finds one minor unit in our books, one in the provider's, and a missing ticket.
audit_can_fail() {
    local payment ticket
    payment=$(sql "SELECT id FROM payment WHERE state = 7 AND kept_minor = 0 LIMIT 1")
    sql "UPDATE payment SET captured_minor = captured_minor + 1 WHERE id = '$payment'"
    ! books_agree >"$work/found" || stop_test "the audit finds an altered capture"
    echo "figure: with one minor unit more in a row: $(head -n 1 "$work/found")"
    sql "UPDATE payment SET captured_minor = captured_minor - 1 WHERE id = '$payment'"
    awk -F, -v OFS=, 'NR > 1 && $4 > 0 && !done { $4++; done = 1 } { print }' "$work/export" \
        >"$work/doctored"
    ! books_agree "$work/doctored" >"$work/found" || stop_test "the audit finds altered books"
    ticket=$(sql "SELECT id FROM ticket WHERE state = 1 LIMIT 1")
    sql "UPDATE ticket SET state = 2 WHERE id = '$ticket'"
    ! books_agree >"$work/found" || stop_test "the audit finds a missing ticket"
    sql "UPDATE ticket SET state = 1 WHERE id = '$ticket'"
}

report() {
    jq -r '"figure: \(.buyers) buyers in \(.seconds) s: \(.reserved) reservations, " +
        "\(.checkouts) checkouts, \(.charges) charges, \(.second_charges) second charges, " +
        "\(.declines) declines, \(.cancelled) cancellations, \(.retries) retries, " +
        "\(.unanswered) without an answer"' "$work/storm.json"
    jq -r '"figure: given up: \(.given_up | with_entries(select(.value > 0)))"' "$work/storm.json"
    sql "SELECT format('figure: %s payments %s, %s minor units captured, %s refunded, %s kept',
            count(*), CASE state WHEN 5 THEN 'cancelled' WHEN 7 THEN 'confirmed'
            WHEN 10 THEN 'refunded' ELSE state::text END, sum(captured_minor),
            sum(refunded_minor), sum(kept_minor)) FROM payment GROUP BY state ORDER BY state"
    sql "SELECT format('figure: %s reservations with outcome %s', count(*), outcome)
         FROM reservation WHERE outcome IS NOT NULL GROUP BY outcome ORDER BY outcome"
    jq -r '"figure: faults struck: " + ([to_entries[] | select(.value | type == "object")
        | select(.value.struck > 0) | "\(.key) \(.value.struck)"] | join(", "))' "$work/struck"
    echo "figure: $kills hosts killed, $clock_steps steps of the provider's clock"
    echo "figure: calm after $calm_ms ms (5 minutes are $((300000 / haste)) ms here)"
}

events=()
stack_up --no-demo --hold-seconds "$hold"
make_events
event=${events[0]}
"$cavea_root/ops/run" --dir "$stack" --add-host >/dev/null
faults_on
storm
calm
provider_admin export -o "$work/export"
report
sql "ANALYZE"
books_agree >"$work/found" || stop_test "$(<"$work/found")"
ledgers_verify >"$work/found" || stop_test "$(<"$work/found")"
provider_agrees || stop_test "the provider's books: nothing open, each refund once"
audit_can_fail
books_agree >"$work/found" || stop_test "the books as they were: $(<"$work/found")"
