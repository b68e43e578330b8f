# Secrets and configuration files of three zones, for ops/zones on one machine and for three real
# hosts. Uses the globals
#   dir            where secrets lie and where conf/<zone>/ is written
#   zones, address[zone]           the zones' names and private addresses
#   place[what]    paths that stand in the files, with %s for the zone: on one machine under dir,
#                  on hosts under /etc/cavea and /var/lib/cavea
#   operator_net   network that may log in to PostgreSQL besides the zones
# and the user[role] and group[role] that own files with secrets.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

declare -A word=()

# conf_fill TEMPLATE: to standard output, with every @WORD@ from the table; unknown ones are refused
conf_fill() {
    local text name
    text=$(<"$cavea_root/ops/$1")
    for name in "${!word[@]}"; do text=${text//"@$name@"/"${word[$name]}"}; done
    [[ ! $text =~ @[A-Z_]+@ ]] || fail "ops/$1 has a word that nobody fills in: ${BASH_REMATCH[0]}"
    printf '%s\n' "$text"
}

# conf_write ZONE FILE ROLE TEMPLATE: readable by the role's user only
conf_write() {
    local file=$dir/conf/$1/$2
    conf_fill "$4" | write_private "$file"
    conf_own "$3" "$file"
}

conf_own() {
    [[ ${user[$1]-} ]] || return 0
    chown "${user[$1]}:${group[$1]}" "${@:2}"
}

conf_secret() {
    [[ -s $dir/secrets/$1 ]] || printf '%s%s\n' "${2-}" "$(random_hex 24)" |
        write_private "$dir/secrets/$1"
}

conf_nkey() {
    local seed=$dir/secrets/nats-$1.seed
    [[ -s $seed ]] || "$build/cavea" nkey make "$seed" >/dev/null || fail "no NKey for $1"
    "$build/cavea" nkey show "$seed" --json | jq -er .public >"$dir/secrets/nats-$1.public"
}

# conf_copy ROLE SECRET [NAME]: what a service needs, in a folder that only its user may read
conf_copy() {
    local to=$dir/secrets/$1
    mkdir -p "$to"
    chmod 700 "$to"
    install -m 600 "$dir/secrets/$2" "$to/${3:-$2}"
    conf_own "$1" "$to" "$to/${3:-$2}"
}

conf_pgpass() {
    printf '*:*:*:%s:%s\n' "$2" "$(<"$dir/secrets/postgres-$1")" |
        write_private "$dir/secrets/pgpass-$1"
    conf_copy "$1" "pgpass-$1" pgpass
}

conf_secrets() {
    local name
    mkdir -p "$dir/secrets"
    chmod 711 "$dir/secrets"
    for name in postgres-{superuser,owner,actors,edge,replicator,rewinder} patroni route; do
        conf_secret "$name"
    done
    conf_secret provider.key sk_test_
    conf_secret webhook.secret whsec_
    [[ -s $dir/secrets/session.key ]] ||
        head -c 32 /dev/urandom | write_private "$dir/secrets/session.key"
    for name in edge live actors operator observer system; do conf_nkey "$name"; done
    for name in actors edge; do conf_copy "$name" "nats-$name.seed" nats.seed; done
    conf_pgpass actors cavea_actors
    conf_pgpass edge cavea_edge
    for name in actors provider; do conf_copy "$name" provider.key; done
    for name in edge provider; do conf_copy "$name" webhook.secret; done
    conf_copy edge session.key
    conf_certificate
}

# The proxies' certificate: whoever has one puts it here before; otherwise it is of our own making.
conf_certificate() {
    local pem=$dir/secrets/tls.pem
    if [[ ! -s $pem ]]; then
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
            -subj /CN=cavea.test -keyout "$pem.key" -out "$pem.crt" 2>/dev/null ||
            fail "openssl could not make a certificate"
        cat "$pem.crt" "$pem.key" | write_private "$pem"
        rm -f "$pem.key" "$pem.crt"
    fi
    conf_copy haproxy tls.pem
}

# conf_list FORMAT SEPARATOR ZONE: an entry of each zone, that zone first; %s: the address, %z: the
# zone's name
conf_list() {
    local zone item list=''
    for zone in "$3" "${zones[@]}"; do
        [[ $zone != "$3" || ! $list ]] || continue
        item=${1//%s/${address[$zone]}}
        list+=${list:+$2}${item//%z/$zone}
    done
    printf '%s' "$list"
}

conf_path() {
    # shellcheck disable=SC2059 # the path is the format
    printf "${place[$1]}" "$2"
}

conf_hba() {
    local zone net
    for net in $(for zone in "${zones[@]}"; do echo "${address[$zone]}/32"; done) $operator_net; do
        printf '    - host all all %s scram-sha-256\n' "$net"
        printf '    - host replication replicator %s scram-sha-256\n' "$net"
    done
}

# conf_words ZONE
conf_words() {
    local zone=$1 name
    word=(
        [ZONE]=$zone [ADDRESS]=${address[$zone]}
        [ROUTE_PASSWORD]=$(<"$dir/secrets/route")
        [ROUTES]=$(conf_list "\"nats-route://route:$(<"$dir/secrets/route")@%s:6222\"" ', ' "$zone")
        [MAX_FILE_STORE]=$nats_file_store
        [PERMISSIONS]=$(<"$cavea_root/ops/nats/permissions.conf")
        [ETCD_HOSTS]=$(conf_list '%s:2379' ', ' "$zone")
        [ETCD_CLUSTER]=$(conf_list 'etcd-%z=http://%s:2380' , a)
        [PATRONI_PASSWORD]=$(<"$dir/secrets/patroni")
        [BIN]=$postgres_bin [HBA]=$(conf_hba)
        [EDGES]=$(conf_list $'  server edge-%z %s:8081\n' '' "$zone")
        [EDGE_ADMIN_PORT]=9102 [EDGE_CONNECTIONS]=400
        [REQUESTS_PER_SOURCE]=$requests_per_source
    )
    for name in edge live actors operator observer system; do
        word[${name^^}_NKEY]=$(<"$dir/secrets/nats-$name.public")
    done
    for name in superuser replicator rewinder; do
        word[${name^^}_PASSWORD]=$(<"$dir/secrets/postgres-$name")
    done
    word[TLS_BIND]="  bind ${address[$zone]}:8443 ssl crt $(conf_path secrets haproxy)/tls.pem"
    word[TLS_BIND]+=" alpn h2,http/1.1"
}

conf_postgres_url() {
    printf 'postgresql://%s@%s/cavea?target_session_attrs=%s&passfile=%s/pgpass' "$2" \
        "$(conf_list '%s:5432' , "$1")" "$3" "$(conf_path secrets "$4")"
}

# conf_env ZONE NODE SETTING...: as systemd's EnvironmentFile and the shell read it
conf_env() {
    local zone=$1 node=$2
    shift 2
    printf "CAVEA_%s\n" "$@" | sed "s/=\(.*\)/='\1'/" | write_private "$dir/conf/$zone/$node.env"
}

conf_daemons() {
    local zone=$1
    conf_env "$zone" actors "HOST_NAME=actors-$zone" \
        "ADMIN_ADDRESS=${address[$zone]}" ADMIN_PORT=9101 \
        "NATS_URL=$(conf_list 'nats://%s:4222' , "$zone")" STREAM_REPLICAS=3 \
        "NATS_NKEY_FILE=$(conf_path secrets actors)/nats.seed" \
        "POSTGRES_URL=$(conf_postgres_url "$zone" cavea_actors read-write actors)" \
        "PROVIDER_URL=$provider_url" "PROVIDER_RATE=$provider_rate" \
        "PROVIDER_KEY_FILE=$(conf_path secrets actors)/provider.key" \
        "TICKET_KEYS_DIR=${place[tickets]}" "HOLD_SECONDS=$hold_seconds"
    # The role may only read, so a primary is what to ask for, not a session that writes.
    conf_env "$zone" edge "ADDRESS=${address[$zone]}" PORT=8081 \
        "ADMIN_ADDRESS=${address[$zone]}" ADMIN_PORT=9102 DRAIN_MS=1500 \
        "NATS_URL=$(conf_list 'nats://%s:4222' , "$zone")" \
        "NATS_NKEY_FILE=$(conf_path secrets edge)/nats.seed" \
        "POSTGRES_URL=$(conf_postgres_url "$zone" cavea_edge primary edge)" \
        "SESSION_KEY_FILE=$(conf_path secrets edge)/session.key" \
        "WEBHOOK_SECRET_FILE=$(conf_path secrets edge)/webhook.secret" \
        "TICKET_KEYS_DIR=${place[tickets]}"
}

# conf_zone ZONE: everything of one zone
conf_zone() {
    local zone=$1
    mkdir -p "$dir/conf/$zone"
    chmod 711 "$dir/conf" "$dir/conf/$zone"
    conf_words "$zone"
    word[STORE]=$(conf_path nats "$zone")
    conf_write "$zone" nats-server.conf nats nats/cluster.conf
    word[STORE]=$(conf_path etcd "$zone")
    conf_write "$zone" etcd.yml etcd postgres/etcd.yml
    word[DATA]=$(conf_path postgres "$zone")/data
    word[PGPASS]=$(conf_path postgres "$zone")/pgpass
    word[POSTGRESQL_CONF]=$(conf_path conf "$zone")/postgresql.conf
    conf_write "$zone" patroni.yml postgres postgres/patroni.yml
    conf_write "$zone" postgresql.conf postgres postgres/postgresql.conf
    word[STATS_SOCKET]=$(conf_path haproxy "$zone")/stats
    conf_write "$zone" haproxy.cfg haproxy haproxy/haproxy.cfg
    conf_daemons "$zone"
}
