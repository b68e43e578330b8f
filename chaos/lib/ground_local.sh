# The small ground: one node of ops/run with two actor hosts (actors, actors-2) and two edges (edge,
# edge-2) in a folder of its own. What is killed is started again a second later, and again until it
# runs, as a service manager does, unless it is held. Where a scenario asks for it, the store of a
# server is a small disk of its own (tmpfs: needs root), or PostgreSQL's fsync can be made slow. A
# nats-server with such a disk is watched and kept running as on a host (ops/nats/watch.sh).
# shellcheck shell=bash
# shellcheck disable=SC2154 # the globals of chaos/run

for ground_part in process port postgres nats stack; do
    # shellcheck source=/dev/null
    . "$cavea_root/ops/lib/$ground_part.sh"
done

ground_up() {
    local edge_port
    dir=$work/stack
    port_pick edge_port
    # A hold is not longer for its payment, so that payments come too late.
    export CAVEA_HOST_TTL=${CAVEA_HOST_TTL:-3s}
    export CAVEA_PAYMENT_EXTENSION=${CAVEA_PAYMENT_EXTENSION:-4s}
    disks_mount
    "$cavea_root/ops/run" --detach --dir "$dir" --port "$edge_port" --no-demo \
        --hold-seconds "$hold" >"$work/up.log" 2>&1 ||
        { cat "$work/up.log" >&2 && fail "the stack did not start"; }
    build=$(jq -r .build "$dir/stack.json")
    port=$edge_port hold_seconds=$(<"$dir/run/hold_seconds")
    declare -gA ports=() second=()
    local name chosen
    while IFS='=' read -r name chosen; do ports[$name]=$chosen; done <"$dir/ports"
    for name in actors_admin edge edge_admin; do
        port_pick chosen
        second[$name]=$chosen
    done
    [[ ! $slow_fsync ]] || fsync_ready
    [[ ! ${disks[nats]-} ]] || nats_watched
    ground_start actors-2
    ground_start edge-2
    edges=("http://127.0.0.1:$port" "http://127.0.0.1:${second[edge]}")
    provider_key_file=$dir/secrets/provider.key
}

ground_down() {
    local name
    nats_unkept
    [[ ! -d $work/stack/run ]] || "$cavea_root/ops/run" --stop --dir "$work/stack" || true
    for name in "${!disks[@]}"; do
        ! mountpoint -q "$work/stack/$name" || umount "$work/stack/$name" ||
            umount -l "$work/stack/$name" || true
    done
    if [[ -s $work/stack/postgres.place ]]; then rm -rf "$(<"$work/stack/postgres.place")"; fi
    rm -rf "$work/stack"
}

ground_nodes() {
    printf '%s\n' edge edge-2 actors actors-2 nats-server postgres provider
}

ground_start() {
    process_gone "$dir/run" "$1" || return 0
    case $1 in
    actors) stack_actors actors "${ports[actors_admin_port]}" ;;
    actors-2) stack_actors actors-2 "${second[actors_admin]}" ;;
    edge) stack_edge ;;
    edge-2) stack_edge edge-2 "${second[edge]}" "${second[edge_admin]}" ;;
    nats-server) nats_start "$dir" "${ports[nats_port]}" ;;
    postgres)
        postgres_home=$(<"$dir/postgres.place")
        postgres_start "$dir" "$postgres_home" "$(postgres_bin "$postgres_home")" \
            "${ports[postgres_port]}"
        ;;
    provider) stack_provider ;;
    *) fail "nothing here is called $1" ;;
    esac
}

ground_alive() {
    ! process_gone "$dir/run" "$1"
}

# 1: there is no such process
ground_signal() {
    local pid
    pid=$(process_pid "$dir/run" "$2") || return 1
    kill -s "$1" "$pid" 2>/dev/null
}

# ground_kill NODE [hold]; 1: there was nothing to kill
ground_kill() {
    local pid children
    pid=$(process_pid "$dir/run" "$1") || return 1
    # Stopped, it has no child that we do not see: one left over, which waits for a lock of the
    # dead, would keep the new server out for ever.
    kill -STOP "$pid" 2>/dev/null || return 1
    mapfile -t children < <([[ $1 != postgres ]] || pgrep -P "$pid")
    kill -KILL "$pid" "${children[@]}" 2>/dev/null || true
    wait_until 5 process_gone "$dir/run" "$1" || return 1
    [[ ${2:-} != hold ]] || return 0
    (sleep 1 && ground_again "$1" 60) >>"$work/up.log" 2>&1 &
    restarts+=($!)
}

# ground_again NODE SECONDS: until it runs; the report says when that took long. Who was killed
# again before it ran has two that want to start it: one after the other, so that only one does.
ground_again() {
    local began deadline took turn
    began=$(now_ms) deadline=$((began + $2 * 1000))
    exec {turn}>"$work/again-$1"
    flock "$turn"
    until (exec {turn}>&- && ground_start "$1"); do
        (($(now_ms) < deadline)) || { exec {turn}>&- && return 1; }
        sleep 1
    done
    exec {turn}>&-
    took=$(($(now_ms) - began))
    ((took < 5000)) || mark "start $1: it took $took ms until it ran"
}

ground_stop() {
    local signal=TERM
    [[ $1 != postgres ]] || signal=INT
    process_stop "$dir/run" "$1" "$signal" 20
}

# What was struck before is back: that two are away at once is for other scenarios.
all_serve() {
    local url hosts
    for url in "${edges[@]}"; do
        curl -sSf -m 1 -o /dev/null "$url/v1/time" 2>/dev/null || return 1
    done
    hosts=$(evidence_sql "$postgres_url" 2>/dev/null <<'SQL'
SELECT count(*) FROM host WHERE NOT stopping
    AND heartbeat_at > clock_timestamp() - make_interval(secs => ttl_ms / 3000.0)
SQL
    ) && ((hosts > 1))
}

# What this word means at this moment.
ground_node() {
    local holder
    case $1 in
    holder | spare)
        holder=$(holder_name)
        [[ $holder ]] || return 1
        if [[ $1 == holder ]]; then
            printf '%s\n' "$holder"
        else
            [[ $holder == actors ]] && printf 'actors-2\n' || printf 'actors\n'
        fi
        ;;
    edge-any) ((chance % 2)) && printf 'edge\n' || printf 'edge-2\n' ;;
    host-or-edge)
        all_serve || return 1
        ground_node "$( ((chance / 2 % 2)) && printf holder || printf edge-any)"
        ;;
    nats | leader) printf 'nats-server\n' ;;
    primary) printf 'postgres\n' ;;
    *) printf '%s\n' "$1" ;;
    esac
}

ground_heal() {
    local node
    nats_unkept
    ((${#restarts[@]} == 0)) || wait "${restarts[@]}" 2>/dev/null || true
    restarts=()
    for node in postgres nats-server provider actors actors-2 edge edge-2; do
        ground_signal CONT "$node" || true
        ground_again "$node" 60 >>"$work/up.log" 2>&1 || fail "$node does not start any more"
    done
}

# ground_superuser SQL
ground_superuser() {
    PGPASSWORD=$(<"$dir/secrets/postgres-superuser") psql -X -q -At -h 127.0.0.1 \
        -p "${ports[postgres_port]}" -U postgres -d cavea -c "$1"
}

ground_store_of_nats() {
    printf '%s\n' "$dir/nats"
}

# ground_clock NODE OFFSET: starts it again with its wall clock moved
ground_clock() {
    local library
    library=$(find /usr/lib -name libfaketimeMT.so.1 2>/dev/null | head -n 1)
    [[ $library ]] || fail "the package faketime is not installed"
    ground_stop "$1"
    LD_PRELOAD=$library FAKETIME=$2 FAKETIME_DONT_FAKE_MONOTONIC=1 ground_start "$1"
    grep -q libfaketime "/proc/$(process_pid "$dir/run" "$1")/maps"
}

ground_edges() {
    printf 'edge\nedge-2\n'
}

# ground_map EDGE EVENT: seats.bin as hexadecimal digits
ground_map() {
    local url=${edges[0]}
    [[ $1 == edge ]] || url=${edges[1]}
    curl -sSf -m 10 "$url/v1/events/$2/seats.bin" 2>/dev/null | od -An -v -tx1 | tr -d ' \n'
}

# The disks that the scenario asks for, before anything lies on them.
disks_mount() {
    local name
    for name in "${!disks[@]}"; do
        mkdir -p "$dir/$name"
        mount -t tmpfs -o "size=${disks[$name]}m,mode=0755" cavea-chaos "$dir/$name" ||
            fail "no small disk could be mounted"
    done
}

# nats-server once more, with its watch.
nats_watched() {
    port_pick nats_page
    ground_stop nats-server
    ground_start nats-server
    nats_keep >>"$work/up.log" 2>&1 &
    nats_keeper=$!
}

nats_keep() {
    while sleep 0.2; do
        ! process_gone "$dir/run" nats-server || { mark "nats-server has ended" && sleep 1 &&
            ground_again nats-server 600; }
    done
}

# Not in the middle of a start, if one may come to its end.
nats_unkept() {
    [[ ${nats_keeper-} ]] || return 0
    wait_until 30 ground_alive nats-server || true
    kill "$nats_keeper"
    wait "$nats_keeper" || true
    nats_keeper=
}

# ground_fill nats|postgres: not a byte is left
ground_fill() {
    mountpoint -q "$dir/$1" || return 1
    dd if=/dev/zero of="$dir/$1/ballast" bs=64K 2>/dev/null || true
    (($(df -B1 --output=avail "$dir/$1" | tail -n 1) < 65536))
}

ground_unfill() {
    rm "$dir/$1/ballast"
}

# PostgreSQL once more, with our fsync before the library's.
fsync_ready() {
    install -m 755 "$build/libcavea-slow-fsync.so" "$work/slow-fsync.so"
    printf '0\n' >"$work/slow-fsync.ms"
    chmod 644 "$work/slow-fsync.ms"
    ground_stop postgres
    LD_PRELOAD=$work/slow-fsync.so CAVEA_SLOW_FSYNC=$work/slow-fsync.ms ground_start postgres
}

# ground_fsync MILLISECONDS: so much longer takes each fsync from now on; fails where it does not
ground_fsync() {
    grep -q slow-fsync "/proc/$(process_pid "$dir/run" postgres)/maps" || return 1
    printf '%s\n' "$1" >"$work/slow-fsync.ms"
}
