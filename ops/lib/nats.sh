# A private nats-server on the loopback address with users of its own.
# shellcheck shell=bash

# nats-server collects garbage when its heap has grown by so many percent. Go's own 100 collects
# many times a second under load, because little lives long; 400 gave 13 % more reservations.
nats_gogc=${GOGC:-400}

# The port of the server's page, and its watch with it (ops/nats/watch.sh): for whoever starts again
# what ends. A stack of ops/run has neither.
nats_page=${nats_page:-}

# A quarter of what is free on the disk, at most 4 GiB: JetStream must not be what fills it.
nats_file_store_bytes() {
    local free
    free=$(df -B1 --output=avail "$1" | tail -n 1)
    ((free /= 4))
    ((free < 4294967296)) || free=4294967296
    printf '%s\n' "$free"
}

# nats_config DIR PORT
nats_config() {
    local dir=$1 port=$2 user arguments=()
    for user in edge live actors operator system; do
        arguments+=(-e "s|@${user^^}_PASSWORD@|$(<"$dir/secrets/nats-$user")|")
    done
    sed -e "/@PERMISSIONS@/{r $cavea_root/ops/nats/permissions.conf" -e 'd;}' \
        -e "s|@PORT@|$port|" -e "s|@PAGE@|${nats_page:+http: 127.0.0.1:$nats_page}|" \
        -e "s|@STORE@|$dir/nats|" \
        -e "s|@MAX_FILE_STORE@|$(nats_file_store_bytes "$dir")|" "${arguments[@]}" \
        "$cavea_root/ops/nats/embedded.conf" | write_private "$dir/nats-server.conf"
}

# The server greets everybody with INFO as soon as it takes clients.
nats_greets() {
    local line
    exec {nats_socket}<>"/dev/tcp/127.0.0.1/$1" || return 1
    read -rt 1 -u "$nats_socket" line || line=
    exec {nats_socket}>&-
    [[ $line == INFO* ]]
} 2>/dev/null

nats_ready_or_gone() {
    process_gone "$1/run" nats-server || nats_greets "$2"
}

# nats_start DIR PORT
nats_start() {
    local dir=$1 port=$2 log=$1/log/nats-server.log watch=()
    nats_config "$dir" "$port"
    [[ ! $nats_page ]] || watch=(bash "$cavea_root/ops/nats/watch.sh" "127.0.0.1:$nats_page")
    GOGC=$nats_gogc process_start "$dir/run" "$log" nats-server "${watch[@]}" "$(nats_program)" \
        -c "$dir/nats-server.conf"
    wait_until 30 nats_ready_or_gone "$dir" "$port" ||
        fail "nats-server was not ready within 30 s, see $log"
    if process_gone "$dir/run" nats-server; then
        tail -n 5 "$log" >&2
        fail "nats-server ended during its start, see $log"
    fi
}

# Debian keeps it in a folder that is not on everybody's path.
nats_program() {
    PATH=$PATH:/usr/sbin command -v nats-server || fail "nats-server is not installed"
}
