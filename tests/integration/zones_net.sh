#!/usr/bin/env bash
# What ops/zones does to networks and to itself, with real namespaces and nearly no programs:
# whether we may make namespaces is tried; cuts are told as they were made; the guard refuses other
# users at the ports of etcd, Patroni and nats-server's page; a killed zone is silent first; a query
# that fails reaches no other server; who changes zones does so alone; `down` leaves nothing.
# full-only
# time: 60
# shellcheck disable=SC2016 # what bash -c gets is its own to expand
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")/../../ops/lib
# shellcheck source=ops/lib/common.sh
. "$here/common.sh"
for part in packages rights process port postgres nats zones_net zones_node zones_keys zones_conf \
    zones_stack zones_status; do
    # shellcheck source=/dev/null
    . "$here/$part.sh"
done

work=$(mktemp -d -t cavea-test.XXXXXX)
chmod 711 "$work"
# shellcheck disable=SC2034 # read by the parts
dir=$work/zones net='' build=/nonexistent client=''
trap 'ended $?' EXIT

ended() {
    [[ ! $client ]] || kill "$client" 2>/dev/null || true
    [[ ! $net ]] || net_down
    (($1 == 0)) || cat "$work"/*.log || true
    rm -rf "$work"
}

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

# Without a server's address there is no query, whoever failed to tell it.
failures_reach_nobody() {
    local answer
    mkdir -p "$work/bin" "$dir/secrets"
    printf '#!/bin/sh\necho "$*" >>"%s/psql.log"\n' "$work" >"$work/bin/psql"
    chmod 755 "$work/bin/psql"
    for answer in false :; do
        if (
            # shellcheck disable=SC2034,SC2317 # called and read by zones_roles
            postgres_bin=$work/bin
            zones_sql() { "$answer"; }
            zones_roles
        ) 2>>"$work/told"; then
            stop_test "no roles without a primary that answers"
        fi
    done
    ! (postgres_query "$work/bin" '' 5432 postgres /dev/null postgres) 2>>"$work/told" ||
        stop_test "no query without an address"
    [[ ! -e $work/psql.log ]] || stop_test "no server is asked: $(<"$work/psql.log")"
}

rights_are_tried() {
    local before
    before=$(ls /run/netns 2>/dev/null || true)
    ! setpriv --bounding-set=-sys_admin --inh-caps=-all \
        bash -c '. "$1"; spaces_allowed' - "$here/rights.sh" ||
        stop_test "no namespaces without the right to make them"
    ! setpriv --reuid=nobody --regid=nogroup --clear-groups \
        bash -c '. "$1"; spaces_allowed' - "$here/rights.sh" || stop_test "nor without root"
    [[ $(ls /run/netns 2>/dev/null || true) == "$before" ]] ||
        stop_test "nothing is left of the try"
    ! setpriv --bounding-set=-sys_admin --inh-caps=-all "$cavea_root/ops/zones" up --net "$net" \
        --dir "$dir" 2>"$work/told" || stop_test "ops/zones needs the right"
    grep -q 'does not let us' "$work/told" || stop_test "and says so: $(<"$work/told")"
}

# A set of zones that nobody uses.
net_free() {
    local tries
    for ((tries = 0; tries < 50; tries++)); do
        net=$((100 + RANDOM % 150))
        space_exists net || ip route show | grep -q "^10\.$net\." || return 0
    done
    stop_test "free addresses"
}

# cuts_are WANTED: lines, in any order, as status has them
cuts_are() {
    local found
    found=$({ net_cuts && status_node_cuts; } | sort)
    [[ $found == "$(sort <<<"$1")" ]] || stop_test "cut: $1; found: $found"
}

cuts_are_told() {
    cuts_are ''
    net_cut_node a 1001
    net_cut_node a 1002 5432
    net_cut_node a 1002 4222
    net_cut_node b 1001
    net_cut_ways a c c a
    cuts_are $'a 1001\na 1002 5432\na 1002 4222\nb 1001\na c\nc a'
    net_cut_zone b in
    cuts_are $'a 1001\na 1002 5432\na 1002 4222\nb 1001\na c\nc a
a b\nc b\noutside b\nroot b'
    net_heal
    cuts_are ''
    net_cut_zone c both
    net_uncut_zone c
    cuts_are ''
}

# A server that greets, at one of the guarded ports.
listener() {
    ip netns exec "$(space_of "$1")" "$(nats_program)" -a 0.0.0.0 -p "$2" \
        >>"$work/server.log" 2>&1 &
    disown # or the shell would comment on its end
}

# greets PLACE PORT COMMAND...: the server there, to whom the command makes us
greets() {
    local to=$1 port=$2
    shift 2
    "$@" timeout 1 bash -c 'exec 3<>"/dev/tcp/$1/$2" && read -r line <&3 && [[ $line == INFO* ]]' \
        - "$(net_place "$to").10" "$port" 2>/dev/null
}

# reaches SPACE USER PLACE PORT: as that user, from there
reaches() {
    greets "$3" "$4" in_space "$1" setpriv --reuid="$2" --regid=nogroup --clear-groups
}

# shellcheck disable=SC2034 # the words of conf_fill
guard_refuses() {
    local port user
    word=([ADDRESSES]=$(conf_list %s ', ' a) [OPERATOR]=$(net_place root).2/32)
    for port in a b; do nft_in "$port" < <(conf_fill nftables/guard.nft); done
    nft_in a < <(conf_fill nftables/guard.nft) # once more is as good
    for port in 2379 8008 8222; do
        listener a "$port"
        wait_until 10 greets a "$port" in_space a || stop_test "root is heard at $port"
        ! reaches a nobody a "$port" || stop_test "another user of the zone is refused at $port"
        ! reaches b nobody a "$port" || stop_test "and one of another zone"
        ! greets a "$port" in_space outside || stop_test "and the world"
    done
    ! greets a 2379 env || stop_test "a machine that is no zone is refused by etcd"
    greets a 8008 env || stop_test "and, where the operator sits, heard by Patroni"
    for user in etcd postgres; do
        getent passwd "$user" >/dev/null || continue
        reaches b "$user" a 2379 || stop_test "$user is heard by etcd"
        ! reaches a "$user" a 8222 || stop_test "$user is not heard at the page of nats-server"
    done
    ! reaches b etcd a 8008 || stop_test "etcd is not heard by Patroni"
    reaches b postgres a 8008 || stop_test "Patroni is heard by Patroni"
}

connected() {
    [[ $(in_space b ss -tnH state established dst "$(net_place a).10:4222") ]]
}

client_start() {
    listener a 4222
    wait_until 10 greets a 4222 in_space b || stop_test "zone a serves"
    ip netns exec "$(space_of b)" bash -c 'exec 3<>"/dev/tcp/$1/4222" && exec sleep 60' - \
        "$(net_place a).10" &
    client=$!
    wait_until 5 connected || stop_test "a connection from b to a"
}

client_stop() {
    kill "$client"
    wait "$client" 2>/dev/null || true
    client=
}

# Who only kills programs lets their connections end in order; a power cut does not.
killed_zone_is_silent() {
    mkdir -p "$dir/run"
    client_start
    net_end_all a || true
    wait_until 5 not_connected || stop_test "killed programs' connections end"
    client_stop
    client_start
    zone_kill a
    [[ ! $(ip netns pids "$(space_of a)") ]] || stop_test "nothing runs in a killed zone"
    connected || stop_test "nobody hears that a killed zone ended"
    client_stop
    net_heal
}

not_connected() {
    ! connected
}

# waiter INODE: somebody waits for the lock
waiter() {
    grep -q -- "-> FLOCK .*:$1 " /proc/locks
}

turns_are_taken() {
    local lock=/run/cavea-zones-$net.lock held down
    exec {held}>"$lock"
    flock "$held"
    ! "$cavea_root/ops/zones" up --net "$net" --dir "$dir" 2>"$work/told" {held}>&- ||
        stop_test "two do not work on the same zones"
    grep -q 'another ops/zones is at work' "$work/told" || stop_test "it says so: $(<"$work/told")"
    printf '%s\n' "$net" >"$dir/net"
    in_space a setpriv --reuid=nobody --regid=nogroup --clear-groups sleep 60 {held}>&- &
    disown
    "$cavea_root/ops/zones" down --net "$net" --dir "$dir" {held}>&- >"$work/down.log" 2>&1 &
    down=$!
    wait_until 10 waiter "$(stat -c %i "$lock")" || stop_test "down waits for its turn"
    space_exists a || stop_test "and does nothing meanwhile"
    exec {held}>&-
    wait "$down" || stop_test "down: $(<"$work/down.log")"
    [[ ! -e $dir/net ]] || stop_test "down removes what it made"
    ! ip netns list | grep -q "cavea$net-" || stop_test "no namespace is left"
    ! ip link show "cavea$net" 2>/dev/null || stop_test "no link is left"
    ! ip route show | grep -q "^10\.$net\." || stop_test "no route is left"
    rm -f "$lock"
}

strange_folders_are_refused() {
    mkdir -p "$work/other"
    printf '%s\n' "$((net + 1))" >"$work/other/net"
    ! "$cavea_root/ops/zones" heal --net "$net" --dir "$work/other" 2>"$work/told" ||
        stop_test "the folder of other zones is refused"
    grep -q 'belongs to' "$work/told" || stop_test "it says so: $(<"$work/told")"
    ! "$cavea_root/ops/zones" down --net "$net" --dir "$work/nothing" 2>"$work/told" ||
        stop_test "zones are not removed through a folder that is not theirs"
    space_exists a || stop_test "they are there still"
}

zones_globals
if ! command -v nft >/dev/null || ! command -v ip >/dev/null || ! spaces_allowed; then
    echo "figure: left out: networks of zones, because that takes root, iproute2 and nftables"
    failures_reach_nobody
    exit 0
fi
net_free
zones_globals
failures_reach_nobody
packages_read_installed
[[ $(packages_missing run config zones) ]] || rights_are_tried
net_up
cuts_are_told
guard_refuses
killed_zone_is_silent
strange_folders_are_refused
turns_are_taken
