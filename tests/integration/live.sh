#!/usr/bin/env bash
# cavea-live between a real nats-server and a thousand listeners: each hears of every change, in
# order and soon, and, when there is nothing to hear, that its stream stands; a lost broker, a
# listener that comes back, and the admin port.
# variants: release
# full-variants: address
set -euo pipefail
# shellcheck source=tests/integration/live_rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/live_rig.sh"

event=01970000-0000-7000-8000-0000000000e1

# hears TEXT: in what the stream brought so far
hears() {
    wait_until 10 grep -qF -- "$1" "$work/stream" || stop_rig "a stream with $1"
}

# metric NAME LEAST
metric() {
    curl -fsS -m 10 "http://127.0.0.1:$(live_admin_port live-1)/metrics" |
        awk -v name="$1" -v least="$2" '
            index($1, name) == 1 { sum += $2 }
            END { exit sum < least }' || stop_rig "the metric $1 is $2 at least"
}

ready_is() {
    local code
    code=$(curl -sS -m 10 -o "$work/answer" -w '%{http_code}' \
        "http://127.0.0.1:$(live_admin_port live-1)/readyz")
    [[ $code == "$1" ]]
}

# Nothing ever happens there.
quiet_start() {
    curl -sN -m 60 "http://127.0.0.1:$(live_port live-1)/v1/events/${event/%1/2}/live" \
        >"$work/quiet" &
    quiet=$!
}

quiet_beats() {
    wait_until 20 grep -qx 'event: beat' "$work/quiet" || stop_rig "a beat after 15 s of silence"
    kill "$quiet"
    wait "$quiet" || true
}

# A stream that sees the broker go and come back.
broker_lost() {
    : >"$work/stream"
    curl -sN -m 60 "http://127.0.0.1:$(live_port live-1)/v1/events/$event/live" \
        >"$work/stream" &
    stream=$!
    hears 'event: reset'
    broker_stop
    hears 'event: deaf'
    wait_until 10 ready_is 503 || stop_rig "not ready without a broker"
    broker_start
    wait_until 10 ready_is 200 || stop_rig "ready again"
    wait_until 10 awk '/event: reset/ { n++ } END { exit n < 2 }' "$work/stream" ||
        stop_rig "a reset when the broker is back"
    kill "$stream"
    wait "$stream" || true
}

rig_start
live_start live-1
quiet_start
listeners 1000 50 20 live-1
metric cavea_live_listeners_joined_total 1000
metric cavea_live_deltas_total 50
quiet_beats
broker_lost
live_stop live-1
