#!/usr/bin/env bash
# A buyer in a browser: two seats, of which somebody takes one meanwhile, the provider's page, a
# ticket whose code a scanner reads from a picture of the page. walk.sh goes everywhere else.
# time: 90
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/browser/stage.sh
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

node_libraries browser
stack_up
shows=$(jq -n --arg arena "$arena" '$ARGS.named')
browser_limit=60 browser buy.mjs
ticket_scan
