# One stack: everything that ops/run starts under one folder, in order, and stops in reverse.
#   secrets/   keys and passwords, mode 0600     log/         one file for each process
#   run/       pid and ready files               nats/        JetStream's store
#   ports      chosen at the first start, kept   provider/    the provider's books
#   postgres/  or where postgres.place says      stack.json   for programs
# Uses the globals dir (absolute), port, hold_seconds and build.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

stack_port_names=(admin_port provider_port provider_admin_port actors_admin_port nats_port
    postgres_port live_port live_admin_port)

stack_folders() {
    local made
    mkdir -p "$dir" 2>/dev/null || fail "may not make the folder $dir: choose another with --dir"
    [[ -w $dir && -x $dir ]] || fail "may not write to $dir: choose another with --dir"
    for made in run log nats provider secrets secrets/tickets; do
        mkdir -p "$dir/$made" || fail "may not write to $dir: choose another with --dir"
    done
    chmod 700 "$dir/secrets" "$dir/secrets/tickets" "$dir/nats" "$dir/provider" 2>/dev/null ||
        fail "$dir belongs to somebody else: choose another folder with --dir"
}

secret_make() {
    [[ -s $dir/secrets/$1 ]] || printf '%s%s\n' "$2" "$(random_hex 24)" |
        write_private "$dir/secrets/$1"
}

# The keys that sign tickets are made by the first actor host.
stack_secrets() {
    local name
    for name in postgres-{superuser,owner,actors,edge} nats-{edge,live,actors,operator,system}; do
        secret_make "$name" ''
    done
    secret_make provider.key sk_test_
    secret_make webhook.secret whsec_
    [[ -s $dir/secrets/session.key ]] ||
        head -c 32 /dev/urandom | write_private "$dir/secrets/session.key"
}

# Ports stay the same from start to start while they are free: pay pages are addresses.
stack_ports() {
    local name chosen
    declare -gA ports=()
    if [[ -s $dir/ports ]]; then
        while IFS='=' read -r name chosen; do ports[$name]=$chosen; done <"$dir/ports"
    fi
    for name in "${stack_port_names[@]}"; do
        port_pick chosen "${ports[$name]:-}"
        ports[$name]=$chosen
    done
    for name in "${stack_port_names[@]}"; do
        printf '%s=%s\n' "$name" "${ports[$name]}"
    done | write_private "$dir/ports"
}

postgres_url_of() {
    printf 'postgresql://%s:%s@127.0.0.1:%s/cavea' "$1" "$(<"$dir/secrets/$2")" \
        "${ports[postgres_port]}"
}

nats_url_of() {
    printf 'nats://%s:%s@127.0.0.1:%s' "$1" "$(<"$dir/secrets/nats-$1")" "${ports[nats_port]}"
}

stack_json() {
    printf '{\n'
    printf '  "%s": "%s",\n' \
        edge_url "http://127.0.0.1:$port" \
        admin_url "http://127.0.0.1:${ports[admin_port]}" \
        provider_url "http://127.0.0.1:${ports[provider_port]}" \
        provider_admin_url "http://127.0.0.1:${ports[provider_admin_port]}" \
        provider_key "$(<"$dir/secrets/provider.key")" \
        webhook_secret "$(<"$dir/secrets/webhook.secret")" \
        live_url "http://127.0.0.1:${ports[live_port]}" \
        live_admin_url "http://127.0.0.1:${ports[live_admin_port]}" \
        actors_admin_url "http://127.0.0.1:${ports[actors_admin_port]}" \
        nats_url "$(nats_url_of operator)" \
        nats_actors_url "$(nats_url_of actors)" \
        nats_edge_url "$(nats_url_of edge)" \
        postgres_url "$(postgres_url_of cavea postgres-owner)" \
        postgres_actors_url "$(postgres_url_of cavea_actors postgres-actors)" \
        postgres_edge_url "$(postgres_url_of cavea_edge postgres-edge)" \
        build "$build"
    printf '  "dir": "%s"\n}\n' "$dir"
}

# stack_daemon NAME PROGRAM SETTING=VALUE...: starts it and waits for its ready file
stack_daemon() {
    local name=$1 program=$2 ready=$dir/run/$1.ready log=$dir/log/$1.log setting
    shift 2
    rm -f "$ready"
    # Not as arguments of env, which everybody on the machine can read: there are passwords in them.
    local -x CAVEA_READY_FILE=$ready
    for setting in "$@"; do local -x "$setting"; done
    process_start "$dir/run" "$log" "$name" "$build/$program"
    wait_until 60 stack_ready_or_gone "$name" ||
        fail "$program was not ready within 60 s, see $log"
    [[ -e $ready ]] && return
    tail -n 5 "$log" >&2
    fail "$program ended during its start, see $log"
}

stack_ready_or_gone() {
    [[ -e $dir/run/$1.ready ]] || process_gone "$dir/run" "$1"
}

stack_provider() {
    stack_daemon provider cavea-provider \
        CAVEA_PORT="${ports[provider_port]}" CAVEA_ADMIN_PORT="${ports[provider_admin_port]}" \
        CAVEA_DIR="$dir/provider" \
        CAVEA_PROVIDER_KEY_FILE="$dir/secrets/provider.key" \
        CAVEA_WEBHOOK_SECRET_FILE="$dir/secrets/webhook.secret" \
        CAVEA_WEBHOOK_URL="http://127.0.0.1:$port/v1/webhooks/payments" \
        CAVEA_RETURN_ORIGINS="http://127.0.0.1:$port,http://localhost:$port"
}

# stack_actors NAME ADMIN_PORT: our own provider needs no pacing
stack_actors() {
    stack_daemon "$1" cavea-actors \
        CAVEA_HOST_NAME="$1" CAVEA_ADMIN_PORT="$2" \
        CAVEA_PROVIDER_RATE="${CAVEA_PROVIDER_RATE:-0}" CAVEA_HOLD_SECONDS="$hold_seconds" \
        CAVEA_NATS_URL="$(nats_url_of actors)" \
        CAVEA_POSTGRES_URL="$(postgres_url_of cavea_actors postgres-actors)" \
        CAVEA_PROVIDER_URL="http://127.0.0.1:${ports[provider_port]}" \
        CAVEA_PROVIDER_KEY_FILE="$dir/secrets/provider.key" \
        CAVEA_TICKET_KEYS_DIR="$dir/secrets/tickets"
}

# stack_edge [NAME PORT ADMIN_PORT]
stack_edge() {
    stack_daemon "${1:-edge}" cavea-edge \
        CAVEA_PORT="${2:-$port}" CAVEA_ADMIN_PORT="${3:-${ports[admin_port]}}" \
        CAVEA_NATS_URL="$(nats_url_of edge)" \
        CAVEA_LIVE_URL="${CAVEA_LIVE_URL-http://127.0.0.1:${ports[live_port]}}" \
        CAVEA_POSTGRES_URL="$(postgres_url_of cavea_edge postgres-edge)" \
        CAVEA_SESSION_KEY_FILE="$dir/secrets/session.key" \
        CAVEA_WEBHOOK_SECRET_FILE="$dir/secrets/webhook.secret" \
        CAVEA_TICKET_KEYS_DIR="$dir/secrets/tickets"
}

# Browsers come from this machine, whatever name the pages' address has.
stack_live() {
    stack_daemon live cavea-live \
        CAVEA_PORT="${ports[live_port]}" CAVEA_ADMIN_PORT="${ports[live_admin_port]}" \
        CAVEA_NATS_URL="$(nats_url_of live)"
}

# stack_command ARGUMENT...: the operator's command, pointed at this stack
stack_command() {
    CAVEA_POSTGRES_URL=$(postgres_url_of cavea postgres-owner) \
        CAVEA_NATS_URL=$(nats_url_of operator) "$build/cavea" "$@"
}

stack_migrate() {
    local log=$dir/log/migrate.log
    stack_command migrate >>"$log" 2>&1 ||
        { tail -n 5 "$log" >&2 && fail "the database could not be migrated, see $log"; }
}

# The demo belongs to the very first start; what --no-demo left out stays out.
stack_demo() {
    local load=$1 log=$dir/log/demo.log
    [[ -e $dir/demo ]] && return
    if [[ $load ]]; then
        say "demo: loading an arena and a theatre"
        stack_command demo load >>"$log" 2>&1 ||
            { tail -n 5 "$log" >&2 && fail "the demo could not be loaded, see $log"; }
    fi
    printf '%s\n' "${load:-none}" >"$dir/demo"
}

# stack_start DEMO: "" leaves the demo out
stack_start() {
    local bin
    stack_secrets
    stack_ports
    postgres_place "$dir"
    [[ $postgres_home == "$dir"/* ]] ||
        say "postgres: user postgres cannot reach $dir, the database's files are in $postgres_home"
    bin=$(postgres_bin "$postgres_home")
    postgres_init "$postgres_home" "$bin" "$dir/secrets/postgres-superuser" "$dir/log/postgres.log"
    postgres_start "$dir" "$postgres_home" "$bin" "${ports[postgres_port]}"
    nats_start "$dir" "${ports[nats_port]}"
    postgres_roles "$dir" "$bin" 127.0.0.1 "${ports[postgres_port]}"
    stack_json | write_private "$dir/stack.json"
    stack_migrate
    stack_demo "$1"
    stack_provider
    stack_actors actors "${ports[actors_admin_port]}"
    stack_live
    stack_edge
    printf '%s\n' "http://127.0.0.1:$port" >"$dir/run/ready"
}

# Names of the processes that run now, in the order in which they stop.
stack_running() {
    local file name
    for file in "$dir"/run/{edge*,live,actors*,provider,nats-server,postgres}.pid; do
        name=$(basename "$file" .pid)
        process_gone "$dir/run" "$name" || printf '%s\n' "$name"
    done
}

stack_stop() {
    local name
    rm -f "$dir/run/ready"
    for name in $(stack_running); do
        case $name in
        postgres) process_stop "$dir/run" "$name" INT 30 ;;
        *) process_stop "$dir/run" "$name" TERM 20 ;;
        esac
    done
    rm -f "$dir"/run/*.pid "$dir"/run/*.ready
}
