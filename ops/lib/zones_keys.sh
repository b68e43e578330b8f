# Keys, passwords and certificates of three zones, made once and kept under dir/secrets; each
# service has a folder of its own there with what it needs, which only its user may read. Uses the
# globals of zones_conf.sh.
#   ca.key, ca.crt       of our own authority, which vouches for etcd's servers and for Patroni
#   tickets/             keys that sign tickets: the same in all zones, or a ticket of one would be
#                        unknown in another
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

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
    [[ -s $dir/secrets/session.key ]] ||
        head -c 32 /dev/urandom | write_private "$dir/secrets/session.key"
    for name in edge live actors operator observer system; do conf_nkey "$name"; done
    for name in actors edge live; do conf_copy "$name" "nats-$name.seed" nats.seed; done
    conf_pgpass actors cavea_actors
    conf_pgpass edge cavea_edge
    for name in actors provider; do conf_copy "$name" provider.key; done
    for name in edge provider; do conf_copy "$name" webhook.secret; done
    conf_copy edge session.key
    conf_ticket_keys
    conf_proxy_certificate
    conf_authority
}

conf_ticket_keys() {
    "$build/cavea" ticket keys make --dir "$dir/secrets/tickets" >/dev/null ||
        fail "no key that signs tickets"
}

# ssl_make NAME SUBJECT EXTENSION... -- OPTION...: a certificate and its key in dir/secrets
ssl_make() {
    local path=$dir/secrets/$1 subject=$2 extensions=()
    shift 2
    while [[ $1 != -- ]]; do
        extensions+=(-addext "$1")
        shift
    done
    shift
    openssl req -x509 -config <(printf '[req]\ndistinguished_name=name\n[name]\n') \
        -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$subject" \
        "${extensions[@]}" -keyout "$path.key.new" -out "$path.crt.new" "$@" 2>/dev/null ||
        fail "openssl could not make a certificate for $subject"
    chmod 600 "$path.key.new"
    mv "$path.key.new" "$path.key"
    mv "$path.crt.new" "$path.crt"
}

# The proxies' certificate: whoever has one puts it here before; otherwise it is of our own making.
conf_proxy_certificate() {
    local path=$dir/secrets/tls
    if [[ ! -s $path.pem ]]; then
        ssl_make tls cavea.test 'subjectAltName=DNS:cavea.test' -- -days 365
        cat "$path.crt" "$path.key" | write_private "$path.pem"
        rm -f "$path.key" "$path.crt"
    fi
    conf_copy haproxy tls.pem
}

conf_authority() {
    [[ -s $dir/secrets/ca.crt ]] || ssl_make ca 'cavea private authority' \
        'basicConstraints=critical,CA:TRUE,pathlen:0' 'keyUsage=critical,keyCertSign' -- -days 3650
    conf_certificate patroni patroni extendedKeyUsage=clientAuth
    conf_copy postgres patroni.crt etcd.crt
    conf_copy postgres patroni.key etcd.key
    conf_copy postgres ca.crt
}

# conf_certificate NAME SUBJECT EXTENSION...: one that our authority vouches for
conf_certificate() {
    local secrets=$dir/secrets
    [[ ! -s $secrets/$1.crt ]] || return 0
    ssl_make "$@" -- -days 3650 -CA "$secrets/ca.crt" -CAkey "$secrets/ca.key"
}

# conf_etcd_certificate ZONE: of its server, good for that zone's address only; etcd also talks to
# itself and to the others with it, so it names a client as well.
conf_etcd_certificate() {
    local zone=$1 name=etcd-$1 file
    ! [[ -s $dir/secrets/$name.crt ]] ||
        openssl x509 -noout -checkip "${address[$zone]}" -in "$dir/secrets/$name.crt" |
        grep -q 'does match' || rm "$dir/secrets/$name.crt"
    conf_certificate "$name" "$name" extendedKeyUsage=serverAuth,clientAuth \
        "subjectAltName=IP:${address[$zone]}"
    install -m 600 "$dir/secrets/$name.crt" "$dir/conf/$zone/etcd.crt"
    install -m 600 "$dir/secrets/$name.key" "$dir/conf/$zone/etcd.key"
    install -m 600 "$dir/secrets/ca.crt" "$dir/conf/$zone/ca.crt"
    for file in etcd.crt etcd.key ca.crt; do conf_own etcd "$dir/conf/$zone/$file"; done
}
