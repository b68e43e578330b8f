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

ground_down() {
    zones_command down >>"$work/up.log" 2>&1 || true
}

ground_nodes() {
    printf '%s\n' {nats,postgres,actors,edge,haproxy}-{a,b,c}
}

ground_start() { zones_command start "$1"; }
ground_stop() { zones_command stop "$1"; }
ground_signal() {
    case $1 in
    STOP) zones_command pause "$2" ;;
    CONT) zones_command resume "$2" ;;
    esac
}
# ground_kill NODE|ZONE [hold]
ground_kill() { zones_command kill "$1" ${2:+--hold}; }
ground_cut() { zones_command cut "$@"; }
ground_heal() { zones_command heal; }

ground_superuser() {
    PGPASSWORD=$(<"$dir/secrets/postgres-superuser") psql -X -q -At \
        "$(jq -r .postgres_url "$dir/stack.json" | sed 's|//[^@]*@|//postgres@|')" -c "$1"
}

# zones_member ROLE: the zone of the PostgreSQL that has it: leader, sync_standby or replica
zones_member() {
    zones_command status --json | jq -r --arg role "$1" \
        '[.postgres[] | select(.role == $role)][0].node // "postgres-a"'
}

zones_other() {
    local zone
    for zone in a b c; do
        [[ " $* " == *" $zone "* ]] || { printf '%s\n' "$zone" && return; }
    done
}

# What this word means at this moment: a node, or a zone.
ground_node() {
    local holder primary standby leader
    case $1 in
    holder | spare)
        holder=$(holder_name)
        holder=${holder:-actors-a}
        [[ $1 == holder ]] && printf '%s\n' "$holder" ||
            printf 'actors-%s\n' "$(zones_other "${holder##*-}")"
        ;;
    primary) zones_member leader ;;
    standby) zones_member sync_standby ;;
    replica) zones_member replica ;;
    leader | follower)
        leader=$(zones_command status --json |
            jq -r '[.streams[] | select(.stream == "CAVEA_IN" and .leader != "none")][0].leader')
        leader=nats-${leader##*-}
        [[ $1 == leader ]] && printf '%s\n' "$leader" ||
            printf 'nats-%s\n' "$(zones_other "${leader##*-}")"
        ;;
    zone-primary) primary=$(zones_member leader) && printf '%s\n' "${primary##*-}" ;;
    zone-standby) standby=$(zones_member sync_standby) && printf '%s\n' "${standby##*-}" ;;
    zone-other)
        primary=$(zones_member leader) standby=$(zones_member sync_standby)
        zones_other "${primary##*-}" "${standby##*-}"
        ;;
    edge-any) printf 'edge-%s\n' "$(shuf -e -n 1 a b c)" ;;
    nats) printf 'nats-%s\n' a b c ;;
    *) printf '%s\n' "$1" ;;
    esac
}

ground_clock() {
    printf 'faketime -f %s' "$2" >"$dir/run/$1.with"
    ground_kill "$1"
}
