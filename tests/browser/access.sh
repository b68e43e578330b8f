#!/usr/bin/env bash
# Everybody can use the pages: axe on each of them in every state, in light and dark, from left to
# right and from right to left; targets, narrow windows, languages.
# full-only
# alone
# time: 360
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/browser/stage.sh
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

node_libraries browser
stack_up
stage_set
sell_out "$(jq -r .sold_out <<<"$shows")"
browser_limit=170 browser access.mjs
browser_limit=150 browser outcomes.mjs
