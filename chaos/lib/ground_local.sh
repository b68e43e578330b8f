# The small ground: one node of ops/run with two actor hosts (actors, actors-2) and two edges (edge,
# edge-2) in a folder of its own. What is killed is started again a second later, as a service
# manager does, unless it is held.
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
    CAVEA_HOST_TTL=${CAVEA_HOST_TTL:-3s} "$cavea_root/ops/run" --detach --dir "$dir" \
        --port "$edge_port" --no-demo --hold-seconds "$hold" >"$work/up.log" 2>&1 ||
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
    ground_start actors-2
    ground_start edge-2
    edges=("http://127.0.0.1:$port" "http://127.0.0.1:${second[edge]}")
    provider_key_file=$dir/secrets/provider.key
}

ground_down() {
    [[ ! -d $work/stack/run ]] || "$cavea_root/ops/run" --stop --dir "$work/stack" || true
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

ground_signal() {
    local pid
    pid=$(process_pid "$dir/run" "$2") || return 0
    kill -s "$1" "$pid" 2>/dev/null || true
}

# ground_kill NODE [hold]
ground_kill() {
    local pid children
    pid=$(process_pid "$dir/run" "$1") || return 0
    mapfile -t children < <([[ $1 != postgres ]] || pgrep -P "$pid")
    kill -KILL "$pid" "${children[@]}" 2>/dev/null || true
    wait_until 5 process_gone "$dir/run" "$1" || true
    [[ ${2:-} != hold ]] || return 0
    (sleep 1 && ground_start "$1") >>"$work/up.log" 2>&1 &
    restarts+=($!)
}

ground_stop() {
    local signal=TERM
    [[ $1 != postgres ]] || signal=INT
    process_stop "$dir/run" "$1" "$signal" 20
}

# What this word means at this moment.
ground_node() {
    local holder
    case $1 in
    holder | spare)
        holder=$(holder_name)
        if [[ $1 == holder ]]; then
            printf '%s\n' "${holder:-actors}"
        else
            [[ $holder == actors ]] && printf 'actors-2\n' || printf 'actors\n'
        fi
        ;;
    edge-any) printf 'edge%s\n' "$([[ $((RANDOM % 2)) == 0 ]] || printf -- -2)" ;;
    nats | leader) printf 'nats-server\n' ;;
    primary) printf 'postgres\n' ;;
    *) printf '%s\n' "$1" ;;
    esac
}

ground_heal() {
    local node
    ((${#restarts[@]} == 0)) || wait "${restarts[@]}" || true
    restarts=()
    for node in postgres nats-server provider actors actors-2 edge edge-2; do
        ground_signal CONT "$node"
        ground_start "$node" >>"$work/up.log" 2>&1
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
}
