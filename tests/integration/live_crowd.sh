#!/usr/bin/env bash
# Fifteen thousand listeners on one process of cavea-live and thirty thousand on two: from a delta's
# publishing to its arrival at each of them.
# full-only
# alone
# time: 400
set -euo pipefail
# shellcheck source=tests/integration/live_rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/live_rig.sh"

# cost NAME MESSAGES: its processor time for each message since it began, and its memory at most
cost() {
    local pid fields hertz
    pid=$(process_pid "$work/run" "$1")
    hertz=$(getconf CLK_TCK)
    fields=$(</proc/"$pid"/stat)
    awk -v name="$1" -v messages="$2" -v hertz="$hertz" '
        FNR == NR { cpu = ($12 + $13) / hertz; next }
        /^VmHWM/ { printf "figure: %s: %.1f us of CPU a message, %d MB at most\n",
            name, cpu * 1e6 / messages, $2 / 1024 }' \
        <(printf '%s\n' "${fields##*) }") "/proc/$pid/status"
}

rig_start
live_start live-1
listeners 15000 40 250 live-1
cost live-1 $((15000 * 40))
listeners 15000 100 50 live-1
live_start live-2
listeners 15000 40 250 live-1 live-2
cost live-2 $((15000 * 40))
live_stop live-1
live_stop live-2
