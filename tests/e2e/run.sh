#!/usr/bin/env bash
# ops/run itself: two stacks side by side, a used port, a stack that already runs, one that was
# killed whole or in part, Ctrl-C, a folder below a root-only one, a missing right.
# time: 180
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

run=$cavea_root/ops/run
ended=0
mkdir "$work/second"

also_down() {
    "$run" --stop --dir "$work/second" 2>/dev/null || true
    [[ -z ${rootly:-} ]] || {
        "$run" --stop --dir "$rootly/var" || true
        rm -rf "$(<"$rootly/var/postgres.place")" "$rootly"
    }
}
trap 'ended=$?; also_down; stack_down "$ended"' EXIT

# refused TEXT COMMAND...: ends with an error whose last line has TEXT in it
refused() {
    local text=$1 said
    shift
    if said=$("$@" 2>&1); then stop_test "$* is refused"; fi
    [[ $(tail -n 1 <<<"$said") == "cavea: "*"$text"* ]] || stop_test "'$text' instead of: $said"
}

running() {
    local file
    for file in "$1"/run/*.pid; do
        process_gone "$1/run" "$(basename "$file" .pid)" || return 0
    done
    return 1
}

answers() {
    curl -sSf -o /dev/null "http://127.0.0.1:$1/v1/events"
}

strangers_are_refused() {
    local url line
    url=$(stack_field nats_url)
    exec {socket}<>"/dev/tcp/127.0.0.1/${url##*:}"
    printf 'CONNECT {"verbose":false}\r\nPING\r\n' >&"$socket"
    while read -rt 5 -u "$socket" line; do
        [[ $line != *"Authorization Violation"* ]] || return 0
        [[ $line != PONG* ]] || break
    done
    stop_test "a stranger refused by nats-server"
}

files_are_private() {
    local name
    for name in {edge,admin,provider,nats,postgres}_url provider_key webhook_secret; do
        stack_field "$name" >/dev/null
    done
    [[ $(stat -c %a "$stack/stack.json") == 600 ]] || stop_test "stack.json of mode 0600"
    [[ -z $(find "$stack/secrets" -type f -perm /077 ! -name '*.pub' ! -name active) ]] ||
        stop_test "secrets of mode 0600"
    ! psql -X -q "$(stack_field postgres_edge_url)" -c 'SET default_transaction_read_only = off' \
        -c 'DELETE FROM ticket' 2>/dev/null || stop_test "an edge that may only read the database"
}

side_by_side() {
    local other
    port_pick other
    refused "port $stack_port is in use" "$run" --detach --dir "$work/second" --port "$stack_port"
    ! running "$work/second" || stop_test "nothing left of the refused start"
    refused "already runs" "$run" --detach --dir "$stack" --port "$other"
    "$run" --detach --dir "$work/second" --port "$other" --no-demo
    answers "$other" && answers "$stack_port"
    "$run" --stop --dir "$work/second"
    ! running "$work/second" || stop_test "nothing left after --stop"
    answers "$stack_port"
}

kill_all() {
    local name
    for name in postgres nats-server provider actors live edge; do
        kill -KILL "$(process_pid "$stack/run" $name)"
    done
}

killed() {
    local started
    kill_all
    started=$(now_ms)
    "$run" --detach --dir "$stack" --port "$stack_port"
    echo "figure: start after kill -9 of everything: $(($(now_ms) - started)) ms"
    answers "$stack_port"
    kill -KILL "$(process_pid "$stack/run" edge)"
    refused "remains of an earlier start" "$run" --detach --dir "$stack" --port "$stack_port"
    ! running "$stack" || stop_test "nothing left of the remains"
    started=$(now_ms)
    "$run" --detach --dir "$stack" --port "$stack_port"
    echo "figure: second start: $(($(now_ms) - started)) ms"
    (($(now_ms) - started < 10000)) || stop_test "a second start in less than 10 s"
    "$run" --stop --dir "$stack"
}

foreground() {
    local pid
    env --default-signal=INT "$run" --dir "$stack" --port "$stack_port" >"$work/foreground" 2>&1 &
    pid=$!
    wait_until 60 grep -qs "is ready at http://127.0.0.1:$stack_port" "$work/foreground" ||
        stop_test "a stack in the foreground: $(<"$work/foreground")"
    kill -INT "$pid"
    wait "$pid" || true
    ! running "$stack" || stop_test "nothing left after Ctrl-C"
    rm "$work/foreground"
    "$run" --dir "$stack" --port "$stack_port" >"$work/foreground" 2>&1 &
    pid=$!
    wait_until 60 grep -qs "is ready" "$work/foreground" || stop_test "the next start"
    kill -KILL "$(process_pid "$stack/run" provider)"
    ! wait "$pid" || stop_test "an error when a process dies"
    [[ $(tail -n 1 "$work/foreground") == "cavea: provider ended unexpectedly"* ]] ||
        stop_test "the name of who died: $(<"$work/foreground")"
    ! running "$stack" || stop_test "nothing left after one died"
}

below_root() {
    local other
    rootly=$(mktemp -d -p /root)
    port_pick other
    "$run" --detach --dir "$rootly/var" --port "$other" --no-demo 2>"$work/said"
    grep -q "/var/lib/cavea/" "$work/said" || stop_test "where the data is: $(<"$work/said")"
    answers "$other"
}

refused "no option --bad" "$run" --bad
refused "--port takes a number" "$run" --port 0
refused "may not make the folder" "$run" --detach --dir /proc/cavea-test # not even as root
stack_up
strangers_are_refused
files_are_private
side_by_side
killed
foreground
if ((EUID == 0)); then below_root; fi
