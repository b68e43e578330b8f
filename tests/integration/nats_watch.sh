#!/usr/bin/env bash
# The watch of nats-server (ops/nats/watch.sh): a server that stands still is killed, and no sooner;
# so is one that a full disk has frozen, where the version here does that (needs root); one that has
# not answered since it started is left alone; one that is asked to stop stops, and nothing is left.
# full-only
# time: 60
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
for part in process port nats; do
    # shellcheck source=/dev/null
    . "$cavea_root/ops/lib/$part.sh"
done

work=$(mktemp -d -t cavea-test.XXXXXX)
trap 'ended $?' EXIT

ended() {
    local name
    for name in stops freezes orderly starts; do process_stop "$work/run" "$name" KILL 5; done
    ! mountpoint -q "$work/disk" || umount "$work/disk"
    (($1 == 0)) || tail -n 5 "$work"/*.log || true
    rm -rf "$work"
}

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

declare -A client=() page=()
stream='{"name":"S","subjects":["s"],"storage":"file","retention":"limits","discard":"old"'
stream+=',"max_consumers":-1,"max_msgs":-1,"max_bytes":-1,"max_msg_size":-1,"num_replicas":1}'

# watched NAME STORE COMMAND...: the command gets the file of its settings as its last word
watched() {
    local chosen
    port_pick chosen
    client[$1]=$chosen
    port_pick chosen
    page[$1]=$chosen
    cat >"$work/$1.conf" <<CONF
listen: 127.0.0.1:${client[$1]}
http: 127.0.0.1:${page[$1]}
jetstream { store_dir: "$2", max_file_store: 1GB }
CONF
    process_start "$work/run" "$work/$1.log" "$1" bash "$cavea_root/ops/nats/watch.sh" \
        "127.0.0.1:${page[$1]}" "${@:3}" "$work/$1.conf"
}

server_started() {
    watched "$1" "$2" "$(nats_program)" -c
    wait_until 10 curl -fsS -o "$work/page" "http://127.0.0.1:${page[$1]}/jsz" 2>/dev/null ||
        stop_test "the server $1 serves"
}

# Its own process, and the one that watches.
processes_of() {
    pgrep -f -- "$work/$1.conf" || true
}

nothing_left() {
    process_gone "$work/run" "$1" && [[ ! $(processes_of "$1") ]]
}

# Stores messages of 10,000 bytes until it is not heard any more, or there are 200 of them.
disk_fills() {
    local socket line='' i message
    printf -v message '%010000d' 0
    exec {socket}<>"/dev/tcp/127.0.0.1/${client[freezes]}"
    printf '%s\r\n' 'CONNECT {"verbose":false}' "PUB \$JS.API.STREAM.CREATE.S x ${#stream}" \
        "$stream" PING >&"$socket"
    for ((i = 0; i < 200; i++)); do
        while [[ $line != PONG* ]]; do read -rt 2 -u "$socket" line || return 0; done
        line=
        printf '%s\r\n' 'PUB s 10000' "$message" PING >&"$socket"
    done
    exec {socket}>&-
    return 1
}

frozen_server_is_killed() {
    if ((EUID)); then
        echo "figure: left out: a full disk, because a small one takes root"
        return
    fi
    mkdir "$work/disk"
    mount -t tmpfs -o size=1m cavea-test "$work/disk"
    server_started freezes "$work/disk"
    if ! disk_fills; then
        echo "figure: a full disk does not freeze this nats-server"
        return
    fi
    curl -fsS -m 2 -o "$work/page" "http://127.0.0.1:${page[freezes]}/healthz" ||
        echo "figure: /healthz of a frozen server says nothing either"
    wait_until 15 nothing_left freezes || stop_test "a server that a full disk froze is killed"
    grep -q '^goroutine ' "$work/freezes.log" || stop_test "and says where it stood"
    echo "figure: a full disk froze the server; it was killed"
}

# The command of a server that takes connections and says nothing from its start on.
silent_server_start() {
    watched starts "$work/starts.store" node -e \
        'const conf = require("fs").readFileSync(process.argv[1], "utf8");
        require("net").createServer(() => {}).listen(+/http: 127.0.0.1:(\d+)/.exec(conf)[1])'
}

stopped_server_is_killed() {
    local pid from
    pid=$(process_pid "$work/run" stops)
    kill -s STOP "$pid"
    from=$(now_ms)
    wait_until 15 nothing_left stops || stop_test "a server that stands still is killed"
    took=$(($(now_ms) - from))
    ((took > 5000)) || stop_test "not because of one answer that is late: $took ms"
    grep -q '^watch: .* is killed' "$work/stops.log" || stop_test "and that is said"
    echo "figure: a server that stands still is killed after $took ms"
}

orderly_server_stops() {
    kill -s TERM "$(process_pid "$work/run" orderly)"
    wait_until 10 nothing_left orderly || stop_test "who is asked to stop stops, the watch with it"
    ! grep '^watch:' "$work/orderly.log" || stop_test "nobody killed it"
}

mkdir "$work/run"
silent_server_start
server_started stops "$work/stops.store"
server_started orderly "$work/orderly.store"
orderly_server_stops
stopped_server_is_killed
frozen_server_is_killed
[[ $(processes_of starts) ]] || stop_test "a server that has not answered yet is left alone"
