# What a bench runs against: a private stack with events and buyers, and beside it the bare pipeline
# with a nats-server of its own and a database of its own in the same cluster.
# Uses the globals work, build and bench_events.
# shellcheck shell=bash
# shellcheck disable=SC2154,SC2034 # set and read by the scripts that source this file

bare_seats=60000

# bench_up: the product on free ports, a venue, buyers
bench_up() {
    stack=$work/stack
    port_pick edge_port
    "$cavea_root/ops/run" --detach --no-demo --dir "$stack" --port "$edge_port" >&2
    build=$(bench_field build)
    bench_url=$(bench_field postgres_url)
    postgres_port=$(sed -n 's/^postgres_port=//p' "$stack/ports")
    provider_port=$(sed -n 's/^provider_port=//p' "$stack/ports")
    bench_bin=$(dirname "$(readlink -f "/proc/$(process_pid "$stack/run" postgres)/exe")")
    bench_venue=$(bench_cavea venue create --name Arena --city Berlin --country DE \
        --time-zone Europe/Berlin | jq -r .id)
    curl -sSf -X POST "$(bench_field edge_url)/v1/sessions?n=[1-256]" | jq -r .token \
        >"$work/tokens"
}

bench_down() {
    local name
    for name in fastify redis bare-edge bare-actor bare-nats; do
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

# bench_sql DATABASE [OPTION...]: SQL from standard input, as the superuser
bench_sql() {
    local database=$1
    shift
    PGPASSWORD=$(<"$stack/secrets/postgres-superuser") "$bench_bin/psql" -X -q -At \
        -v ON_ERROR_STOP=1 "$@" -h 127.0.0.1 -p "$postgres_port" -U postgres "$database"
}

bench_load() {
    local port=$1
    shift
    "$build/bench_load" --port "$port" "$@"
}

# plan_of SEATS: makes the plan, the list of its seats and one event to copy from, once
plan_of() {
    local dir=$work/plan/$1 shape=arena hash
    [[ ! -e $dir/model ]] || return 0
    mkdir -p "$dir"
    (($1 >= 5000)) || shape=theatre
    hash=$(bench_cavea plan generate "$shape" --seats "$1" | jq -r .hash)
    curl -sSf "$(bench_field edge_url)/v1/plans/$hash" |
        jq -r '.sections[].rows[].seats[].id' >"$dir/seats"
    bench_cavea event create --venue "$bench_venue" --plan "$hash" --name Model --starts +30d |
        jq -r .id >"$dir/model"
}

# events_make COUNT SEATS: prints ids of new events on sale, copied from the plan's model in one
# statement a table. Holds last half an hour, the longest there is and longer than a whole bench, so
# that none expires while others are measured.
events_make() {
    plan_of "$2"
    "$build/bench_events" "$1" >"$work/fresh"
    bench_sql cavea -v model="$(<"$work/plan/$2/model")" < <(
        echo 'BEGIN; CREATE TEMP TABLE fresh (id uuid, tag bigint); COPY fresh FROM STDIN;'
        cat "$work/fresh"
        cat <<'SQL'
\.
INSERT INTO event (id, tag, organizer_id, venue_id, production_id, name, category, description,
    currency, status, starts_at, sale_starts_at, hold_seconds, plan_hash, seats, price_min_minor,
    price_max_minor) SELECT f.id, f.tag, organizer_id, venue_id, production_id, 'Night', category,
    description, currency, status, starts_at, sale_starts_at, 1800, plan_hash, seats,
    price_min_minor, price_max_minor FROM event e, fresh f WHERE e.id = :'model';
INSERT INTO event_price (event_id, category, price_minor)
    SELECT f.id, category, price_minor FROM event_price, fresh f WHERE event_id = :'model';
INSERT INTO event_plan (event_id, revision, plan_hash, seat_map)
    SELECT f.id, revision, plan_hash, seat_map FROM event_plan, fresh f WHERE event_id = :'model';
COMMIT;
SQL
    )
    cut -f1 "$work/fresh"
}

# A house is a folder: its events, its seats, how many of its requests were made (next) and may be
# made so that nothing is more than 30 % full (limit).
# house_new NAME EVENTS SEATS: new events, empty and awake
house_new() {
    local dir=$work/house/$1
    mkdir -p "$dir"
    events_make "$2" "$3" >"$dir/events"
    ln -sf "$work/plan/$3/seats" "$dir/seats"
    printf '%s %s\n' "$2" "$3" >"$dir/size"
    printf '%s\n' $(($2 * $3 * 3 / 20)) >"$dir/limit"
    wait_until 60 house_awake "$1" "$2" ||
        fail "the events did not wake up: $(<"$work/awake.json")"
    told "$2" 0
    printf '%s\n' "$2" >"$dir/next"
}

# house_awake NAME EVENTS: each has answered a reservation
house_awake() {
    house_ask "$1" --connections 8 --requests "$2" --seconds 30 >"$work/awake.json" || true
    [[ $(jq '."2xx"' "$work/awake.json") == "$2" ]] && return
    say "bench: not every event woke up: $(jq -c '{sent, "2xx", "409", "503", broken, max_us}' \
        "$work/awake.json")"
    return 1
}

# house_load NAME LOAD_OPTION...: what was answered is counted; no number is asked for twice
house_load() {
    local status=0 answer accepted ambiguous
    answer=$(house_ask "$@") || status=$?
    printf '%s\n' "$answer"
    if [[ $answer ]]; then
        read -r accepted ambiguous < <(jq -r '"\(."2xx") \(.timeouts + .broken + ."5xx")"' \
            <<<"$answer")
        told "$accepted" "$ambiguous"
    fi
    return "$status"
}

# told ACCEPTED AMBIGUOUS: reservations that the generators know of, and that may be there besides
told() {
    printf '{"accepted": %s, "ambiguous": %s}\n' "$1" "$2" >>"$work/told"
}

# house_ask NAME LOAD_OPTION...: its events are audited when the part ends
house_ask() {
    local dir=$work/house/$1
    shift
    cat "$dir/events" >>"$work/loaded"
    bench_load "$edge_port" --events "$dir/events" --seats "$dir/seats" --tokens "$work/tokens" \
        --seed 1 "$@"
}

# house_fresh NAME: a new one when half of what may be sold is sold
house_fresh() {
    local dir=$work/house/$1 events seats
    (($(<"$dir/next") >= $(<"$dir/limit") / 2)) || return 0
    read -r events seats <"$dir/size"
    house_new "$1" "$events" "$seats"
}

# hosts_replace SETTING=VALUE...: a new actor host with these settings instead of all that run. They
# stop before it starts, so that it takes over no event: each sleeps until it is asked for.
hosts_replace() {
    local host
    for host in "$stack"/run/actors*.pid; do
        host=$(basename "$host" .pid)
        process_gone "$stack/run" "$host" || process_stop "$stack/run" "$host" TERM 30
    done
    host=$(env "$@" "$cavea_root/ops/run" --add-host --dir "$stack")
    actor_host=${host%% *} actor_admin=${host#* }
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
    GOGC=$nats_gogc process_start "$work/bare" "$work/bare/nats.log" bare-nats "$(nats_program)" \
        -c "$work/bare/nats.conf"
    wait_until 20 nats_greets "$nats_port" || fail "the bare nats-server did not start"
    bench_sql postgres <<<'CREATE DATABASE bare'
    seq 0 $((bench_events - 1)) >"$work/bare/events"
    seq 0 $((bare_seats - 1)) >"$work/bare/seats"
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
    echo 0 >"$work/bare/next"
    bare_limit=$((bench_events * bare_seats * 3 / 20))
}

bare_ready() {
    grep -qs ready "$work/bare/$1.log"
}
