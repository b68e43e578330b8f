# library: sourced, starts nothing
# A nats-server and processes of cavea-live in a temporary folder, without anything else.
# shellcheck shell=bash

# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/port.sh
. "$cavea_root/ops/lib/port.sh"
# shellcheck source=ops/lib/process.sh
. "$cavea_root/ops/lib/process.sh"
# shellcheck source=ops/lib/nats.sh
. "$cavea_root/ops/lib/nats.sh"

: "${BUILD_DIR:?the folder of a build}"
nats_port=
work=$(mktemp -d -t cavea-live.XXXXXX)
trap 'rig_stop $?' EXIT
trap 'exit 143' TERM INT

rig_stop() {
    local file name
    trap '' TERM INT
    for file in "$work"/run/*.pid; do
        name=$(basename "$file" .pid)
        [[ -e $file ]] && process_stop "$work/run" "$name" TERM 10
    done
    (($1 == 0)) || tail -n 5 "$work"/log/*.log || true
    rm -rf "$work"
    exit "$1"
}

stop_rig() {
    printf 'not so: %s\n' "$1"
    exit 1
}

broker_start() {
    process_start "$work/run" "$work/log/nats.log" nats-server "$(nats_program)" \
        -a 127.0.0.1 -p "$nats_port"
    wait_until 10 nats_greets "$nats_port" || stop_rig "a broker that greets"
}

broker_stop() {
    process_stop "$work/run" nats-server TERM 10
}

rig_start() {
    mkdir "$work/run" "$work/log"
    port_pick nats_port
    broker_start
}

# live_start NAME OPTION...
live_start() {
    local name=$1
    shift
    process_start "$work/run" "$work/log/$name.log" "$name" "$BUILD_DIR/cavea-live" --port=0 \
        --address-max=1000000 --nats-url="nats://127.0.0.1:$nats_port" \
        --ready-file="$work/run/$name.ready" "$@"
    wait_until 10 test -e "$work/run/$name.ready" || stop_rig "$name is ready"
}

live_port() {
    awk '$1 == "port" { print $2 }' "$work/run/$1.ready"
}

live_admin_port() {
    awk '$1 == "admin_port" { print $2 }' "$work/run/$1.ready"
}

# Ends in order, and says nothing that it should not.
live_stop() {
    process_stop "$work/run" "$1" TERM 10
    grep -q '"event":"live.stopped"' "$work/log/$1.log" || stop_rig "$1 ends in order"
    ! grep -E '"level":"error"|Sanitizer' "$work/log/$1.log" || stop_rig "$1 has no errors"
}

# listeners COUNT DELTAS INTERVAL_MS NAME...: a second at most for 99 of 100
listeners() {
    local count=$1 deltas=$2 interval=$3 name ports=()
    shift 3
    for name in "$@"; do ports+=("$(live_port "$name")"); done
    "$BUILD_DIR/live_listeners" "nats://127.0.0.1:$nats_port" "$count" "$deltas" "$interval" \
        "${ports[@]}" >"$work/answer" || stop_rig "every listener hears everything"
    sed 's/^/figure: /' "$work/answer"
    jq -e '.p99_ms < 1000' "$work/answer" >/dev/null || stop_rig "within a second (p99)"
}
