#!/usr/bin/env bash
# The simulator finds nothing wrong in the code that ships, over many seeds; and in a build with
# known bugs it finds every one of them within 2,000.
# variants: release
# full-variants: address bugs
# time: 300
# quick
set -euo pipefail

: "${BUILD_DIR:?the folder of a build}"
sim=$BUILD_DIR/cavea-sim
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
case ${CAVEA_TEST_MODE:-whole} in
quick) seeds=100 ;;
full) seeds=20000 ;;
*) seeds=2000 ;;
esac

# The sanitizers make it 20 times slower: at most what fits into the limit.
[[ ${CAVEA_BUILD:-release} != address ]] || seeds=$((seeds > 4000 ? 400 : seeds / 10))

# One process for each processor; says how many steps a second.
clean() {
    "$sim" --seeds "$seeds" >"$dir/clean" || { cat "$dir/clean" && return 1; }
    sed 's/^/figure: /' "$dir/clean"
}

# found BUG: the run ends with 1, says which invariant broke, and that seed alone breaks it again
found() {
    local text status=0 again
    text=$("$sim" --bug "$1" --seeds 2000 2>/dev/null) || status=$?
    if ((status != 1)) || ! grep -q ' is broken: ' <<<"$text"; then
        printf 'the bug %s was not found (exit %s)\n%s\n' "$1" "$status" "$text"
        return 1
    fi
    again=$(sed -n 's/^replay: cavea-sim \(.*\) --trace$/\1/p' <<<"$text")
    # shellcheck disable=SC2086 # options, one word each
    if "$sim" $again >/dev/null 2>&1; then
        printf 'the bug %s is not found again by: %s\n' "$1" "$again"
        return 1
    fi
    printf 'figure: bug %s: %s\n' "$1" "$(grep -m1 ' is broken: ' <<<"$text")"
}

if [[ ${CAVEA_BUILD:-release} == bugs ]]; then
    mapfile -t bugs < <(sed -n 's/^    X([A-Z_]*, "\([a-z-]*\)".*/\1/p' schemas/bug.h)
    ((${#bugs[@]} >= 12)) || { printf 'schemas/bug.h lists %s bugs\n' "${#bugs[@]}" && exit 1; }
    for bug in "${bugs[@]}"; do
        found "$bug"
    done
    seeds=100
fi
clean
