#!/usr/bin/env bash
# What goes wrong on the way to a ticket, and what a page then says and keeps: refused and lost
# answers, seats whose time is up before and while they are paid, ways back, other tabs, parts of
# the pages that do not arrive, another build of them, computers that others use afterwards.
# full-only
# alone
# time: 420
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/browser/stage.sh
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

export CAVEA_PAYMENT_EXTENSION=0s
node_libraries browser
stack_up
stage_set
tent=$(cavea venue list --json | jq -er '.[] | select(.name == "The Long Tent") | .id')
plan=$(cavea plan list --json | jq -er '.[] | select(.name == "The Long Tent") | .hash')
free=$(show "$tent" "$plan" "An Open Rehearsal" family --starts +6d --currency EUR \
    --price Ring=0 --price Benches=0)
brief=$(show "$tent" "$plan" "Quick Change" comedy --starts +7d --currency EUR \
    --price Ring=4800 --price Benches=2950 --hold-seconds 8)
shows=$(jq -c --arg free "$free" --arg brief "$brief" '. + $ARGS.named' <<<"$shows")
browser_limit=230 browser mishap.mjs
browser_limit=150 browser wander.mjs
browser_limit=120 browser leave.mjs
