# The database alone, one by one: pgbench with the scripts of tests/bench/peers, and the best of
# these statements behind fastify, a process for each core.
# Same rows as the product writes (reservation, two seats, one fact), same durability, prepared,
# best of several client counts, in the same cluster.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

peers_up() {
    bench_sql postgres <<<'CREATE DATABASE peers'
    bench_sql peers <"$cavea_root/tests/bench/peers/tables.sql"
}

# peer_empty: no house is more than 30 % full when a run begins
peer_empty() {
    bench_sql peers <"$cavea_root/tests/bench/peers/empty.sql"
}

peer_run() {
    local name=$1 clients=$2 before after cpu_before cpu_after
    peer_empty
    before=$(wal_now)
    cpu_before=$(cpu_of_postgres peers)
    PGPASSWORD=$(<"$stack/secrets/postgres-superuser") "$bench_bin/pgbench" -n -M prepared \
        -h 127.0.0.1 -p "$postgres_port" -U postgres -c "$clients" -j 2 -T "$seconds" \
        -f "$cavea_root/tests/bench/peers/$name.sql" peers >"$work/pgbench.out" 2>&1 ||
        say "bench: pgbench: $(tail -n 1 "$work/pgbench.out")"
    cpu_after=$(cpu_of_postgres peers)
    after=$(wal_now)
    peer_note "$name" "$clients" $((after - before)) $((cpu_after - cpu_before))
}

peer_note() {
    local ok p50
    ok=$(bench_sql peers <<<'SELECT count(*) FROM peer_reservation')
    p50=$(sed -n 's/^latency average = \([0-9.]*\) ms/\1/p' "$work/pgbench.out")
    note peers "pgbench $1" "$2 clients" "{\"load\": {\"ok_per_second\": $((ok / seconds)),
        \"2xx\": $ok, \"answered\": $ok, \"mean_ms\": ${p50:-0}}, \"wal\": $3,
        \"cpu\": {\"postgres\": $4}}"
}

fastify_up() {
    local dir=$cavea_root/tests/bench/peers password
    password=$(<"$stack/secrets/postgres-superuser")
    [[ -e $dir/node_modules/fastify ]] ||
        (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
    port_pick fastify_port
    seq 1 20 >"$work/bare/houses"
    process_start "$work/bare" "$work/bare/fastify.log" fastify node "$dir/fastify.mjs" \
        "$fastify_port" \
        "postgresql://postgres:$password@127.0.0.1:$postgres_port/peers"
    wait_until 30 bare_ready fastify || fail "fastify did not start: $(<"$work/bare/fastify.log")"
}

part_peers() {
    local name clients
    peers_up
    for clients in 4 16 48; do
        for name in for_update advisory cas conditional; do
            peer_run "$name" "$clients"
        done
    done
    fastify_up
    for clients in 64 256; do
        peer_empty
        measure peers 'fastify + pg' "$clients connections" "$fastify_port" \
            --events "$work/bare/houses" --seats "$work/bare/seats" --tokens "$work/tokens" \
            --connections "$clients" --seconds "$seconds" --seed 5
    done
    process_stop "$work/bare" fastify TERM 10
}
