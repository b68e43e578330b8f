#!/usr/bin/env bash
# The alert rules: each file is one that Prometheus loads, each of its cases ends as it says, and
# every rule has what the person who is woken needs. Without promtool the same is said of the text.
# quick
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"

cd "$cavea_root/ops/alerts"

# complete FILE: every alert has an expression, a severity, a summary, a description and a test
complete() {
    local alert missing
    while read -r alert; do
        grep -q "alertname: $alert\$" "${1%.yml}_test.yml" ||
            fail "$1: $alert has no case in ${1%.yml}_test.yml"
        for missing in expr severity summary description; do
            awk -v alert="$alert" -v key="$missing:" '
                $1 == "-" && $2 == "alert:" { here = $3 == alert }
                here && $1 == key { found = 1 }
                END { exit !found }' "$1" || fail "$1: $alert has no $missing"
        done
    done < <(awk '$1 == "-" && $2 == "alert:" { print $3 }' "$1")
}

# without_promtool FILE: indented by blanks in steps of two, no tab, keys that Prometheus knows
without_promtool() {
    awk '
        /\t/ { print FILENAME ":" NR ": a tab"; bad = 1 }
        match($0, /^ */) && RLENGTH % 2 { print FILENAME ":" NR ": odd indentation"; bad = 1 }
        folded && RLENGTH > folded { next }
        { folded = 0 }
        /^ *(#|$)/ { next }
        />-$/ { folded = RLENGTH }
        /^ *(- )?(groups|name|rules|alert|expr|for|labels|severity|annotations):/ { next }
        /^ *(summary|description):/ { next }
        { print FILENAME ":" NR ": " $0; bad = 1 }
        END { exit bad }' "$1" || fail "$1 is not a file of rules"
}

rules=0
for file in *.yml; do
    [[ $file != *_test.yml ]] || continue
    complete "$file"
    without_promtool "$file"
    if command -v promtool >/dev/null; then
        promtool check rules "$file" >/dev/null
        promtool test rules "${file%.yml}_test.yml" >/dev/null
    fi
    rules=$((rules + $(grep -c -- '- alert:' "$file")))
done
((rules > 0)) || fail "there are no rules"
echo "$rules alert rules"
