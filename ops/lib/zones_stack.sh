# The three zones as a whole: started in order, stopped, removed.
#   conf/<zone>/   what each program reads      secrets/    keys and passwords, one folder a service
#   run/ log/      pids, holds; one log a node  nats/ etcd/ postgres/ haproxy/ <zone>: their data
#   tickets/<zone> keys that sign tickets       provider/   the provider's books
#   stack.json     for programs, like that of ops/run, with the front's URL
# Uses the globals dir, net, build, hold_seconds.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the other files that ops/zones sources

zones_globals() {
    local zone
    zones=(a b c)
    # Those that the units name, and one for the provider.
    declare -gA user=([nats]=nats [etcd]=etcd [postgres]=postgres [haproxy]=haproxy
        [actors]=cavea-actors [edge]=cavea-edge [live]=cavea-live [provider]=cavea-provider)
    declare -gA group=()
    for zone in "${!user[@]}"; do group[$zone]=${user[$zone]}; done
    declare -gA address=([outside]=$(net_place outside).10)
    for zone in "${zones[@]}"; do address[$zone]=$(net_place "$zone").10; done
    declare -gA place=([nats]=$dir/nats/%s [etcd]=$dir/etcd/%s [postgres]=$dir/postgres/%s
        [haproxy]=$dir/haproxy/%s [conf]=$dir/conf/%s [secrets]=$dir/secrets/%s
        [tickets]=$dir/tickets/%s)
    nats_file_store=1073741824
    balancers=${address[outside]} watchdog=off
    requests_per_source=100000000 # all buyers of a test come from one address
    provider_rate=${CAVEA_PROVIDER_RATE:-0}
}

# Debian's packages make the others.
zones_users() {
    local name
    for name in "${user[actors]}" "${user[edge]}" "${user[live]}" "${user[provider]}"; do
        ! getent passwd "$name" >/dev/null || continue
        useradd --system --user-group --no-create-home --home-dir /nonexistent \
            --shell /usr/sbin/nologin "$name" || fail "the user $name could not be made"
    done
}

zones_folders() {
    local zone role
    mkdir -p "$dir" && chmod 711 "$dir"
    printf '%s\n' "$net" >"$dir/net"
    mkdir -p "$dir"/{run,log,conf/outside,secrets,tickets,provider}
    chmod 711 "$dir"/{run,log,conf,conf/outside,secrets}
    for role in nats etcd postgres haproxy; do
        for zone in "${zones[@]}" outside; do
            install -d -m 700 -o "${user[$role]}" -g "${group[$role]}" "$dir/$role/$zone"
        done
        chmod 711 "$dir/$role"
    done
    chown "${user[provider]}" "$dir/provider"
    as_postgres test -w "$dir/postgres/a" || fail "user postgres cannot reach $dir:" \
        "choose another folder with --dir"
}

# zones_turn SECONDS: who changes these zones does so alone, and waits so long for another. The file
# lies outside of what `down` removes, or two would hold two files of the same name.
zones_turn() {
    exec {turn}>"/run/cavea-zones-$net.lock"
    flock -w "$1" "$turn" || fail "another ops/zones is at work on the zones at 10.$net.0.0"
}

zones_exist() {
    space_exists net || fail "no zones are up at 10.$net.0.0; ops/zones up starts them"
    zones_ours
}

zones_change() {
    zones_turn 120
    zones_exist
}

# The folder is that of these zones, or of none.
zones_ours() {
    local theirs
    [[ ! -e $dir/net ]] || theirs=$(<"$dir/net")
    if [[ -e $dir/net ]]; then
        [[ $theirs == "$net" ]] || fail "$dir belongs to the zones at 10.$theirs.0.0"
    elif space_exists net; then
        fail "the zones at 10.$net.0.0 are not those of $dir: name their folder with --dir"
    fi
}

zones_check_idle() {
    ! space_exists net || fail "zones are up at 10.$net.0.0 already; ops/zones down removes them," \
        "--net N makes others"
    zones_ours
}

zones_failed() {
    local node
    for node in $(nodes_all); do
        [[ $(node_is "$node") == up ]] || tail -n 3 "$dir/log/$node.log" >&2 2>/dev/null || true
    done
    zones_stop
}

seconds_between() {
    printf '%d.%d' $((($2 - $1) / 1000)) $((($2 - $1) % 1000 / 100))
}

seconds_since() {
    seconds_between "$1" "$(now_ms)"
}

# wait_for SECONDS WHAT COMMAND...: says how long it took
wait_for() {
    local seconds=$1 what=$2 from
    shift 2
    from=$(now_ms)
    wait_until "$seconds" "$@" >/dev/null 2>&1 || fail "$what: not within $seconds s, see $dir/log"
    say "zones: $what after $(seconds_since "$from") s"
}

url_answers() {
    curl -fsS -m 2 -o /dev/null "$1"
}

jetstream_ready() {
    local zone
    for zone in "${zones[@]}"; do
        in_space "$zone" curl -fsS -m 2 -o /dev/null http://127.0.0.1:8222/healthz || return 1
    done
}

# As Patroni asks it: from within, with a certificate.
etcd_ready() {
    in_space a curl -fsS -m 2 -o /dev/null --cacert "$dir/secrets/ca.crt" \
        --cert "$dir/secrets/patroni.crt" --key "$dir/secrets/patroni.key" \
        "https://${address[a]}:2379/health"
}

# A primary, and a standby that is its synchronous one.
postgres_ready() {
    [[ $(zones_sql "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == 1 ]]
}

# On a standby that lacks it yet, libpq would take the database for absent and look no further.
database_everywhere() {
    local zone
    for zone in "${zones[@]}"; do
        PGPASSWORD=$(<"$dir/secrets/postgres-superuser") PGCONNECT_TIMEOUT=2 \
            psql -X -q -h "${address[$zone]}" -U postgres -d cavea -c '' || return 1
    done
}

nodes_ready() {
    local zone
    for zone in "${zones[@]}"; do url_answers "http://${address[$zone]}:$1/readyz" || return 1; done
}

# zones_sql SQL [DATABASE]: as the superuser, on the primary
zones_sql() {
    PGPASSWORD=$(<"$dir/secrets/postgres-superuser") PGTARGETSESSIONATTRS=read-write \
        PGCONNECT_TIMEOUT=2 psql -X -q -At -v ON_ERROR_STOP=1 -h "$(conf_list %s , a)" -U postgres \
        -d "${2:-postgres}" -c "$1"
}

zones_configure() {
    local zone name
    operator_net=$(net_place root).2/32
    provider_url=http://${address[outside]}:12111
    postgres_bin=$(postgres_bin "$dir/postgres/a")
    mkdir -p "$dir/secrets"
    conf_secret provider.key sk_test_
    conf_secret webhook.secret whsec_
    conf_secrets
    for zone in "${zones[@]}"; do
        conf_zone "$zone"
        for name in actors edge live; do
            ln -sf "$dir/conf/$zone/$name.env" "$dir/run/$name-$zone.env"
        done
        printf 'GOGC=%s\n' "$nats_gogc" >"$dir/run/nats-$zone.env"
        printf 'LC_ALL=C.UTF-8\nPATH=/usr/bin:/bin:%s\n' "$postgres_bin" \
            >"$dir/run/postgres-$zone.env"
    done
    zones_tickets
    word=([ADDRESS]=${address[outside]} [STATS_SOCKET]=$(conf_path haproxy outside)/stats
        [PROXIES]=$(conf_list $'  server proxy-%z %s:8080\n' '' a))
    conf_write outside front.cfg haproxy haproxy/common.cfg haproxy/front.cfg
    conf_env outside provider "ADDRESS=${address[outside]}" PORT=12111 \
        "ADMIN_ADDRESS=${address[outside]}" ADMIN_PORT=12112 "DIR=$dir/provider" \
        "PROVIDER_KEY_FILE=$dir/secrets/provider/provider.key" \
        "WEBHOOK_SECRET_FILE=$dir/secrets/provider/webhook.secret" \
        "WEBHOOK_URL=http://${address[outside]}:8080/v1/webhooks/payments"
    ln -sf "$dir/conf/outside/provider.env" "$dir/run/provider.env"
}

# Each zone has a folder of its own. A key is named as the active one only when every edge knows its
# public half and every actor host has it; so it is done on hosts, too.
zones_tickets() {
    local zone from=$dir/secrets/tickets to=("${zones[@]/#/$dir/tickets/}")
    install -d -m 755 -o "${user[actors]}" -g "${group[actors]}" "${to[@]}"
    for zone in "${to[@]}"; do install -m 644 "$from"/*.pub "$zone"; done
    for zone in "${to[@]}"; do
        install -m 600 -o "${user[actors]}" -g "${group[actors]}" "$from"/*.key "$zone"
    done
    for zone in "${to[@]}"; do install -m 644 "$from/active" "$zone"; done
}

# As the owner of the tables.
zones_postgres_url() {
    printf 'postgresql://cavea:%s@%s/cavea?target_session_attrs=read-write' \
        "$(<"$dir/secrets/postgres-owner")" "$(conf_list %s:5432 , a)"
}

zones_json() {
    local zone_json
    zone_json='    "%z": {"address": "%s", "proxy_url": "http://%s:8080",'
    zone_json+=' "edge_admin_url": "http://%s:9102", "actors_admin_url": "http://%s:9101",'
    zone_json+=' "patroni_url": "http://%s:8008"}'
    printf '{\n'
    printf '  "%s": "%s",\n' \
        edge_url "http://${address[outside]}:8080" \
        provider_url "http://${address[outside]}:12111" \
        provider_admin_url "http://${address[outside]}:12112" \
        provider_key "$(<"$dir/secrets/provider.key")" \
        webhook_secret "$(<"$dir/secrets/webhook.secret")" \
        nats_url "$(conf_list nats://%s:4222 , a)" \
        nats_nkey_file "$dir/secrets/nats-operator.seed" \
        nats_observer_nkey_file "$dir/secrets/nats-observer.seed" \
        postgres_url "$(zones_postgres_url)" \
        secrets "$dir/secrets" conf "$dir/conf" log "$dir/log" net "$net" build "$build"
    printf '  "zones": {\n%s\n  },\n' "$(conf_list "$zone_json" $',\n' a)"
    printf '  "dir": "%s"\n}\n' "$dir"
}

# zones_command ARGUMENT...: the operator's command
zones_command() {
    CAVEA_POSTGRES_URL=$(jq -r .postgres_url "$dir/stack.json") \
        CAVEA_NATS_URL=$(jq -r .nats_url "$dir/stack.json") \
        CAVEA_NATS_NKEY_FILE=$dir/secrets/nats-operator.seed "$build/cavea" "$@"
}

zones_keep_all() {
    local node role
    for role in "$@"; do
        for node in $(nodes_all | grep -- "^$role"); do node_keep "$node"; done
    done
}

# At the primary's address alone: on a standby the new database is not there at once, and libpq
# would not look further.
zones_roles() {
    local host
    host=$(zones_sql 'SELECT host(inet_server_addr())') && [[ $host ]] ||
        fail "PostgreSQL's primary does not answer"
    postgres_roles "$dir" "$postgres_bin" "$host" 5432
}

zones_start() {
    local load=$1 zone
    zones_configure
    net_up
    for zone in "${zones[@]}"; do nft_in "$zone" <"$dir/conf/$zone/guard.nft"; done
    zones_keep_all nats etcd
    wait_for 60 "etcd agrees" etcd_ready
    zones_keep_all postgres provider haproxy front
    zones_json | write_private "$dir/stack.json"
    wait_for 120 "PostgreSQL has a primary and a synchronous standby" postgres_ready
    zones_roles
    wait_for 60 "the database is in all zones" database_everywhere
    zones_command migrate >>"$dir/log/migrate.log" 2>&1 || fail "see $dir/log/migrate.log"
    wait_for 60 "JetStream has a leader" jetstream_ready
    zones_keep_all actors edge live
    [[ -e $dir/demo ]] || { [[ ! $load ]] || zones_command demo load >>"$dir/log/demo.log" 2>&1 ||
        fail "the demo could not be loaded, see $dir/log/demo.log"; }
    printf '%s\n' "${load:-none}" >"$dir/demo"
    wait_for 60 "all actor hosts are ready" nodes_ready 9101
    wait_for 60 "all edges are ready" nodes_ready 9102
    wait_for 60 "all gateways of changes are ready" nodes_ready 9103
    wait_for 30 "the front serves" url_answers "http://${address[outside]}:8080/v1/events"
}

# zones_stop [in-order]: keepers first, or they would start again what is being stopped. In order:
# with the network whole, or they would wait for each other.
zones_stop() {
    local role
    keepers_stop
    if space_exists net && [[ ${1-} ]]; then
        net_heal
        for role in front haproxy edge live actors provider postgres nats etcd; do
            zones_end_role "$role"
        done
    fi
    servers_quit
    net_down
    rm -f "$dir"/run/*.pid "$dir"/run/*.hold
}

# All of them are asked before the first is waited for.
keepers_stop() {
    local node pid pids=()
    for node in $(nodes_all); do
        ! pid=$(process_pid "$dir/run" "keep-$node") || pids+=("$pid")
    done
    ((${#pids[@]} == 0)) || kill -s TERM "${pids[@]}"
    for node in $(nodes_all); do process_stop "$dir/run" "keep-$node" TERM 5; done
}

# What is left of PostgreSQL ends at once, but takes its shared memory along.
servers_quit() {
    local zone pid
    for zone in "${zones[@]}"; do
        ! pid=$(process_pid "$dir/run" "postgres-$zone") || kill -s KILL "$pid"
        pid=$(head -n 1 "$dir/postgres/$zone/data/postmaster.pid" 2>/dev/null) || continue
        ! node_pids "postgres-$zone" | grep -qx "$pid" || kill -s QUIT "$pid"
        node_signal CONT "postgres-$zone"
    done
    for zone in "${zones[@]}"; do wait_until 5 node_ended "postgres-$zone" || true; done
}

# Together, because each of three may wait for the other two.
zones_end_role() {
    local node nodes
    nodes=$(nodes_all | grep -- "^$1")
    for node in $nodes; do
        node_signal CONT "$node"
        if [[ $1 == postgres ]]; then
            node_signal_patroni TERM "$node"
        else
            node_signal TERM "$node"
        fi
    done
    for node in $nodes; do
        wait_until 20 node_ended "$node" || { say "zones: $node had to be killed" &&
            node_signal KILL "$node"; }
    done
}

zones_remove() {
    [[ -e $dir/net ]] || return 0
    rm -rf "${dir:?}"/{run,log,conf,secrets,tickets,provider} \
        "${dir:?}"/{nats,etcd,postgres,haproxy,stack.json,demo,net}
    rmdir "$dir" 2>/dev/null || say "zones: $dir is not empty"
}
