#!/usr/bin/env bash
# Makes pictures of every page in build/screenshots, for people to look at.
# full-only
# alone
# time: 300
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/browser/stage.sh
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

node_libraries browser
stack_up
stage_set
browser_limit=290 browser shots.mjs "$cavea_root/build/screenshots"
count=$(find "$cavea_root/build/screenshots" -name '*.png' | wc -l)
echo "figure: $count pictures in build/screenshots"
