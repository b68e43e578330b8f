#!/usr/bin/env bash
# CPU for each reservation of the product against the bare pipeline in the same minute, in turns.
# Fails when it costs over 25 % more of them than ratio.txt says. `guard.sh --accept` writes that.
# label: bench
# time: 300
# alone
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"

work=$(mktemp -d -t cavea-guard.XXXXXX)
here=$cavea_root/tests/bench
trap 'rm -rf "$work"' EXIT

"$cavea_root/ops/bench" --rounds 5 --seconds 3 --connections 128 --parts throughput \
    --output "$work" --json "$work/figures.json" >&2
ratio=$(jq -er '.cpu_ratio.median * 100 | round / 100' "$work/figures.json")
jq -r '"figure: CPU for a reservation, product to bare: \(.cpu_ratio.median * 100 | round / 100)" +
    " (\(.cpu_ratio.min * 100 | round / 100) to \(.cpu_ratio.max * 100 | round / 100))," +
    " \(.reservations_per_s | round) accepted/s"' "$work/figures.json"
if [[ ${1-} == --accept ]]; then
    printf '%s\n' "$ratio" >"$here/ratio.txt"
    exit
fi
allowed=$(<"$here/ratio.txt")
if jq -en "$ratio > $allowed * 1.25" >/dev/null; then
    printf 'a reservation costs %s of the bare ones, %s times 1.25 is allowed\n' \
        "$ratio" "$allowed"
    exit 1
fi
