#!/usr/bin/env bash
# CPU for each reservation of the product, divided by that of a calibration load (the bare pipeline
# of bare.c: a bare civetweb handler and a bare batch insert) in the same minute, in turns. Fails
# when the median of the rounds is over 25 % more than ratio.txt says. Decides again, once, when it
# is only just too much.
#   guard.sh --accept        writes ratio.txt
#   guard.sh --figures FILE  decides on a document of ops/bench --json instead of measuring; with a
#                            second FILE for the second decision
# label: bench
# time: 300
# alone
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"

more=1.25    # times as much as accepted is too much
narrow=1.45  # up to so much a busy neighbour can be the reason
rounds_min=5 # fewer prove nothing

work=$(mktemp -d -t cavea-guard.XXXXXX)
trap 'rm -rf "$work"' EXIT
given=()
if [[ ${1-} == --figures ]]; then given=("${@:2}"); fi

# measured N: the figures of the Nth decision are in $figures
measured() {
    figures=$work/figures.$1
    if ((${#given[@]})); then
        (($1 <= ${#given[@]})) || fail "there are no figures for another decision"
        figures=${given[$1 - 1]}
        return
    fi
    "$cavea_root/ops/bench" --rounds 9 --seconds 1 --connections 128 --parts throughput --plain \
        --output "$work" --json "$figures" >&2
}

# judge: sets ratio and verdict (good, cheap, narrow, bad or none) for $figures
judge() {
    ratio=$(jq -r '.cpu_ratio.median // 0 | . * 100 | round / 100' "$figures")
    verdict=$(jq -r --argjson allowed "$allowed" --argjson more "$more" \
        --argjson narrow "$narrow" --argjson rounds_min "$rounds_min" '
        (.cpu_ratio.median // 0) as $ratio |
        if ($ratio > 0 | not) or .cpu_ratio.rounds < $rounds_min
            or .errors > 0 then "none"
        elif $ratio > $allowed * $narrow then "bad" elif $ratio > $allowed * $more then "narrow"
        elif $ratio < $allowed * 0.75 then "cheap" else "good" end' "$figures")
    jq -r 'def two: . * 100 | round / 100; .cpu_ratio as $r |
        "figure: CPU for a reservation, product to bare: \($r.median | two) (\($r.min | two) to " +
        "\($r.max | two)), \(.reservations_per_s | round) accepted/s"' "$figures" || true
}

measured 1
allowed=$(<"$cavea_root/tests/bench/ratio.txt")
judge
if [[ ${1-} == --accept ]]; then
    [[ $verdict != none ]] || fail "the figures are not usable"
    printf '%s\n' "$ratio" >"$cavea_root/tests/bench/ratio.txt"
    exit
fi
if [[ $verdict == narrow ]]; then
    echo 'only just too much: once more'
    measured 2
    judge
fi
case $verdict in
good) ;;
narrow | bad)
    printf 'a reservation costs %s of the bare ones, %s times %s is allowed\n' \
        "$ratio" "$allowed" "$more"
    exit 1
    ;;
cheap)
    printf 'figure: that is much less than %s: guard.sh --accept keeps it so\n' "$allowed"
    ;;
none)
    echo 'the figures are not usable: too few rounds, or errors'
    exit 1
    ;;
esac
