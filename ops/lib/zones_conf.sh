# Configuration files of three zones, for ops/zones on one machine and for three real hosts; their
# secrets are made by zones_keys.sh. Uses the globals
#   dir            where secrets lie and where conf/<zone>/ is written
#   zones, address[zone]           the zones' names and private addresses
#   place[what]    paths that stand in the files, with %s for the zone: on one machine under dir,
#                  on hosts under /etc/cavea and /var/lib/cavea
#   operator_net   networks that may log in to PostgreSQL besides the zones
#   balancers      networks that speak the PROXY protocol to the zones' proxies, or nothing
#   watchdog       required, or off
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

# conf_write ZONE FILE ROLE TEMPLATE...: one after the other, readable by the role's user only
conf_write() {
    local file=$dir/conf/$1/$2 role=$3 template
    shift 3
    for template in "$@"; do conf_fill "$template"; done | write_private "$file"
    conf_own "$role" "$file"
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
        [ETCD_CLUSTER]=$(conf_list 'etcd-%z=https://%s:2380' , a)
        [ADDRESSES]=$(conf_list %s ', ' a) [OPERATOR]=${operator_net:-127.0.0.1}
        [CONF]=$(conf_path conf "$zone") [POSTGRES_SECRETS]=$(conf_path secrets postgres)
        [WATCHDOG]=$watchdog
        [PATRONI_PASSWORD]=$(<"$dir/secrets/patroni")
        [BIN]=$postgres_bin [HBA]=$(conf_hba)
        [EDGES]=$(conf_list $'  server edge-%z %s:8081\n' '' "$zone")
        [EDGES_TRACKED]=$(conf_list $'  server edge-%z %s:8081 track edges/edge-%z\n' '' "$zone")
        [EDGE_ADMIN_PORT]=9102 [EDGE_CONNECTIONS]=400
        [LIVES]=$(conf_list $'  server live-%z %s:8082\n' '' "$zone") [LIVE_ADMIN_PORT]=9103
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
    word[BALANCERS]='  # nobody balances between zones with the PROXY protocol'
    [[ ! $balancers ]] ||
        word[BALANCERS]="  tcp-request connection expect-proxy layer4 if { src $balancers }"
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
        "TICKET_KEYS_DIR=$(conf_path tickets "$zone")" "HOLD_SECONDS=$hold_seconds"
    # The role may only read, so a primary is what to ask for, not a session that writes.
    conf_env "$zone" edge "ADDRESS=${address[$zone]}" PORT=8081 \
        "ADMIN_ADDRESS=${address[$zone]}" ADMIN_PORT=9102 DRAIN_MS=1500 \
        "NATS_URL=$(conf_list 'nats://%s:4222' , "$zone")" \
        "NATS_NKEY_FILE=$(conf_path secrets edge)/nats.seed" \
        "POSTGRES_URL=$(conf_postgres_url "$zone" cavea_edge primary edge)" \
        "SESSION_KEY_FILE=$(conf_path secrets edge)/session.key" \
        "WEBHOOK_SECRET_FILE=$(conf_path secrets edge)/webhook.secret" \
        "TICKET_KEYS_DIR=$(conf_path tickets "$zone")" LIVE_URL=/
    # The proxies in front of it write X-Forwarded-For.
    conf_env "$zone" live "ADDRESS=${address[$zone]}" PORT=8082 \
        "ADMIN_ADDRESS=${address[$zone]}" ADMIN_PORT=9103 FORWARDED=yes \
        "NATS_URL=$(conf_list 'nats://%s:4222' , "$zone")" \
        "NATS_NKEY_FILE=$(conf_path secrets live)/nats.seed"
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
    conf_etcd_certificate "$zone"
    conf_write "$zone" guard.nft root nftables/guard.nft
    word[DATA]=$(conf_path postgres "$zone")/data
    word[PGPASS]=$(conf_path postgres "$zone")/pgpass
    word[POSTGRESQL_CONF]=$(conf_path conf "$zone")/postgresql.conf
    conf_write "$zone" patroni.yml postgres postgres/patroni.yml
    conf_write "$zone" postgresql.conf postgres postgres/postgresql.conf
    word[STATS_SOCKET]=$(conf_path haproxy "$zone")/stats
    conf_write "$zone" haproxy.cfg haproxy haproxy/common.cfg haproxy/haproxy.cfg
    conf_daemons "$zone"
}
