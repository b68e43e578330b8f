# What a bench runs against: a private stack with events and buyers, and beside it the bare pipeline
# with a nats-server of its own and a database of its own in the same cluster.
# Uses the globals work, build, bench_seats and bench_events.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # set and read by the scripts that source this file

# bench_up: the product on free ports, one arena, a venue, buyers
bench_up() {
    stack=$work/stack
    port_pick edge_port
    "$cavea_root/ops/run" --detach --no-demo --dir "$stack" --port "$edge_port" >&2
    build=$(bench_field build)
    bench_url=$(bench_field postgres_url)
    postgres_port=$(sed -n 's/^postgres_port=//p' "$stack/ports")
    bench_bin=$(dirname "$(readlink -f "/proc/$(process_pid "$stack/run" postgres)/exe")")
    bench_venue=$(bench_cavea venue create --name Arena --city Berlin --country DE \
        --time-zone Europe/Berlin | jq -r .id)
    curl -sSf -X POST "$(bench_field edge_url)/v1/sessions?n=[1-256]" | jq -r .token \
        >"$work/tokens"
    bench_plan "$bench_seats"
}

bench_down() {
    local name
    for name in fastify bare-edge bare-actor bare-nats; do
        [[ ! -e $work/bare/$name.pid ]] || process_stop "$work/bare" "$name" TERM 10
    done
    [[ ! -d $work/stack/run ]] || "$cavea_root/ops/run" --stop --dir "$work/stack" || true
}

bench_field() {
    jq -er ".$1" "$stack/stack.json"
}

bench_cavea() {
    CAVEA_POSTGRES_URL=$bench_url "$build/cavea" "$@" --json
}

# bench_sql DATABASE: SQL from standard input, as the superuser
bench_sql() {
    postgres_query "$bench_bin" "$postgres_port" postgres "$stack/secrets/postgres-superuser" "$1"
}

# bench_plan SEATS: makes the plan and the list of its seats
bench_plan() {
    local shape=arena
    (($1 >= 5000)) || shape=theatre
    plan=$(bench_cavea plan generate "$shape" --seats "$1" | jq -r .hash)
    plan_seats=$1
    curl -sSf "$(bench_field edge_url)/v1/plans/$plan" |
        jq -r '.sections[].rows[].seats[].id' >"$work/seats"
}

# bench_house EVENTS: new events on sale, empty and awake; requests are numbered from 0 again
bench_house() {
    local made=0
    : >"$work/events"
    while ((made < $1)); do
        bench_cavea event create --venue "$bench_venue" --plan "$plan" --name "Night $made" \
            --starts +30d | jq -r .id >>"$work/events"
        ((made += 1))
    done
    house_events=$1 house_next=$1
    house_limit=$((house_events * plan_seats * 3 / 20))
    bench_load "$edge_port" --events "$work/events" --seats "$work/seats" \
        --tokens "$work/tokens" --connections 8 --requests "$1" --seed 1 >"$work/awake.json"
    [[ $(jq '."2xx"' "$work/awake.json") == "$1" ]] ||
        fail "the events did not wake up: $(<"$work/awake.json")"
}

bench_load() {
    local port=$1
    shift
    "$build/bench_load" --port "$port" "$@"
}

# bare_up: its edge and actor stay for all runs; bare_house empties its house
bare_up() {
    local nats_port
    mkdir -p "$work/bare/jetstream"
    port_pick nats_port
    port_pick bare_port
    bare_nats=nats://127.0.0.1:$nats_port
    cat >"$work/bare/nats.conf" <<CONF
host: 127.0.0.1
port: $nats_port
jetstream { store_dir: "$work/bare/jetstream", max_file_store: 2GB }
CONF
    process_start "$work/bare" "$work/bare/nats.log" bare-nats "$(nats_program)" \
        -c "$work/bare/nats.conf"
    wait_until 20 nats_greets "$nats_port" || fail "the bare nats-server did not start"
    bench_sql postgres <<<'CREATE DATABASE bare'
    seq 0 $((bench_events - 1)) >"$work/bare/events"
    seq 0 $((bench_seats - 1)) >"$work/bare/seats"
    bare_house
    process_start "$work/bare" "$work/bare/edge.log" bare-edge "$build/bench_bare" edge \
        "$bare_port" "$bare_nats"
    wait_until 20 bare_ready edge || fail "the bare edge did not start: $(<"$work/bare/edge.log")"
}

# A new actor starts with empty tables and an empty house.
bare_house() {
    [[ ! -e $work/bare/bare-actor.pid ]] || process_stop "$work/bare" bare-actor KILL 10
    : >"$work/bare/actor.log"
    local password
    password=$(<"$stack/secrets/postgres-superuser")
    process_start "$work/bare" "$work/bare/actor.log" bare-actor "$build/bench_bare" actor \
        "$bare_nats" "postgresql://postgres:$password@127.0.0.1:$postgres_port/bare"
    wait_until 20 bare_ready actor ||
        fail "the bare actor did not start: $(<"$work/bare/actor.log")"
    bare_next=0
    bare_limit=$((bench_events * bench_seats * 3 / 20))
}

bare_ready() {
    grep -qs ready "$work/bare/$1.log"
}
