#!/usr/bin/env bash
# The pages' types hold, against types made from the API's description.
# quick
set -euo pipefail
web=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../edge/web" && pwd)
out=$(mktemp -d -t cavea-types.XXXXXX)
trap 'rm -rf "$out"' EXIT
node "$web/types.mjs" "$web/../openapi.json" "$out/api.ts"
node "$web/check.mjs" "$out"
