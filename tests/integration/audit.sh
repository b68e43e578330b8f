#!/usr/bin/env bash
# The judge of chaos runs can say no: a recorded history (tests/integration/history) holds, and
# every way in which it is doctored here is found, under the invariant that it breaks.
# quick
# time: 60
# shellcheck disable=SC2016 # awk's own variables
set -euo pipefail

: "${BUILD_DIR:?the folder of a build}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
found=0

judge() {
    "$BUILD_DIR/cavea-audit" --json "$dir/verdict.json" "$dir/history" >"$dir/verdict" 2>&1
}

fresh() {
    rm -rf "$dir/history"
    cp -r "$here/history" "$dir/history"
}

# doctored INVARIANT WORDS FILE AWK: the file goes through awk; the verdict must name the invariant
# and say the words
doctored() {
    local status=0
    fresh
    awk -F '\t' -v OFS='\t' "$4" "$here/history/$3.tsv" >"$dir/history/$3.tsv"
    ! cmp -s "$here/history/$3.tsv" "$dir/history/$3.tsv" || {
        printf 'nothing was doctored: %s\n' "$2" && exit 1
    }
    judge || status=$?
    if ((status != 1)) || ! grep -q "^ *$1 .*BROKEN" "$dir/verdict" ||
        ! grep -qF -- "$2" "$dir/verdict"; then
        printf 'not found (exit %s): %s, invariant %s\n' "$status" "$2" "$1"
        cat "$dir/verdict"
        exit 1
    fi
    [[ $(jq --argjson i "$1" '.holds == false and (.invariants[$i - 1].breaches > 0)' \
        "$dir/verdict.json") == true ]] || { printf 'not in the JSON: %s\n' "$2" && exit 1; }
    found=$((found + 1))
}

# What awk needs to find: ids of the recording.
pick() {
    awk -F '\t' "$2" "$here/history/$1.tsv" | sed -n "${3:-1}p"
}

fresh
judge || { cat "$dir/verdict" && exit 1; }
sold=$(pick reservation '$4 == 2 { print $2 }')
other=$(pick reservation '$4 == 2 { print $2 }' 2)
over=$(pick reservation '$4 == 3 { print $2 }')
back=$(pick reservation '$4 == 5 && $12 > 0 { print $2 }')
event=$(pick event '{ print $1 }')

# 1: two owners, by the rows, by the facts' order, and by what the buyers saw
doctored 1 'which does not have it' claim "NR == 1 { \$3 = \"$over\" } { print }"
doctored 1 'has no claim on its seat' claim 'NR > 1'
doctored 1 'is claimed twice' claim "{ print } NR == 1 { \$3 = \"$other\"; print }"
# Two buyers are told that they have one seat: the second answer now names the first one's seats.
seats=$(pick journal "\$1 == \"<\" && \$6 == \"$sold\" && /state=held/ {
    sub(/.*seats=/, \"\"); print }")
doctored 1 'no order of its' journal "\$1 == \"<\" && \$6 == \"$other\" {
    sub(/seats=.*/, \"seats=$seats\", \$7) } { print }"
# An answer that was there before the decision, a second too early, as from a stale holder.
doctored 1 'after its buyer was answered' journal '
    $1 == ">" && $6 == "reserve" { of[$2] = 1 }
    of[$2] && ($1 == ">" || $4 == 201) { $3 = sprintf("%.0f", $3 - 1000000) } { print }'
# 2: acknowledged and not there
doctored 2 'was acknowledged and is not there' reservation "\$2 != \"$sold\""
doctored 2 'was confirmed, says the answer' reservation "\$2 == \"$sold\" { \$4 = 3 } { print }"
doctored 2 'for reservation' payment "\$3 == \"$back\" { \$10 = 0 } { print }"
doctored 2 'was handed out and is not there' ticket "\$3 != \"$sold\""
# 3: one key, two successes
doctored 3 'came from one Idempotency-Key' reservation "\$2 == \"$sold\" { b = \$3; k = \$5 }
    \$2 == \"$other\" { \$3 = b; \$5 = k } { print }"
doctored 3 'and is another' journal '$1 == ">" && $6 == "reserve" { $10 = "x" $10 } { print }'
# 4: money
doctored 4 'the provider says' provider 'NR == 1 { $4 *= 2 } { print }'
doctored 4 'which nobody here knows' provider '{ print } NR == 1 { $1 = "pi_stranger"; print }'
doctored 4 'nobody decided on' payment "\$3 == \"$back\" { \$5 = 6; \$10 = 0 } { print }"
doctored 4 'does not sum to zero' posting 'NR == 1 { sub(/[0-9]+$/, "1", $5) } { print }'
# 5: twice, or backwards
doctored 5 'went back from' lease_sample "{ print } \$2 == \"$event\" { last = \$0 }
    END { \$0 = last; \$1 = sprintf(\"%.0f\", \$1 + 1); \$6 -= 1; print }"
# 6: a stale holder
doctored 6 'is broken at fact' fact "\$1 == \"$event\" && \$2 == 7 {
    digit = substr(\$5, 21, 1) == \"0\" ? \"1\" : \"0\"
    \$5 = substr(\$5, 1, 20) digit substr(\$5, 22) } { print }"
doctored 6 'facts, its lease names' lease "\$1 == \"$event\" { \$7 -= 1 } { print }"
doctored 6 'had two holders' lease_sample "{ print } \$2 == \"$event\" { last = \$0 }
    END { \$0 = last; \$1 = sprintf(\"%.0f\", \$1 + 1); \$4 = \$2; print }"
# 7: a fact that took no effect, or another one
doctored 7 'by its facts in' reservation "\$2 == \"$over\" { \$4 = 4 } { print }"
doctored 7 'by its facts in' payment "\$3 == \"$sold\" { \$5 = 10; \$10 = \$8 } { print }"
# 8: a seat that stays blocked
doctored 8 'after its deadline' reservation "\$2 == \"$over\" { \$4 = 1 } { print }"
# 9: tickets
doctored 9 'has no valid ticket' ticket "\$3 == \"$sold\" { \$5 = 2 } { print }"
doctored 9 'its reservation is not confirmed' ticket "\$3 == \"$back\" { \$5 = 1 } { print }"
# 10: sold for nothing, and paid twice
doctored 10 'has 0 paid payments' payment "\$3 != \"$sold\""
doctored 10 'has 2 paid payments' payment "\$3 == \"$other\" { \$3 = \"$sold\" } { print }"
printf 'figure: one clean history holds, %s doctored ones do not\n' "$found"
