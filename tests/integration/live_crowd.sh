#!/usr/bin/env bash
# Fifteen thousand listeners on one process of cavea-live and thirty thousand on two: from a delta's
# publishing to its arrival at each of them.
# full-only
# alone
# time: 400
set -euo pipefail
# shellcheck source=tests/integration/live_rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/live_rig.sh"

# memory NAME: of the process
memory() {
    local pid
    pid=$(process_pid "$work/run" "$1")
    awk -v name="$1" '/^VmHWM/ { printf "figure: %s took %d MB at most\n", name, $2 / 1024 }' \
        "/proc/$pid/status"
}

rig_start
live_start live-1
listeners 15000 40 250 live-1
listeners 15000 100 50 live-1
memory live-1
live_start live-2
listeners 15000 40 250 live-1 live-2
memory live-2
live_stop live-1
live_stop live-2
