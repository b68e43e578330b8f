#!/usr/bin/env bash
# Calls to the provider leave at the rate that is set, however many checkouts come at once: the rest
# wait, the oldest first. What waits is rows: a host that is killed loses none of it, and nothing is
# asked for twice.
# label: money
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

rate=100 each=300
most=$((rate + rate / 10 + 1)) # in a second: bursts of a tenth of it

load() {
    "$(stack_field build)/bench_load" --port "$stack_port" --tokens "$work/tokens" --sources 2 "$@"
}

held() {
    curl -sSf -X POST "$edge/v1/sessions?n=[1-16]" | jq -r .token >"$work/tokens"
    echo "$event" >"$work/events"
    api GET "/v1/events/$event"
    curl -sSf "$edge/v1/plans/$(value .plan.hash)" | jq -r '.sections[].rows[].seats[].id' \
        >"$work/seats"
    load --events "$work/events" --seats "$work/seats" --seats-each 1 --requests $((2 * each)) \
        --connections 16 --seconds 60 --keep "$work/held" >"$work/reserved"
    [[ $(wc -l <"$work/held") == $((2 * each)) ]] || stop_test "$((2 * each)) holds"
}

# burst FIRST: so many checkouts at once
burst() {
    load --mode pay --provider-port "${provider##*:}" --provider-key-file \
        "$stack/secrets/provider.key" --reservations "$work/held" --first "$1" \
        --requests $(($1 + each)) --connections "$each" --seconds 1 --grace-ms "$2" \
        >"$work/paid.$1" || true
}

# What the provider wrote down, in its order: one line a payment, second and payment id.
intents() {
    curl -sSf "$(stack_field provider_admin_url)/admin/intents" |
        jq -r 'select(.metadata.payment_id) | "\(.created) \(.metadata.payment_id)"'
}

made() {
    (($(intents | wc -l) >= $1))
}

fullest_second() {
    cut -d' ' -f1 | sort | uniq -c | sort -n | awk 'END { print $1 + 0 }'
}

waiting() {
    curl -sSf "$(stack_field actors_admin_url)/metrics" |
        sed -n 's/^cavea_payment_calls_waiting //p'
}

# Ids begin with their time: behind those that left while others still came, they are in order.
in_order() {
    tail -n +$((each / 3)) | cut -d' ' -f2 | cut -c1-13 >"$work/order"
    sort -c "$work/order" 2>"$work/disorder"
}

obeyed() {
    local started fullest depth
    started=$(now_ms)
    burst 0 20000 &
    wait_until 10 made $((rate / 2)) || stop_test "payments begin"
    depth=$(waiting)
    wait_until 30 made "$each" || stop_test "each checkout gets its intent"
    started=$(($(now_ms) - started))
    intents >"$work/first"
    fullest=$(fullest_second <"$work/first")
    ((fullest <= most)) || stop_test "at most $most calls in a second, not $fullest"
    ((depth >= each / 3)) || stop_test "$depth wait: it was no queue"
    in_order <"$work/first" || stop_test "oldest first: $(<"$work/disorder")"
    wait || true
    echo "figure: $each checkouts at once, at $rate calls a second: $depth waited after the first" \
        "$((rate / 2)), at most $fullest a second, all after $((started / 1000)) s, oldest first"
}

killed() {
    local started fullest
    burst "$each" 0 &
    wait_until 20 made $((each + rate)) || stop_test "payments begin again"
    kill -KILL "$(process_pid "$stack/run" actors)"
    started=$(now_ms)
    "$cavea_root/ops/run" --dir "$stack" --add-host
    wait || true
    wait_until 90 made $(($(sql 'SELECT count(*) FROM payment'))) ||
        stop_test "those that waited are asked for by the next host"
    intents >"$work/all"
    [[ $(cut -d' ' -f2 "$work/all" | sort -u | wc -l) == $(wc -l <"$work/all") ]] ||
        stop_test "no intent is made twice"
    fullest=$(fullest_second <"$work/all")
    ((fullest <= 2 * most)) || stop_test "two hosts kept their pace each, not $fullest"
    echo "figure: killed with $(($(wc -l <"$work/all") - each - rate)) waiting: all of them after" \
        "$((($(now_ms) - started) / 1000)) s"
}

export CAVEA_PROVIDER_RATE=$rate CAVEA_OWN_MAX=600
stack_up
event_on_sale
held
obeyed
killed
