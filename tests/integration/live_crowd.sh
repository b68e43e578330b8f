#!/usr/bin/env bash
# Fifteen thousand listeners on one process of cavea-live and thirty thousand on two: from a delta's
# publishing to its arrival at each of them.
# full-only
# alone
# time: 400
set -euo pipefail
# shellcheck source=tests/integration/live_rig.sh
. "$(dirname "${BASH_SOURCE[0]}")/live_rig.sh"

# cost NAME LISTENERS: its processor time for each write since it began, and its memory at most
cost() {
    local pid fields rounds
    pid=$(process_pid "$work/run" "$1")
    fields=$(</proc/"$pid"/stat)
    rounds=$(curl -fsS -m 10 "http://127.0.0.1:$(live_admin_port "$1")/metrics" |
        awk '$1 == "cavea_live_round_seconds_count" { print $2 }')
    awk -v name="$1" -v writes="$((rounds * $2))" -v hertz="$(getconf CLK_TCK)" '
        FNR == NR { cpu = ($12 + $13) / hertz; next }
        /^VmHWM/ { printf "figure: %s: %.1f us of CPU a write, %d MB at most\n",
            name, cpu * 1e6 / writes, $2 / 1024 }' \
        <(printf '%s\n' "${fields##*) }") "/proc/$pid/status"
}

rig_start
live_start live-1
listeners 15000 40 250 live-1
cost live-1 15000
listeners 15000 100 50 live-1
live_start live-2
listeners 15000 40 250 live-1 live-2
cost live-2 15000
live_stop live-1
live_stop live-2
