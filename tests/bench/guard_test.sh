#!/usr/bin/env bash
# The guard can fail: it is fed with figures instead of a measurement.
# label: unit
# quick
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d -t cavea-guard-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
allowed=$(<"$here/ratio.txt")

# figures NAME TIMES [ROUNDS [ERRORS [ACCEPTED [WRONG]]]]: so many times what is accepted
figures() {
    jq -n --argjson ratio "$allowed" --argjson times "$2" --argjson rounds "${3:-9}" \
        --argjson errors "${4:-0}" --argjson accepted "${5:-1}" --argjson wrong "${6:-0}" \
        '{cpu_ratios: [range($rounds) | $ratio * $times], reservations_per_s: 1, $errors,
          accepted_share: $accepted, audits_wrong: $wrong}' >"$work/$1"
}

# decides STATUS WORDS NAME...: on the figures of these names
decides() {
    local status=0 wanted=$1 words=$2 name files=()
    shift 2
    for name in "$@"; do files+=("$work/$name"); done
    bash "$here/guard.sh" --figures "${files[@]}" >"$work/told" 2>&1 || status=$?
    ((status == wanted)) && grep -q "$words" "$work/told" && return
    printf '%s: status %s instead of %s, or no "%s" in:\n' "$*" "$status" "$wanted" "$words"
    cat "$work/told"
    exit 1
}

figures same 1
figures within 1.2
figures just 1.3
figures far 1.6
figures cheap 0.4
figures few 1 2
figures failed 1 9 3
figures refused 1 9 0 0.98
figures lost 1 9 0 1 2
echo '{}' >"$work/bare"
: >"$work/empty"
echo 'no JSON' >"$work/broken"

decides 0 figure same
decides 0 figure within
decides 1 'is allowed' far
decides 1 'is allowed' just just
decides 1 'is allowed' just far
decides 0 'once more' just same
decides 0 'accept keeps it' cheap
decides 1 'not usable' few
decides 1 'not usable' failed
decides 1 'not usable' refused
decides 1 'not usable' lost
decides 1 'not usable' just lost
decides 1 'not usable' bare
decides 1 'not usable' empty
decides 1 'cannot be read' broken
decides 1 'cannot be read' missing
decides 1 'needs a file'
