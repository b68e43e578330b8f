#!/usr/bin/env bash
# The seat map: its model in Node.js, and itself in a browser under mouse, keys and fingers.
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/browser/libraries.sh
. "$cavea_root/tests/browser/libraries.sh"

stack_up
browser_libraries
"$cavea_root/edge/web/node_modules/.bin/esbuild" "$cavea_root"/edge/web/map/*.test.ts --bundle \
    --platform=node --format=esm --log-level=warning --outdir="$work/map" --out-extension:.js=.mjs
GOLDEN_PLAN_MAP=$cavea_root/tests/golden/plan_map.bin node --test "$work/map/" >"$work/tests" ||
    { cat "$work/tests" && stop_test "a model that does what its tests say"; }
event_on_sale
node "$cavea_root/tests/browser/map/walk.mjs" edge="$edge" event="$event" ||
    stop_test "a map that does what it is told"
