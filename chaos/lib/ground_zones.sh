# The large ground: three zones of ops/zones. Its keepers start again what is killed.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the globals of chaos/run

zones_command() {
    "$cavea_root/ops/zones" "$@" --net "$zones_net" --dir "$dir"
}

ground_up() {
    dir=${CAVEA_CHAOS_ZONES_DIR:-/var/lib/cavea/chaos-$zones_net}
    zones_command up --no-demo --hold-seconds "$hold" >"$work/up.log" 2>&1 ||
        { cat "$work/up.log" >&2 && fail "the zones did not start"; }
    build=$(jq -r .build "$dir/stack.json")
    edges=("$(jq -r .edge_url "$dir/stack.json")")
    provider_key_file=$work/provider.key
    jq -r .provider_key "$dir/stack.json" | write_private "$provider_key_file"
}

zones_names=(a b c)

ground_edges() {
    printf 'edge-%s\n' "${zones_names[@]}"
}

# ground_map EDGE EVENT: seats.bin as hexadecimal digits, of the edge itself
ground_map() {
    local zone=${1#edge-} address
    address=$(jq -r ".zones.$zone.address" "$dir/stack.json")
    ip netns exec "cavea$zones_net-$zone" curl -sSf -m 10 \
        "http://$address:8081/v1/events/$2/seats.bin" 2>/dev/null | od -An -v -tx1 | tr -d ' \n'
}

ground_down() {
    zones_command down >>"$work/up.log" 2>&1 || true
}

ground_nodes() {
    printf '%s\n' {nats,postgres,actors,edge,haproxy}-{a,b,c}
}

# A zone lives as long as anything of it does, which kill and cut find out themselves.
ground_alive() {
    [[ $1 == [abc] ]] || process_pid "$dir/run" "${1/#patroni-/postgres-}" >/dev/null
}
ground_start() { zones_command start "$1"; }
ground_stop() { zones_command stop "$1"; }
ground_signal() {
    ground_alive "$2" || return 1
    case $1 in
    STOP) zones_command pause "$2" ;;
    CONT) zones_command resume "$2" ;;
    esac
}
# ground_kill NODE|ZONE [hold]
ground_kill() {
    ground_alive "$1" || return 1
    zones_command kill "$1" ${2:+--hold}
}
ground_cut() { zones_command cut "$@"; }
ground_heal() { zones_command heal; }

ground_superuser() {
    PGPASSWORD=$(<"$dir/secrets/postgres-superuser") psql -X -q -At \
        "$(jq -r .postgres_url "$dir/stack.json" | sed 's|//[^@]*@|//postgres@|')" -c "$1"
}

# zones_member ROLE: the node of the PostgreSQL that is leader, sync_standby or replica. Patroni
# itself is asked: ops/zones status looks at every process of every node, which takes its time.
zones_member() {
    local zone
    for zone in a b c; do
        curl -fsS -m 1 "$(jq -r ".zones.$zone.patroni_url" "$dir/stack.json")/cluster" 2>/dev/null |
            jq -er --arg role "$1" 'first(.members[] | select(.role == $role)).name' && return
    done
    return 1
}

# The server that leads the inbox stream, by what the servers themselves say.
zones_stream_leader() {
    local zone
    for zone in a b c; do
        ip netns exec "cavea$zones_net-$zone" curl -fsS -m 1 \
            "http://127.0.0.1:8222/jsz?accounts=true&streams=true" 2>/dev/null |
            jq -er '[.account_details[]?.stream_detail[]? | select(.name == "CAVEA_IN") |
                .cluster.leader // empty][0] // empty' && return
    done
    return 1
}

zones_other() {
    local zone
    for zone in a b c; do
        [[ " $* " == *" $zone "* ]] || { printf '%s\n' "$zone" && return; }
    done
}

# What this word means at this moment: a node, or a zone.
ground_node() {
    local holder primary standby leader zone
    case $1 in
    holder | spare)
        holder=$(holder_name)
        [[ $holder ]] || return 1
        [[ $1 == holder ]] && printf '%s\n' "$holder" ||
            printf 'actors-%s\n' "$(zones_other "${holder##*-}")"
        ;;
    primary) zones_member leader ;;
    patroni) primary=$(zones_member leader) && printf 'patroni-%s\n' "${primary##*-}" ;;
    standby) zones_member sync_standby ;;
    replica) zones_member replica ;;
    leader | follower)
        leader=$(zones_stream_leader) || return 1
        leader=nats-${leader##*-}
        [[ $1 == leader ]] && printf '%s\n' "$leader" ||
            printf 'nats-%s\n' "$(zones_other "${leader##*-}")"
        ;;
    zone-primary) primary=$(zones_member leader) && printf '%s\n' "${primary##*-}" ;;
    zone-standby) standby=$(zones_member sync_standby) && printf '%s\n' "${standby##*-}" ;;
    zone-other)
        primary=$(zones_member leader) && standby=$(zones_member sync_standby) || return 1
        zones_other "${primary##*-}" "${standby##*-}"
        ;;
    host-primary | host-standby | host-other)
        zone=$(ground_node "zone-${1#host-}") && printf 'actors-%s\n' "$zone"
        ;;
    edge-any) printf 'edge-%s\n' "${zones_names[chance % 3]}" ;;
    host-or-edge) ground_node "$( ((chance / 3 % 2)) && printf holder || printf edge-any)" ;;
    nats) printf 'nats-%s\n' a b c ;;
    *) printf '%s\n' "$1" ;;
    esac
}

ground_clock() {
    printf 'faketime -f %s' "$2" >"$dir/run/$1.with"
    ground_kill "$1"
}
