# What an operator puts on three real hosts, from the templates that the zones of one machine use:
#   OUT/conf/<zone>        for /etc/cavea of that zone's host
#   OUT/secrets/<service>  for /etc/cavea/<service> of each host, tickets among them
# What else lies under OUT/secrets stays with the operator. ops/systemd/README.md says how it gets
# there.
# Uses the globals of zones_conf.sh, out and addresses.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the other files that ops/zones sources

hosts_globals() {
    local zone list
    [[ $out ]] || fail "which folder? Name it with --out"
    dir=$out
    [[ $addresses || ! -s $dir/addresses ]] || addresses=$(<"$dir/addresses")
    IFS=, read -ra list <<<"$addresses"
    ((${#list[@]} == 3)) || fail "--addresses takes three, as A,B,C"
    for zone in "${!zones[@]}"; do address[${zones[$zone]}]=${list[$zone]}; done
    user=() group=()
    place=([nats]=/var/lib/nats [etcd]=/var/lib/etcd/cavea [postgres]=/var/lib/postgresql/cavea
        [haproxy]=/run/haproxy [conf]=/etc/cavea [secrets]=/etc/cavea/%s
        [tickets]=/etc/cavea/tickets)
    requests_per_source=400
    provider_rate=80
    balancers=$balancer
    watchdog=required
    nats_file_store=$nats_store
}

# Secrets that somebody else gives us; inventing them would make a cavea that takes no money.
hosts_demand() {
    local name
    for name in provider.key webhook.secret; do
        [[ -s $dir/secrets/$name ]] || fail "put the provider's $name into $dir/secrets/$name" \
            "first: the key for its API, and the secret that signs its webhooks"
        chmod 600 "$dir/secrets/$name"
    done
}

# hosts_config: writes the files
hosts_config() {
    local zone
    hosts_globals
    hosts_demand
    provider_url=${provider_url:-https://api.stripe.com}
    postgres_bin=${postgres_bin:-$(postgres_bin /nonexistent)}
    mkdir -p "$dir/conf"
    printf '%s\n' "$addresses" >"$dir/addresses"
    conf_secrets
    for zone in "${zones[@]}"; do conf_zone "$zone"; done
    hosts_json | write_private "$dir/stack.json"
    say "zones: conf/a, conf/b and conf/c in $dir belong to /etc/cavea of the three hosts," \
        "secrets/<service> to /etc/cavea/<service>: see ops/systemd/README.md"
}

# For ops/cavea --dir OUT.
hosts_json() {
    printf '{\n'
    printf '  "%s": "%s",\n' \
        nats_url "$(conf_list nats://%s:4222 , a)" \
        nats_nkey_file "$dir/secrets/nats-operator.seed" \
        postgres_url "$(zones_postgres_url)" \
        build "$build"
    printf '  "dir": "%s"\n}\n' "$dir"
}

# hosts_database: roles, the database and its tables, on the hosts' primary; may be repeated
hosts_database() {
    hosts_globals
    [[ -s $dir/stack.json ]] || fail "$dir holds no files for hosts: ops/zones config writes them"
    postgres_bin=$(postgres_bin /nonexistent)
    zones_roles
    wait_until 60 database_everywhere || fail "the database is not in all zones within 60 s"
    zones_command migrate
}
