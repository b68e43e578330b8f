#!/usr/bin/env bash
# How soon an actor reads its inbox again after its broker, or only its consumer, died.
# time: 30
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=ops/lib/nats.sh
. "$cavea_root/ops/lib/nats.sh"

build=${BUILD_DIR:-$cavea_root/build/${CAVEA_BUILD:-release}}
nats_port=''
port_pick nats_port
"$build/bus_silence" "$(nats_program)" "$nats_port" "$work/nats" >"$work/out" 2>&1 ||
    stop_test "$(tail -n 20 "$work/out")"
grep '^figure:' "$work/out"
