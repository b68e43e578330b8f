#!/usr/bin/env bash
# ops/zones as its user meets it: up; one primary, one synchronous standby and the settings that
# keep it so; etcd refuses who has no certificate, and other users altogether; a ticket's key is
# known in all zones; status says what is cut, held and paused; who listens at one zone's proxy
# hears what is reserved at any, from another zone's cavea-live when its own is killed; a
# nats-server that stands still is killed and started again, and the sale goes on; a killed zone is
# dark until it is started; the sale goes on with its primary cut off, and only the synchronous
# standby is promoted; down leaves nothing.
# label: chaos
# full-only
# alone
# time: 420
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/rights.sh
. "$cavea_root/ops/lib/rights.sh"

net=$((80 + RANDOM % 20))
dir=/var/lib/cavea/test-zones-$net
work=$(mktemp -d -t cavea-test.XXXXXX)
listener=''
trap 'ended $?' EXIT

ended() {
    (($1 == 0)) || tail -n 5 "$work"/told "$dir"/log/*.log 2>/dev/null || true
    [[ ! $listener ]] || kill "$listener" 2>/dev/null || true
    zones down >"$work/told" 2>&1 || cat "$work/told"
    rm -rf "$work"
}

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

zones() {
    "$cavea_root/ops/zones" "$@" --net "$net" --dir "$dir"
}

# inside ZONE COMMAND...: what follows the zone is the command's
inside() {
    "$cavea_root/ops/zones" exec --net "$net" --dir "$dir" "$@"
}

space() {
    printf 'cavea%s-%s' "$net" "$1"
}

# status_is JQ_CONDITION
status_is() {
    zones status --json >"$work/status" && jq -e "$1" "$work/status" >/dev/null
}

# becomes SECONDS WHAT JQ_CONDITION
becomes() {
    wait_until "$1" status_is "$3" || stop_test "$2: $(jq -c 'del(.nodes)' "$work/status")"
}

superuser() {
    PGPASSWORD=$(<"$dir/secrets/postgres-superuser") PGTARGETSESSIONATTRS=read-write \
        PGCONNECT_TIMEOUT=2 psql -X -q -At -F ' ' -U postgres -d postgres \
        -h "10.$net.1.10,10.$net.2.10,10.$net.3.10" -c "$1"
}

# Patroni's own view of who is who.
member() {
    jq -er --arg role "$1" '[.postgres[] | select(.role == $role)][0].node' "$work/status"
}

one_primary_and_one_synchronous_standby() {
    local primary
    becomes 30 "a primary, a synchronous standby and a replica" \
        '[.postgres[].role] | sort == ["leader", "replica", "sync_standby"]'
    primary=$(member leader)
    [[ $(superuser "SELECT count(*) FILTER (WHERE sync_state = 'sync'), count(*)
        FROM pg_stat_replication") == "1 2" ]] || stop_test "one of two standbys is synchronous"
    [[ $(superuser 'SHOW synchronous_standby_names') == *"$(member sync_standby)"* ]] ||
        stop_test "it is named"
    curl -fsS "http://10.$net.1.10:8008/config" | jq -e '.synchronous_mode and
        .synchronous_mode_strict and .synchronous_node_count == 1' >/dev/null ||
        stop_test "the strict synchronous mode is what runs"
    zone=${primary#postgres-}
}

# etcd_answers USER OPTION...: in zone a
etcd_answers() {
    local user=$1
    shift
    ip netns exec "$(space a)" setpriv --reuid="$user" --clear-groups --inh-caps=-all \
        curl -sS -m 2 -o /dev/null "$@" "https://10.$net.1.10:2379/version" 2>>"$work/told"
}

etcd_asks_who_it_is() {
    local good=(--cacert "$dir/secrets/ca.crt" --cert "$dir/secrets/patroni.crt"
        --key "$dir/secrets/patroni.key")
    etcd_answers root "${good[@]}" || stop_test "Patroni's certificate is taken"
    ! etcd_answers root --cacert "$dir/secrets/ca.crt" || stop_test "nobody else is heard"
    ! etcd_answers root -k || stop_test "nor who trusts anybody"
    # Readable for a moment, so that what refuses is not the file.
    install -m 644 "$dir/secrets/patroni.key" "$work/key"
    install -m 644 "$dir/secrets/patroni.crt" "$work/crt"
    install -m 644 "$dir/secrets/ca.crt" "$work/ca"
    chmod 711 "$work"
    good=(--cacert "$work/ca" --cert "$work/crt" --key "$work/key")
    etcd_answers postgres "${good[@]}" || stop_test "the user postgres is heard"
    ! etcd_answers cavea-edge "${good[@]}" || stop_test "the edge's user is refused at etcd"
    ! etcd_answers cavea-actors "${good[@]}" || stop_test "so is the actors'"
    ! ip netns exec "$(space a)" setpriv --reuid=cavea-edge --clear-groups --inh-caps=-all \
        cat "$dir/secrets/postgres/etcd.key" 2>>"$work/told" || stop_test "and cannot read the key"
}

# The fingerprints of the keys that each zone's edge publishes.
keys_of() {
    curl -fsS "http://10.$net.$1.10:8081/.well-known/jwks.json" | jq -ec '[.keys[].kid] | sort'
}

tickets_are_known_everywhere() {
    local number keys
    keys=$(keys_of 1)
    [[ $keys == *"$(<"$dir/secrets/tickets/active")"* ]] || stop_test "the active key is published"
    for number in 2 3; do
        [[ $(keys_of "$number") == "$keys" ]] || stop_test "zone $number knows the same keys"
    done
}

status_says_what_is_broken() {
    zones cut edge-a
    zones cut actors-b:postgres
    zones cut actors-b:nats
    zones kill haproxy-c --hold
    zones pause edge-b
    status_is "([.node_cuts[] | [.zone, .uid, .port] | map(. // \"\") | join(\" \")] | sort) ==
        ([\"a $(id -u cavea-edge) \", \"b $(id -u cavea-actors) 5432\",
          \"b $(id -u cavea-actors) 4222\"] | sort)" ||
        stop_test "cuts: $(jq -c .node_cuts "$work/status")"
    status_is '[.nodes[] | select(.state != "up") | .node + " " + .state] | sort ==
        ["edge-b paused", "haproxy-c held"]' || stop_test "who is held and paused"
    zones status | grep -q "user $(id -u cavea-actors) in b to port 5432" ||
        stop_test "and in words: $(zones status)"
    zones heal
    becomes 30 "all is well after heal" \
        '.cuts == [] and .node_cuts == [] and all(.nodes[]; .state == "up")'
}

no_rights_are_gained() {
    local pid
    for pid in $(jq '.nodes[].pids[]' "$work/status"); do
        [[ ! -e /proc/$pid/status ]] ||
            awk '/^NoNewPrivs:/ && $2 != 1 { bad = 1 } /^CapBnd:/ && $2 !~ /^0+$/ { bad = 1 }
                END { exit bad }' "/proc/$pid/status" ||
            stop_test "nothing of $(tr '\0' ' ' <"/proc/$pid/cmdline") may gain rights"
    done
}

# A small event on sale, its seats and a buyer.
sale_opens() {
    local plan venue section
    shop() { CAVEA_STACK=$dir "$cavea_root/ops/cavea" "$@" --json; }
    plan=$(shop plan generate theatre --seats 300 | jq -er .hash)
    venue=$(shop venue create --name House --city Basel --country CH --time-zone Europe/Zurich |
        jq -er .id)
    event=$(shop event create --venue "$venue" --plan "$plan" --name Evening --starts +30d |
        jq -er .id)
    wait_until 30 asks "events/$event" || stop_test "the event is shown"
    section=$(jq -r '.sections[0].id | @uri' "$work/answer")
    asks "events/$event/seats?section=$section" || stop_test "its seats are"
    mapfile -t seats < <(jq -r '.seats[] | select(.state == "available") | .id' "$work/answer")
    asks sessions -d '{"email":"buyer@example.org"}' || stop_test "a session"
    token=$(jq -er .token "$work/answer")
}

# asks PATH OPTION...: at the front
asks() {
    curl -fsS -m 10 -o "$work/answer" "http://10.$net.9.10:8080/v1/$1" "${@:2}" 2>>"$work/told"
}

# One more seat, with one key however often it takes.
reserves() {
    local key
    key=$(random_hex 12)
    wait_until 20 asks reservations -H "Authorization: Bearer $token" -H "Idempotency-Key: $key" \
        -d "{\"event_id\":\"$event\",\"seats\":[\"${seats[0]}\"]}" || stop_test "a reservation"
    seats=("${seats[@]:1}")
}

# listens LAST_ID: at the proxy of zone a, until the stream ends
listens() {
    [[ ! $listener ]] || kill "$listener" 2>>"$work/told" || true
    : >"$work/heard"
    curl -sSN -D "$work/heard.head" -H "Last-Event-ID: $1" \
        "http://10.$net.1.10:8080/v1/events/$event/live" >>"$work/heard" 2>>"$work/told" &
    listener=$!
}

hears() {
    grep -q '^data: {"after"' "$work/heard"
}

# The zone whose cavea-live has the stream.
live_zone() {
    local number
    for number in 1 2 3; do
        curl -fsS -m 5 -o "$work/metrics" "http://10.$net.$number.10:9103/metrics" || continue
        ! grep -qx 'cavea_live_listeners 1' "$work/metrics" || printf '%s' "$number" | tr 123 abc
    done
}

has_live_zone() {
    live=$(live_zone)
    [[ $live ]]
}

changes_are_heard_at_every_door() {
    listens 0
    wait_until 10 has_live_zone || stop_test "one of the zones has the stream"
    reserves
    wait_until 10 hears || stop_test "a reservation is heard: $(<"$work/heard")"
    last=$(sed -n 's/^id: *//p' "$work/heard" | tail -n 1)
    zones kill "live-$live" --hold
    wait "$listener" || true # the stream ends with its server
    listener=
    reserves
    wait_until 10 listens_elsewhere || stop_test "another zone's takes it: $(<"$work/heard.head")"
    wait_until 10 hears || stop_test "what was missed is heard: $(<"$work/heard")"
    zones start "live-$live"
}

listens_elsewhere() {
    listens "$last"
    wait_until 2 grep -q '^HTTP/1.1 200' "$work/heard.head"
}

frozen_broker_is_started_again() {
    local old took
    old=$(node_pid nats-a)
    kill -s STOP "$old"
    took=$(now_ms)
    reserves
    wait_until 30 broker_is_another "$old" || stop_test "a nats-server that stands still is killed"
    echo "figure: nats-a stood still; started again after $(($(now_ms) - took)) ms"
    grep -q '^watch: .* is killed' "$dir/log/nats-a.log" || stop_test "by its watch"
    : >"$work/heard"
    reserves
    wait_until 10 hears || stop_test "and the sale goes on: $(<"$work/heard")"
    becomes 30 "all run" 'all(.nodes[]; .state == "up")'
}

node_pid() {
    local pid
    read -r pid _ <"$dir/run/$1.pid" && printf '%s' "$pid"
}

broker_is_another() {
    [[ $(node_pid nats-a) != "$1" ]] && ip netns exec "$(space a)" curl -fsS -m 2 \
        -o /dev/null http://127.0.0.1:8222/jsz 2>>"$work/told"
}

serves() {
    curl -fsS -m 10 -o /dev/null "http://10.$net.9.10:8080/v1/events"
}

# Cut off, its primary may not go on, and whoever follows it was synchronous before.
primary_is_followed_by_the_synchronous() {
    local old=$zone heir
    heir=$(member sync_standby)
    zones kill "$old"
    status_is "[.nodes[] | select(.zone == \"$old\") | .state] | unique == [\"held\"]" ||
        stop_test "all of zone $old is dead"
    becomes 60 "$heir is the primary" "any(.postgres[]; .node == \"$heir\" and .role == \"leader\")"
    wait_until 20 serves || stop_test "the other zones serve"
    zones start "$old"
    becomes 90 "zone $old is back, one standby synchronous" "all(.nodes[]; .state == \"up\") and
        .cuts == [] and ([.postgres[].role] | sort == [\"leader\", \"replica\", \"sync_standby\"])"
    echo "figure: zone $old with the primary went dark; $heir followed"
}

nothing_is_left() {
    zones down
    ! ip netns list | grep -q "cavea$net-" || stop_test "no namespace is left"
    ! ip link show "cavea$net" 2>/dev/null || stop_test "no link is left"
    [[ ! -e $dir ]] || stop_test "no folder is left: $(ls "$dir")"
    ! pgrep -f "keep.sh $dir" || stop_test "no keeper is left"
}

spaces_allowed || { echo "figure: left out: this machine does not let us make zones" && exit 0; }
started=$(now_ms)
zones up --no-demo >"$work/told" 2>&1 || stop_test "up"
echo "figure: up in $((($(now_ms) - started) / 1000)) s"
one_primary_and_one_synchronous_standby
etcd_asks_who_it_is
tickets_are_known_everywhere
[[ $(inside b ip -o -4 address show eth0) == *"10.$net.2.10/"* ]] || stop_test "exec is in the zone"
status_says_what_is_broken
no_rights_are_gained
sale_opens
changes_are_heard_at_every_door
frozen_broker_is_started_again
one_primary_and_one_synchronous_standby
primary_is_followed_by_the_synchronous
nothing_is_left
