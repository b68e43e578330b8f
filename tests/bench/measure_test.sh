#!/usr/bin/env bash
# What a bench does with a generator that died: it fails, and does not take old figures for new.
# label: unit
# quick
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/bench_measure.sh
. "$cavea_root/ops/lib/bench_measure.sh"

work=$(mktemp -d -t cavea-measure-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
results=$work/results
clk_tck=$(getconf CLK_TCK)
: >"$results"
wal_now() { echo 0; }
cpu_now() { echo 0 0 0 0 0; }

# generator STATUS TEXT
generator() {
    printf '%s' "$2"
    return "$1"
}

# measures STATUS LINES GENERATOR_STATUS TEXT: so many lines are recorded after it
measures() {
    local status=0 lines
    (measure part product label generator "$3" "$4") >"$work/told" 2>&1 || status=$?
    lines=$(wc -l <"$results")
    ((status == $1 && lines == $2)) && return
    printf 'generator %s "%s": status %s, %s lines; told:\n' "$3" "$4" "$status" "$lines"
    cat "$work/told"
    exit 1
}

report='{"next": 5, "per_second": 1, "2xx": 5, "409": 0, "errors": 0, "p50_us": 1, "p99_us": 1}'
measures 0 1 0 "$report"
measures 0 2 1 "$report"
measures 1 2 2 ''
measures 1 2 2 "$report"
measures 1 2 0 ''
measures 1 2 0 '{}'
measures 1 2 0 'no JSON'

# The scheduler's clock, in microseconds, of a process that worked, and of one that is not there.
for ((n = 0; n < 20000; n++)); do :; done
(($(cpu_of $$) > 1000))
[[ $(cpu_of 999999999) == 0 ]]
