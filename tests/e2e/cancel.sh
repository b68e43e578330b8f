#!/usr/bin/env bash
# A sold-out house is cancelled, and on the way the command that does it is killed up to five times
# and the actor host twice: every buyer gets all the money back once, by our books and by the
# provider's. CANCEL_SEATS is its size; 5,000 in ops/test --full.
# label: money
# time: 900
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

seats=400
[[ ${CAVEA_TEST_MODE-} != full ]] || seats=5000
seats=${CANCEL_SEATS:-$seats}
host=actors

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

# cancel_begun: the command in the background, its process id in $!
cancel_begun() {
    "$(stack_field build)/cavea" event cancel "$event" \
        --postgres-url "$(stack_field postgres_url)" --nats-url "$(stack_field nats_url)" \
        >/dev/null 2>&1 &
}

fewer_or_done() {
    (($(left) < $1)) || ! kill -s 0 "$2" 2>/dev/null
}

# The first time right at its start, then each time after a few more reservations were given back.
killed_five_times() {
    local number before deaths=0 status pid
    for number in 1 2 3 4 5; do
        before=$(left) status=0
        cancel_begun
        pid=$!
        ((number == 1)) || wait_until 60 fewer_or_done "$before" "$pid" ||
            stop_test "it goes on where the last one was killed"
        kill -s KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || status=$?
        ((status != 137)) || deaths=$((deaths + 1))
        echo "$(left) of $before reservations are left"
        ((number % 2)) || host_killed
    done
    echo "figure: the command was killed $deaths times, its actor host twice"
    ((deaths >= (seats < 5000 ? 1 : 3))) || stop_test "it was killed on its way"
}

host_killed() {
    kill -KILL "$(process_pid "$stack/run" "$host")"
    host=$("$cavea_root/ops/run" --dir "$stack" --add-host)
    host=${host%% *}
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
started=$(now_ms)
"$(stack_field build)/buyers_soldout" 64 "$work/jws" >"$work/sold" || stop_test "$(<"$work/sold")"
[[ $(jq .sold "$work/sold") == "$seats" ]] || stop_test "$seats seats sold"
paid=$(jq .amount_minor "$work/sold")
sold=$(now_ms)
killed_five_times
cavea event cancel "$event" >"$work/cancelled" || stop_test "$(<"$work/cancelled")"
[[ $(left) == 0 ]] || stop_test "no confirmed reservation is left"
wait_until 300 all_back || stop_test "all money back within 300 s"
back=$(now_ms)
jq -e --argjson paid "$paid" '.agrees and (.currencies[0] |
    .captured_minor >= $paid and .refunded_minor == .captured_minor and .sold_minor == 0 and
    .retained_minor == 0 and .organizer_minor == 0 and .fees_minor == 0)' <<<"$answer" >/dev/null ||
    stop_test "everything that was captured went back"
provider_agrees || stop_test "one refund for each charge at the provider"
wait_until 20 books_equal || stop_test "$(<"$work/reconciled")"
[[ $(sql "SELECT count(*) FROM ticket WHERE event_id = '$event' AND state = 1") == 0 ]] ||
    stop_test "no ticket is valid"
cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
echo "figure: $seats seats sold in $(((sold - started) / 1000)) s and $paid minor units back once" \
    "in $(((back - sold) / 1000)) s"
