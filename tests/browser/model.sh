#!/usr/bin/env bash
# The seat map's model, and what hears of changes, in Node.js: no browser, no server.
# quick
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(mktemp -d -t cavea-model.XXXXXX)
trap 'rm -rf "$out"' EXIT
mapfile -t tests < <(find "$root/edge/web" -name node_modules -prune -o -name '*.test.ts' -print)
node "$root/edge/web/types.mjs" "$root/edge/openapi.json" "$out/api.ts"
"$root/edge/web/node_modules/.bin/esbuild" "${tests[@]}" --bundle --platform=node --format=esm \
    --log-level=warning --outdir="$out/tests" --out-extension:.js=.mjs --alias:#api="$out/api.ts"
GOLDEN_PLAN_MAP=$root/tests/golden/plan_map.bin node --test "$out/tests/"
