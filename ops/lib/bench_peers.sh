# Others in the same run. The database alone, one reservation at a time: pgbench with the scripts of
# tests/bench/peers. And what a good web team would build, a process for each core: fastify and pg
# with the best of these statements, and fastify, Redis and pg.
# Same rows as the product writes (reservation, two seats, one fact), same durability, prepared, in
# the same cluster. Short runs find the best client count of each; then all in turns.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

peer_scripts=(for_update advisory cas conditional)

part_peers() {
    local name clients round
    packages_ensure bench
    peers_up
    redis_up
    for clients in "${peer_clients[@]}"; do
        for name in "${peer_scripts[@]}"; do peer_run peers-tried "$name" "$clients" 1; done
    done
    fastify_try 'fastify + pg'
    fastify_try 'fastify + Redis + pg' "$redis_port"
    for ((round = 0; round < peer_rounds; round++)); do
        for name in "${peer_scripts[@]}"; do
            peer_run peers "$name" "$(best_count "pgbench $name")" "$short"
        done
        fastify_round 'fastify + pg'
        fastify_round 'fastify + Redis + pg' "$redis_port"
    done
    process_stop "$work/bare" redis TERM 10
}

# best_count SYSTEM: of the client counts that were tried
best_count() {
    jq -ers --arg system "$1" 'map(select(.part == "peers-tried" and .system == $system)) |
        max_by(.load.ok_per_second).label | split(" ")[0]' "$results"
}

peers_up() {
    local dir=$cavea_root/tests/bench/peers
    bench_sql postgres <<<'CREATE DATABASE peers'
    bench_sql peers <"$dir/tables.sql"
    seq 1 20 >"$work/bare/houses"
    [[ -e $dir/node_modules/ioredis ]] ||
        (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
}

# peer_empty: no house is more than 30 % full when a run begins
peer_empty() {
    bench_sql peers <"$cavea_root/tests/bench/peers/empty.sql"
    [[ -z ${redis_port-} ]] || redis-cli -p "$redis_port" FLUSHALL >/dev/null
}

# peer_run PART SCRIPT CLIENTS SECONDS
peer_run() {
    local part=$1 name=$2 clients=$3 before after cpu_before cpu_after
    peer_empty
    before=$(wal_now)
    cpu_before=$(cpu_of_postgres peers)
    PGPASSWORD=$(<"$stack/secrets/postgres-superuser") "$bench_bin/pgbench" -n -M prepared \
        -h 127.0.0.1 -p "$postgres_port" -U postgres -c "$clients" -j 2 -T "$4" \
        -f "$cavea_root/tests/bench/peers/$name.sql" peers >"$work/pgbench.out" 2>&1 ||
        fail "pgbench: $(tail -n 1 "$work/pgbench.out")"
    # Their CPU counts when they have ended.
    wait_until 10 peers_gone || say 'bench: sessions of pgbench did not end'
    cpu_after=$(cpu_of_postgres peers)
    after=$(wal_now)
    peer_note "$part" "$name" "$clients" $((after - before)) $((cpu_after - cpu_before))
}

peers_gone() {
    local left
    left=$(bench_sql postgres <<<"SELECT count(*) FROM pg_stat_activity
        WHERE datname = 'peers' AND backend_type = 'client backend'")
    ((left == 0))
}

# peer_note PART SCRIPT CLIENTS WAL CPU: pgbench's own rate, without the time of connecting, as far
# as its transactions were reservations
peer_note() {
    local ok mean tps tried
    ok=$(bench_sql peers <<<'SELECT count(*) FROM peer_reservation')
    mean=$(sed -n 's/^latency average = \([0-9.]*\) ms/\1/p' "$work/pgbench.out")
    tps=$(sed -n 's/^tps = \([0-9.]*\) (without.*/\1/p' "$work/pgbench.out")
    tried=$(sed -n 's/^number of transactions actually processed: \([0-9]*\).*/\1/p' \
        "$work/pgbench.out")
    [[ $tps && $tried ]] || fail "pgbench told no rate: $(tail -n 1 "$work/pgbench.out")"
    note "$1" "pgbench $2" "$3 clients" "$(jq -nc --argjson ok "$ok" --argjson tps "$tps" \
        --argjson tried "$tried" --argjson mean "${mean:-0}" --argjson wal "$4" \
        --argjson postgres "$5" '{load: {ok_per_second: ($tps * $ok / ([$tried, 1] | max)),
        "2xx": $ok, answered: $tried, mean_ms: $mean}, $wal, cpu: {$postgres}}')"
}

# A private Redis that keeps nothing: the faster setting, and what is usual for seat holds.
redis_up() {
    port_pick redis_port
    process_start "$work/bare" "$work/bare/redis.log" redis redis-server --port "$redis_port" \
        --bind 127.0.0.1 --save '' --appendonly no --daemonize no --dir "$work/bare"
    wait_until 20 redis_answers || fail "Redis did not start: $(<"$work/bare/redis.log")"
}

redis_answers() {
    redis-cli -p "$redis_port" PING >/dev/null 2>&1
}

fastify_try() {
    local clients
    fastify_start "$@"
    for clients in "${fastify_clients[@]}"; do
        peer_empty
        measure peers-tried "$1" "$clients connections" fastify_load "$clients" 1
    done
    process_stop "$work/bare" fastify TERM 10
}

fastify_round() {
    local clients
    clients=$(best_count "$1")
    fastify_start "$@"
    peer_empty
    measure peers "$1" "$clients connections" fastify_load "$clients" "$short"
    process_stop "$work/bare" fastify TERM 10
}

# fastify_start NAME [REDIS_PORT]: measured when its code is warm
fastify_start() {
    local dir=$cavea_root/tests/bench/peers password
    password=$(<"$stack/secrets/postgres-superuser")
    port_pick fastify_port
    : >"$work/bare/fastify.log"
    process_start "$work/bare" "$work/bare/fastify.log" fastify node "$dir/fastify.mjs" \
        "$fastify_port" "postgresql://postgres:$password@127.0.0.1:$postgres_port/peers" "${@:2}"
    wait_until 30 bare_ready fastify || fail "fastify did not start: $(<"$work/bare/fastify.log")"
    peer_empty
    fastify_load 64 "$short" >"$work/run.json"
}

# fastify_load CONNECTIONS SECONDS
fastify_load() {
    bench_load "$fastify_port" --events "$work/bare/houses" --seats "$work/bare/seats" \
        --tokens "$work/tokens" --connections "$1" --seconds "$2" --seed 5
}
