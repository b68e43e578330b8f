# Others in the same run. The database alone, one reservation at a time: pgbench with the scripts of
# tests/bench/peers. And what a good web team would build, a process for each core: fastify and pg
# with the best of these statements, and fastify, Redis and pg.
# Same rows as the product writes (reservation, two seats, one fact), same durability, prepared, the
# best of several client counts, in the same cluster.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

part_peers() {
    local name clients
    packages_ensure bench
    peers_up
    for clients in "${peer_clients[@]}"; do
        for name in for_update advisory cas conditional; do
            peer_run "$name" "$clients"
        done
    done
    fastify_run 'fastify + pg'
    redis_up
    fastify_run 'fastify + Redis + pg' "$redis_port"
    process_stop "$work/bare" redis TERM 10
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

peer_run() {
    local name=$1 clients=$2 before after cpu_before cpu_after
    peer_empty
    before=$(wal_now)
    cpu_before=$(cpu_of_postgres peers)
    PGPASSWORD=$(<"$stack/secrets/postgres-superuser") "$bench_bin/pgbench" -n -M prepared \
        -h 127.0.0.1 -p "$postgres_port" -U postgres -c "$clients" -j 2 -T "$short" \
        -f "$cavea_root/tests/bench/peers/$name.sql" peers >"$work/pgbench.out" 2>&1 ||
        say "bench: pgbench: $(tail -n 1 "$work/pgbench.out")"
    wait_until 10 peers_gone # whose CPU counts when they have ended
    cpu_after=$(cpu_of_postgres peers)
    after=$(wal_now)
    peer_note "$name" "$clients" $((after - before)) $((cpu_after - cpu_before))
}

peers_gone() {
    local left
    left=$(bench_sql postgres <<<"SELECT count(*) FROM pg_stat_activity WHERE datname = 'peers'")
    ((left == 0))
}

peer_note() {
    local ok mean
    ok=$(bench_sql peers <<<'SELECT count(*) FROM peer_reservation')
    mean=$(sed -n 's/^latency average = \([0-9.]*\) ms/\1/p' "$work/pgbench.out")
    note peers "pgbench $1" "$2 clients" "{\"load\": {\"ok_per_second\": $((ok / short)),
        \"2xx\": $ok, \"answered\": $ok, \"mean_ms\": ${mean:-0}}, \"wal\": $3,
        \"cpu\": {\"postgres\": $4}}"
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

# fastify_run NAME [REDIS_PORT]: measured when its code is warm
fastify_run() {
    local dir=$cavea_root/tests/bench/peers password clients
    password=$(<"$stack/secrets/postgres-superuser")
    port_pick fastify_port
    : >"$work/bare/fastify.log"
    process_start "$work/bare" "$work/bare/fastify.log" fastify node "$dir/fastify.mjs" \
        "$fastify_port" "postgresql://postgres:$password@127.0.0.1:$postgres_port/peers" "${@:2}"
    wait_until 30 bare_ready fastify || fail "fastify did not start: $(<"$work/bare/fastify.log")"
    peer_empty
    fastify_load 64 >"$work/run.json"
    for clients in "${fastify_clients[@]}"; do
        peer_empty
        measure peers "$1" "$clients connections" fastify_load "$clients"
    done
    process_stop "$work/bare" fastify TERM 10
}

# fastify_load CONNECTIONS
fastify_load() {
    bench_load "$fastify_port" --events "$work/bare/houses" --seats "$work/bare/seats" \
        --tokens "$work/tokens" --connections "$1" --seconds "$seconds" --seed 5
}
