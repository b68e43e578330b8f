#!/usr/bin/env bash
# A cluster of three nats-servers; the leader of the inbox stream is killed in the middle of a sale.
# While the others elect, reservations go on over the direct path, and so do a payment and its
# ticket; nothing is lost and nothing is there twice.
# label: chaos
# full-only
# alone
# time: 120
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/cluster.sh
. "$cavea_root/tests/cluster.sh"

trap 'status=$? && cluster_stop && stack_down "$status"' EXIT

# daemon_move NAME: the stack's own, with its settings, at the cluster instead of its broker; in a
# shell of its own, because the settings are not for us.
daemon_move() (
    local name=$1 pid setting
    pid=$(process_pid "$stack/run" "$name")
    while IFS= read -rd '' setting; do
        [[ $setting != CAVEA_* ]] || export "${setting?}"
    done <"/proc/$pid/environ"
    process_stop "$stack/run" "$name" TERM 20
    rm -f "$stack/run/$name.ready"
    export CAVEA_NATS_URL=nats://$net.1:4222,nats://$net.2:4222,nats://$net.3:4222
    export CAVEA_NATS_NKEY_FILE=$files/secrets/nats-$name.seed CAVEA_STREAM_REPLICAS=3
    process_start "$stack/run" "$stack/log/$name.log" "$name" \
        "$(stack_field build)/cavea-$name"
    wait_until 60 test -e "$stack/run/$name.ready" || stop_test "$name at the cluster"
)

stream_leader() {
    local zone leader=''
    for zone in a b c; do
        leader=$(curl -fsS -m 1 "http://${address[$zone]}:8222/jsz?accounts=true&streams=true" \
            2>/dev/null | jq -r '.account_details[]?.stream_detail[]? |
                select(.name == "CAVEA_IN") | .cluster.leader // empty') || continue
        [[ ! $leader ]] || break
    done
    printf '%s\n' "${leader#nats-}"
}

another_leads() {
    local leader
    leader=$(stream_leader)
    [[ $leader && $leader != "$1" ]]
}

acknowledged() {
    (($(wc -l <"$work/told") >= $1))
}

# messages so far: all that actors took and those of them over the direct path. Actors of one host
# tell each other without the broker; what they send to others while a stream is silent is shown by
# test_runtime_silence.
messages() {
    curl -fsS "$(stack_field actors_admin_url)/metrics" |
        awk '/^cavea_runtime_tick_messages_sum/ { all = $2 }
            /^cavea_runtime_messages_direct_total/ { direct = $2 }
            END { print all, direct }'
}

# Every acknowledged reservation is a row that owns its seat, and nothing else is but the paid ones.
books_agree() {
    { cut -d' ' -f1 "$work/told" && cat "$work/bought"; } | sort >"$work/told.sorted"
    sql "SELECT reservation_id FROM claimed_seat WHERE event_id = '$event'" | sort >"$work/claimed"
    cmp "$work/told.sorted" "$work/claimed" || stop_test "the same in the database and the answers"
    cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
}

# seat_next: a free seat from the end, where the flood comes last
seat_next() {
    last_seat=$(jq -er "[.seats[] | select(.state == \"available\")][-$1].id" "$work/seats.json")
}

buy_one() {
    new_buyer
    reserve "[\"$last_seat\"]"
    expect 201
    reservation=$(value .id)
    printf '%s\n' "$reservation" >>"$work/bought"
    checkout "$reservation"
    expect 201
    pay_by_card pm_card_visa
    expect 200
    wait_until 20 tickets_are "$reservation" 1 || stop_test "a ticket during the election"
}

# round NUMBER: the leader is killed, a ticket bought; sets bought and elected (ms after the kill)
round() {
    local leader killed
    leader=$(stream_leader)
    [[ $leader ]] || stop_test "a leader of the stream"
    seat_next "$1"
    read -r all_before direct_before < <(messages)
    killed=$(now_ms)
    process_stop "$work/run" "nats-$leader" KILL 5
    buy_one
    bought=$(($(now_ms) - killed))
    ! another_leads "$leader" || bought=
    wait_until 30 another_leads "$leader" || stop_test "another leader"
    elected=$(($(now_ms) - killed))
    read -r all direct < <(messages)
    cluster_zone_start "$leader"
    cluster_zone_ready "$leader"
}

# Elections take a random time, so one may be over before the ticket is there: then another leader
# is killed, three times at most.
rounds() {
    local number
    for number in 1 2 3; do
        round "$number"
        [[ ! $bought ]] || return 0
        echo "figure: an election was over before the ticket came; another leader is killed"
    done
    stop_test "a ticket before the end of one of three elections"
}

cluster_start
stack_up
daemon_move actors
daemon_move edge
event_on_sale
shop_export
section=$(api GET "/v1/events/$event" && jq -r '.sections[-1].id | @uri' <<<"$answer")
api GET "/v1/events/$event/seats?section=$section"
printf '%s' "$answer" >"$work/seats.json"
: >"$work/told"
"$(stack_field build)/buyers_flood" 16 4000 "$work/told" 400 >"$work/flood.json" &
flood=$!
wait_until 60 acknowledged 600 || stop_test "600 reservations"
rounds
wait "$flood" || stop_test "every reservation answered: $(<"$work/flood.json")"
echo "figure: $(<"$work/flood.json")"
echo "figure: elected after $elected ms, bought and ticketed after $bought ms," \
    "$(((direct - direct_before) * 100 / (all - all_before))) % of messages were direct"
books_agree
((direct > direct_before)) || stop_test "the edge used the direct path"
(($(jq '.longest_gap_ms | floor' "$work/flood.json") < 1000)) ||
    stop_test "never a second without an answer"
