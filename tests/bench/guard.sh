#!/usr/bin/env bash
# CPU for each reservation of the product, divided by that of a calibration load (the bare pipeline
# of bare.c: a bare civetweb handler and a bare batch insert) in the same minute, in turns. Fails
# when the median of the rounds is over 25 % more than ratio.txt says. When it is only just too much
# it measures once more and decides on the rounds of both.
#   guard.sh --accept             writes ratio.txt
#   guard.sh --figures FILE...    decides on documents of ops/bench --json instead of measuring: the
#                                 first, and both where it measures once more
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
if [[ ${1-} == --figures ]]; then
    given=("${@:2}")
    ((${#given[@]})) || fail "--figures needs a file"
fi

# measured N: the figures of the Nth measurement are in $figures
measured() {
    figures=$work/figures.$1
    if ((${#given[@]})); then
        (($1 <= ${#given[@]})) || fail "there are no figures for another decision"
        figures=${given[$1 - 1]}
        return
    fi
    "$cavea_root/ops/bench" --rounds 9 --seconds 1 --connections 128 --parts throughput --plain \
        --output "$work" --json "$figures" >&2 || fail "the bench failed"
}

# judge FILE...: sets ratio and verdict (good, cheap, narrow, bad or none) for these figures pooled
judge() {
    local decided
    decided=$(jq -rs --argjson allowed "$allowed" --argjson more "$more" \
        --argjson narrow "$narrow" --argjson rounds_min "$rounds_min" '
        def middle: sort | if length == 0 then 0 elif length % 2 == 1 then .[length / 2 | floor]
            else (.[length / 2] + .[length / 2 - 1]) / 2 end;
        (map(.cpu_ratios // []) | add // []) as $all | ($all | middle) as $ratio |
        [($ratio * 100 | round / 100), if $ratio <= 0 or ($all | length) < $rounds_min
            or any(.[]; .errors != 0 or .audits_wrong != 0 or (.accepted_share // 0) <= 0.99)
            then "none"
        elif $ratio > $allowed * $narrow then "bad" elif $ratio > $allowed * $more then "narrow"
        elif $ratio < $allowed * 0.75 then "cheap" else "good" end] | join(" ")' "$@") ||
        fail "the figures cannot be read"
    read -r ratio verdict <<<"$decided" || true
    jq -rs 'def two: . * 100 | round / 100; (map(.cpu_ratios // []) | add // []) as $r |
        if ($r | length) > 0 then "figure: CPU for a reservation, product to bare: from " +
        "\($r | min | two) to \($r | max | two), \(.[-1].reservations_per_s // 0 | round) " +
        "accepted/s" else empty end' "$@"
    echo "figure: median $ratio, ${verdict:-no verdict}"
}

allowed=$(<"$cavea_root/tests/bench/ratio.txt")
measured 1
judge "$figures"
if [[ ${1-} == --accept ]]; then
    [[ $verdict =~ ^(good|cheap|narrow|bad)$ ]] || fail "the figures are not usable"
    printf '%s\n' "$ratio" >"$cavea_root/tests/bench/ratio.txt"
    exit
fi
if [[ $verdict == narrow ]]; then
    echo 'only just too much: once more, and both together decide'
    first=$figures
    measured 2
    judge "$first" "$figures"
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
    echo 'the figures are not usable: too few rounds, errors, refusals or wrong books'
    exit 1
    ;;
*) fail "there is no verdict" ;;
esac
