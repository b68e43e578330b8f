# The part of a bench about payments: how many a second go the whole way (checkout, intent,
# callback, confirmed, tickets) beside reservations, with a provider that takes its time, and what
# one costs.
# Not in a whole bench: it wants CAVEA_THREADS, CAVEA_OWN_MAX and CAVEA_PROVIDER_CALLS for as many
# payments under way as the rate times the provider's answer makes (tests/bench/payments.sh).
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # set and read by the scripts that source this file

provider_ms=200

part_payments() {
    local reservations_rate=4000 payments_rate=2000 mixed_seconds=$pay_seconds carried
    curl -sSf -X POST "$(bench_field provider_admin_url)/admin/faults" \
        -d "{\"latency_ms\":$provider_ms}" >/dev/null
    mixed_house
    echo 0 >"$work/paid"
    measure payments product alone pay_alone
    payment_cost >&2
    payments_mixed 'as asked' 100
    carried=$(jq -r 'if .met then 100 else [.carried_per_second * 80 / 2000 | floor, 1] | max
        end' "$work/payments.json")
    ((carried == 100)) || payments_mixed '80 % of what was carried' "$carried"
    audit payments
}

# pay_load LOAD_OPTION...: goes on in the list of holds; ends when the last is confirmed and signed
pay_load() {
    local status=0
    bench_load "$edge_port" --mode pay --provider-port "$provider_port" \
        --provider-key-file "$stack/secrets/provider.key" --reservations "$work/held" \
        --tokens "$work/tokens" --sources 4 --first "$(<"$work/paid")" "$@" || status=$?
    wait_until 120 payments_done || wrong "not every payment was decided on"
    return "$status"
}

# Every callback was delivered, and every payment that was captured is decided on.
payments_done() {
    local undelivered
    undelivered=$(curl -sSf "$(bench_field provider_admin_url)/admin/state" |
        jq .webhooks_undelivered)
    ((undelivered == 0)) && payments_decided
}

payment_cost() {
    tail -n 1 "$results" | jq -r '.load.answered as $n | def each: . / $n | round;
        "figure: CPU of a payment, alone, \(.load.ok_per_second | round)/s: " +
        ([.cpu | to_entries[] | "\(.key) \(.value | each)"] | join(", ")) +
        " us, in all \([.cpu[]] | add | each); log \(.wal | each) bytes"'
}

# As many at a time as a rate of 2,000 a second would make, each waiting for its two answers.
pay_alone() {
    local status=0
    pay_load --connections 800 --seconds 5 >"$work/alone.json" || status=$?
    jq .next "$work/alone.json" >"$work/paid"
    cat "$work/alone.json"
    return "$status"
}

# payments_mixed LABEL PERCENT: of both rates
payments_mixed() {
    local label=$1 percent=$2 reserve status=0 started before after
    started=$(bench_sql cavea <<<'SELECT clock_timestamp()')
    read -ra before <<<"$(cpu_now product)"
    mixed_load reserve "$percent" &
    reserve=$!
    pay_load --rate $((payments_rate * percent / 100)) --connections 1000 \
        --seconds "$pay_seconds" >"$work/payments.pay" || status=$?
    run_usable "$status" "$work/payments.pay"
    status=0
    wait "$reserve" || status=$?
    run_usable "$status" "$work/mixed.reserve"
    read -ra after <<<"$(cpu_now product)"
    jq .next "$work/payments.pay" >"$work/paid"
    jq .next "$work/mixed.reserve" >"$work/house/mixed/next"
    jq -n --argjson percent "$percent" --argjson seconds "$pay_seconds" \
        --argjson wanted $((payments_rate * percent / 100)) \
        --argjson cpu "$(jq -n '[$ARGS.positional[] | tonumber]' --args \
            $((after[0] - before[0])) $((after[1] - before[1])) $((after[2] - before[2])) \
            $((after[3] - before[3])) $((after[4] - before[4])))" \
        --argjson told "$(payments_took "$started")" --slurpfile pay "$work/payments.pay" \
        --slurpfile reserve "$work/mixed.reserve" '
        {percent: $percent, wanted: $wanted, payments: $told, cpu_us: $cpu,
         confirmed_per_second: ($told.within / $seconds),
         carried_per_second: ($told.confirmed / ($seconds + $told.p50_ms / 1000)),
         reserved_per_second: $reserve[0].ok_per_second,
         unsent: ($pay[0].unsent + $reserve[0].unsent),
         errors: $pay[0].errors, reservations_refused: $reserve[0]."503",
         chain_p99_us: $pay[0].chain_p99_us,
         answers: ($pay[0] | {"2xx", "4xx", "409", "503", broken, timeouts})} |
        .met = (.errors + .unsent == 0 and .confirmed_per_second >= 0.9 * $wanted)' \
        >"$work/payments.json"
    note payments_mixed product "$label" "$(<"$work/payments.json")"
}

# payments_took SINCE: from the payment's row to its confirmation, the provider's answers included
payments_took() {
    bench_sql cavea <<<"WITH p AS (
            SELECT state, changed_at, extract(epoch FROM changed_at - created_at) AS took
            FROM payment WHERE created_at >= '$1')
        SELECT json_build_object('confirmed', count(*) FILTER (WHERE state = 7),
            'within', count(*) FILTER (WHERE state = 7
                AND changed_at < '$1'::timestamptz + interval '$pay_seconds s'),
            'other', count(*) FILTER (WHERE state = 6 OR state > 7), -- captured all the same
            'p50_ms', round(1000 * percentile_cont(0.5) WITHIN GROUP (ORDER BY took)::numeric),
            'p99_ms', round(1000 * percentile_cont(0.99) WITHIN GROUP (ORDER BY took)::numeric))
        FROM p"
}
