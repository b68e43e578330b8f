#!/usr/bin/env bash
# Things break under load and the judge finds nothing wrong: two scenarios, all of them with --full,
# those of one node beside those of three zones. What this machine may not do is said.
# alone
# time: 5400
set -euo pipefail

: "${BUILD_DIR:?the folder of a build}"
out=$BUILD_DIR/chaos-reports
rm -rf "$out"
mkdir -p "$out"
status=0

# run NAME SCENARIO...
run() {
    local told=$out/told-$1
    shift
    chaos/run "$@" --out "$out" >"$told" 2>&1 || { cat "$told" && return 1; }
    sed -n -e '/scenarios hold/s/^/figure: /p' -e '/^left out/s/^/figure: /p' "$told"
}

if [[ ${CAVEA_TEST_MODE:-whole} == full ]]; then
    mapfile -t zones < <(cd chaos/scenarios && grep -lx 'on zones' -- *)
    mapfile -t node < <(cd chaos/scenarios && grep -Lx 'on zones' -- *)
    # Some of one node go with them: both lanes take as long, and where zones may not be made, a run
    # of nothing is none.
    run zones "${node[@]:0:6}" "${zones[@]}" &
    run node "${node[@]:6}" || status=1
    wait "$!" || status=1
else
    run node host-killed nats-killed --seconds 10 || status=1
fi
jq -r '"figure: \(.scenario): nobody could reserve for \(.kinds.reserve.longest_outage_ms) ms, " +
    "\(.verdict.acknowledged) acknowledged, \(.verdict.breaches) breaches"' "$out"/*/report.json
jq -r 'select(.by_fault | length > 12) | "figure: \(.scenario): \(.by_fault | length) faults, " +
    "in 99 of 100 nobody could reserve for \(.p99_outage_by_fault_ms) ms at most"' \
    "$out"/*/report.json
exit "$status"
