# Nodes of the zones: which there are, how each is started, ended, paused and looked at. A node is
# ROLE-ZONE, such as nats-a, or one of the two outside: provider and front. ops/lib/keep.sh keeps
# each running; what ends a node uses the processes of its user in its namespace, so that also
# postgres, which Patroni leaves behind, belongs to it.
# Uses the globals dir, zones, net, address, user, group, build.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

node_roles=(nats etcd postgres actors edge live haproxy)

nodes_all() {
    local zone role
    for zone in "${zones[@]}"; do
        for role in "${node_roles[@]}"; do printf '%s-%s\n' "$role" "$zone"; done
    done
    printf '%s\n' provider front
}

zone_is() {
    [[ " ${zones[*]} " == *" $1 "* ]]
}

node_place() {
    case $1 in
    provider | front) printf 'outside' ;;
    *) printf '%s' "${1##*-}" ;;
    esac
}

node_role() {
    case $1 in
    front) printf 'haproxy' ;;
    *) printf '%s' "${1%-*}" ;;
    esac
}

# nodes_named WORD...: nodes by their names, a zone's name stands for all of its nodes
nodes_named() {
    local word
    for word in "$@"; do
        if zone_is "$word"; then
            nodes_all | grep -- "-$word\$"
            continue
        fi
        nodes_all | grep -Fx -- "$word" || fail "there is no node or zone $word; nodes:" \
            "$(nodes_all | tr '\n' ' ')"
    done
}

node_uid() {
    id -u "${user[$(node_role "$1")]}"
}

# Lines "UID PID" of everything that runs in a place; some may have ended meanwhile.
space_pids() {
    ip netns pids "$(space_of "$1")" | sed 's|^|/proc/|' |
        { xargs -r stat -c '%u %n' 2>/dev/null || true; } | sed 's|/proc/||'
}

# Every process of the node.
node_pids() {
    local uid place
    uid=$(node_uid "$1") place=$(node_place "$1")
    space_exists "$place" || return 0
    space_pids "$place" | sed -n "s/^$uid //p"
}

node_signal() {
    local pids
    mapfile -t pids < <(node_pids "$2")
    ((${#pids[@]} == 0)) || kill -s "$1" "${pids[@]}" 2>/dev/null || true
}

node_ended() {
    [[ ! $(node_pids "$1") ]]
}

node_command() {
    local zone=${1##*-} conf
    conf=$dir/conf/$zone
    case $(node_role "$1") in
    nats) printf '%s\n' bash "$cavea_root/ops/nats/watch.sh" 127.0.0.1:8222 "$(nats_program)" \
        -c "$conf/nats-server.conf" ;;
    etcd) printf '%s\n' etcd --config-file "$conf/etcd.yml" ;;
    postgres) printf '%s\n' patroni "$conf/patroni.yml" ;;
    haproxy) printf '%s\n' "$(PATH=$PATH:/usr/sbin command -v haproxy)" -db -q -f \
        "$([[ $1 == front ]] && echo "$dir/conf/outside/front.cfg" || echo "$conf/haproxy.cfg")" ;;
    provider) printf '%s\n' "$build/cavea-provider" ;;
    *) printf '%s\n' "$build/cavea-$(node_role "$1")" ;;
    esac
}

# node_keep NODE: from now on it runs
node_keep() {
    local node=$1 role place command=()
    role=$(node_role "$node") place=$(node_place "$node")
    process_gone "$dir/run" "keep-$node" || return 0
    mapfile -t command < <(node_command "$node")
    rm -f "$dir/run/$node.hold"
    touch "$dir/log/$node.log"
    process_start "$dir/run" "$dir/log/keep.log" "keep-$node" bash "$cavea_root/ops/lib/keep.sh" \
        "$dir/run" "$dir/log/$node.log" "$node" "$(space_of "$place")" "${user[$role]}" \
        "${group[$role]}" "${command[@]}"
}

# node_kill NODE [hold]: kill -9 of all its processes. Stopped first, so that none starts another
# between the look and the blow: a process of PostgreSQL that is left over would keep the next
# server out for ever.
node_kill() {
    [[ ${2-} != hold ]] || : >"$dir/run/$1.hold"
    node_signal STOP "$1"
    node_signal KILL "$1"
}

# The zone is silent before its programs end, so nobody hears that they do; and they end together.
zone_kill() {
    local node
    for node in $(nodes_named "$1"); do : >"$dir/run/$node.hold"; done
    net_cut_zone "$1" both
    wait_until 10 net_end_all "$1" || say "zones: something in zone $1 does not end"
}

# node_stop NODE: in order; it stays away until node_release
node_stop() {
    : >"$dir/run/$1.hold"
    node_signal CONT "$1"
    case $(node_role "$1") in
    haproxy) node_signal USR1 "$1" ;;
    postgres) node_signal_patroni TERM "$1" ;;
    *) node_signal TERM "$1" ;;
    esac
    wait_until 30 node_ended "$1" || node_kill "$1" hold
}

# Patroni stops its PostgreSQL itself, and would take that one's end for a crash.
node_signal_patroni() {
    local pid
    if pid=$(process_pid "$dir/run" "$2"); then
        kill -s "$1" "$pid"
    else
        node_signal "$1" "$2"
    fi
}

node_release() {
    rm -f "$dir/run/$1.hold"
    node_signal CONT "$1"
}

# node_is NODE: one word
node_is() {
    local pid state
    if ! pid=$(process_pid "$dir/run" "$1"); then
        [[ -e $dir/run/$1.hold ]] && printf 'held' || printf 'down'
        return
    fi
    state=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) || state=
    [[ ${state%% *} == T ]] && printf 'paused' || printf 'up'
}
