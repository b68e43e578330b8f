#!/usr/bin/env bash
# Things break under load and the judge finds nothing wrong: two scenarios, all of them with --full.
# What this machine may not do is said.
# alone
# time: 5400
set -euo pipefail

: "${BUILD_DIR:?the folder of a build}"
out=$BUILD_DIR/chaos-reports
rm -rf "$out"
mkdir -p "$out"
names=(host-killed nats-killed --seconds 10)
[[ ${CAVEA_TEST_MODE:-whole} != full ]] || names=(all)
status=0
chaos/run "${names[@]}" --out "$out" >"$out/told" 2>&1 || status=$?
if ((status)); then
    cat "$out/told"
    exit 1
fi
sed -n -e '/scenarios hold/s/^/figure: /p' -e '/^left out/s/^/figure: /p' "$out/told"
jq -r '"figure: \(.scenario): nobody could reserve for \(.kinds.reserve.longest_outage_ms) ms, " +
    "\(.verdict.acknowledged) acknowledged, \(.verdict.breaches) breaches"' "$out"/*/report.json
jq -r 'select(.by_fault | length > 12) | "figure: \(.scenario): \(.by_fault | length) faults, " +
    "in 99 of 100 nobody could reserve for \(.p99_outage_by_fault_ms) ms at most"' \
    "$out"/*/report.json
