#!/usr/bin/env bash
# What a map of 60,000 seats costs in a browser: first paint, frames, changes, memory.
# full-only
# alone
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

stack_up
node_libraries browser
event_on_sale
node "$cavea_root/tests/browser/map/bench.mjs" edge="$edge" event="$event" crowd=1 ||
    stop_test "a map as fast as it should be"
