#!/usr/bin/env bash
# The seat map in a browser, under mouse, keys and fingers.
# full-only
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

stack_up
node_libraries browser
event_on_sale
node "$cavea_root/tests/browser/map/walk.mjs" edge="$edge" event="$event" ||
    stop_test "a map that does what it is told"
