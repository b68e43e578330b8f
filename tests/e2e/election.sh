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
# shellcheck source=ops/lib/nats.sh
. "$cavea_root/ops/lib/nats.sh"

# Loopback addresses of our own, because the ports are those of real hosts.
net=127.$((RANDOM % 200 + 20)).$((RANDOM % 250 + 1))
declare -A address=([a]=$net.1 [b]=$net.2 [c]=$net.3)
trap 'status=$? && cluster_stop && stack_down "$status"' EXIT

cluster_stop() {
    local zone
    for zone in a b c; do process_stop "$work/run" "nats-$zone" KILL 5; done
}

zone_start() {
    GOGC=$nats_gogc process_start "$work/run" "$work/nats-$1.log" "nats-$1" "$(nats_program)" \
        -c "$files/conf/$1/nats-server.conf"
}

cluster_start() {
    local zone
    files=$work/files
    mkdir -p "$work/run"
    "$cavea_root/ops/zones" config --out "$files" --bin /usr/bin \
        --addresses "$net.1,$net.2,$net.3" 2>"$work/config.log"
    for zone in a b c; do
        sed -i "s|store_dir: .*|store_dir: \"$work/store-$zone\"|" \
            "$files/conf/$zone/nats-server.conf"
        zone_start "$zone"
    done
    for zone in a b c; do
        wait_until 30 curl -fsS -o /dev/null "http://${address[$zone]}:8222/healthz" \
            2>/dev/null || stop_test "three servers"
    done
}

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

# messages of the runtime so far: all, and those over the direct path
messages() {
    curl -fsS "$(stack_field actors_admin_url)/metrics" |
        awk '/^cavea_runtime_tick_messages_sum/ { all = $2 }
            /^cavea_runtime_messages_direct_total/ { direct = $2 } END { print all, direct }'
}

# Every acknowledged reservation is a row that owns its seat, and nothing else is but the paid one.
books_agree() {
    { cut -d' ' -f1 "$work/told" && printf '%s\n' "$reservation"; } | sort >"$work/told.sorted"
    sql "SELECT reservation_id FROM claimed_seat WHERE event_id = '$event'" | sort >"$work/claimed"
    cmp "$work/told.sorted" "$work/claimed" || stop_test "the same in the database and the answers"
    cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
}

buy_one() {
    new_buyer
    reserve "[\"$last_seat\"]"
    expect 201
    reservation=$(value .id)
    checkout "$reservation"
    expect 201
    pay_by_card pm_card_visa
    expect 200
    wait_until 20 tickets_are "$reservation" 1 || stop_test "a ticket during the election"
}

cluster_start
stack_up
daemon_move actors
daemon_move edge
event_on_sale
shop_export
section=$(api GET "/v1/events/$event" && jq -r '.sections[-1].id | @uri' <<<"$answer")
api GET "/v1/events/$event/seats?section=$section"
last_seat=$(value '[.seats[] | select(.state == "available")][-1].id')
: >"$work/told"
read -r all_before direct_before < <(messages)
"$(stack_field build)/buyers_flood" 16 4000 "$work/told" 400 >"$work/flood.json" &
flood=$!
wait_until 60 acknowledged 600 || stop_test "600 reservations"
leader=$(stream_leader)
[[ $leader ]] || stop_test "a leader of the stream"
killed=$(now_ms)
process_stop "$work/run" "nats-$leader" KILL 5
buy_one
bought=$(($(now_ms) - killed))
! another_leads "$leader" || echo "figure: the ticket took longer than the election"
wait_until 30 another_leads "$leader" || stop_test "another leader"
elected=$(($(now_ms) - killed))
wait "$flood" || stop_test "every reservation answered: $(<"$work/flood.json")"
read -r all direct < <(messages)
echo "figure: $(<"$work/flood.json")"
echo "figure: elected after $elected ms, bought and ticketed after $bought ms," \
    "$(((direct - direct_before) * 100 / (all - all_before))) % of messages were direct"
books_agree
((direct > direct_before)) || stop_test "the direct path was used"
(($(jq '.longest_gap_ms | floor' "$work/flood.json") < 1000)) ||
    stop_test "never a second without an answer"
