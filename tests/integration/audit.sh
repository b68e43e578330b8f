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
found=0 options=()

judge() {
    "$BUILD_DIR/cavea-audit" "${options[@]}" --json "$dir/verdict.json" "$dir/history" \
        >"$dir/verdict" 2>&1
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

# unlooked WORDS FILE AWK: the same, but nothing is wrong: something is not there to be judged
unlooked() {
    local status=0
    fresh
    awk -F '\t' -v OFS='\t' "$3" "$here/history/$2.tsv" >"$dir/history/$2.tsv"
    judge || status=$?
    if ((status != 2)) || ! grep -q '^NOT EVERYTHING WAS LOOKED AT' "$dir/verdict" ||
        ! grep -qF -- "NOT LOOKED AT: $1" "$dir/verdict" ||
        [[ $(jq '.holds == false and .missing > 0' "$dir/verdict.json") != true ]]; then
        printf 'missing and not missed (exit %s): %s\n' "$status" "$1"
        cat "$dir/verdict"
        exit 1
    fi
    found=$((found + 1))
}

# What awk needs to find: ids of the recording.
pick() {
    awk -F '\t' "$2" "$here/history/$1.tsv" | sed -n "${3:-1}p"
}

fresh
judge || { cat "$dir/verdict" && exit 1; }
sold=$(pick reservation '$4 == 2 && $11 == 1 { print $2 }')
other=$(pick reservation '$4 == 2 && $11 == 1 { print $2 }' 2)
over=$(pick reservation '$4 == 3 { print $2 }')
back=$(pick reservation '$4 == 5 && $12 > 0 { print $2 }')
moved=$(pick reservation '$4 == 2 && $11 == 3 { print $2 }') # paid late, given other seats
late=$(pick reservation '$4 == 3 && $11 == 4 { print $2 }')  # paid late, and the money went back
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
# A key that was answered is refused when it is used again, answered with another reservation, or
# with other words; so is a checkout's.
again=$(pick journal '$1 == ">" && $6 == "reserve" && $5 != $2 && $8 != "-" { print $2 }' 1)
paying=$(pick journal '$1 == ">" && $6 == "checkout" && $5 != $2 { print $2 }' 1)
doctored 3 'used again refused: SEATS_UNAVAILABLE' journal "\$1 == \"<\" && \$2 == $again {
    \$4 = 409; \$5 = \"SEATS_UNAVAILABLE\"; \$6 = \"-\" } { print }"
doctored 3 'when it was used again with' journal "\$1 == \"<\" && \$2 == $again {
    \$6 = \"$other\" } { print }"
doctored 3 'total=1;' journal "\$1 == \"<\" && \$2 == $again {
    sub(/total=[0-9]+/, \"total=1\", \$7) } { print }"
doctored 3 'used again refused: RESERVATION_EXPIRED' journal "\$1 == \"<\" && \$2 == $paying {
    \$4 = 410; \$5 = \"RESERVATION_EXPIRED\"; \$6 = \"-\" } { print }"
doctored 3 'when it was used again with intent=pi_' journal "\$1 == \"<\" && \$2 == $paying {
    \$7 = \"intent=pi_another\" } { print }"
# Told that it is not there, and refused what it has a right to.
doctored 2 'later its buyer was told: NOT_FOUND' journal '$1 == ">" && $6 == "read" { of[$2] = 1 }
    $1 == "<" && of[$2] && !done { done = 1; $4 = 404; $5 = "NOT_FOUND"; $6 = "-" } { print }'
doctored 2 'without a reason: RESERVATION_EXPIRED' journal '
    $1 == ">" && $6 == "checkout" && $5 == $2 { of[$2] = 1 }
    $1 == "<" && of[$2] && !done { done = 1; $4 = 410; $5 = "RESERVATION_EXPIRED"; $6 = "-" }
    { print }'
doctored 2 'without a reason: PAYMENT_NOT_OPEN' journal '
    $1 == ">" && $6 == "release" && !of { of = $2; $6 = "checkout" }
    $1 == "<" && $2 == of { $4 = 409; $5 = "PAYMENT_NOT_OPEN"; $6 = "-" } { print }'
# 4: money
doctored 4 'the provider says' provider 'NR == 1 { $4 *= 2 } { print }'
doctored 4 'which nobody here knows' provider '{ print } NR == 1 { $1 = "pi_stranger"; print }'
doctored 4 'nobody decided on' payment "\$3 == \"$back\" { \$5 = 6; \$10 = 0 } { print }"
doctored 4 "the provider's books have it in" provider 'NR == 1 { $3 = "usd" } { print }'
doctored 4 'its event is sold in' payment 'NR == 1 { $7 = "USD" } { print }'
doctored 4 'a posting of payment' posting 'NR == 1 { $3 = "USD" } { print }'
doctored 4 'was made for payment' provider "NR == 1 { \$2 = \"$sold\" } { print }"
doctored 4 'is confirmed for' payment "\$3 == \"$sold\" { \$6 += 1 } { print }"
doctored 4 'does not sum to zero' posting 'NR == 1 { sub(/[0-9]+$/, "1", $5) } { print }'
# 5: twice, or backwards
doctored 5 'went back from' lease_sample "{ print } \$2 == \"$event\" { last = \$0 }
    END { \$0 = last; \$1 = sprintf(\"%.0f\", \$1 + 1); \$6 -= 1; print }"
# A hold that nobody asked for: the line of the request is another buyer's.
doctored 5 'no buyer asked for it' reservation "\$2 == \"$over\" {
    digit = substr(\$5, 1, 1) == \"0\" ? \"1\" : \"0\"; \$5 = digit substr(\$5, 2) } { print }"
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
# An edge that shows a sold seat as free, and one that has not heard of the last facts.
sold_seat=$(pick claim "\$3 == \"$sold\" { print \$2 }")
doctored 7 'wrongly at version' map "NR == 2 { at = 64 + int($sold_seat / 4) * 2 + 1
    \$4 = substr(\$4, 1, at - 1) \"00\" substr(\$4, at + 2) } { print }"
doctored 7 'which had come to' map 'NR == 1 { $3 += 1 } { print }'
# 10 by the facts: a late payment that buys other seats for a buyer who did not ask for any, and one
# that goes back before anybody else has the seats.
doctored 10 'other seats, which nobody asked for' fact "\$4 == 12 && index(\$5, \"${moved//-/}\") {
    sub(/4801/, \"4800\", \$5) } { print }"
ended=$(pick fact "\$4 == 11 && index(\$5, \"${late//-/}\") { print \$2 }")
given_back=$(pick fact "\$4 == 14 && index(\$5, \"${late//-/}\") { print \$2 }")
doctored 10 'nobody had its seats' fact "\$1 == \"$event\" && \$2 == $given_back {
    \$2 = $ended + 1; print; next } \$1 == \"$event\" && \$2 > $ended { \$2 += 1 } { print }"
# 8: a seat that stays blocked
# Refused a seat that nobody had: another of the plan, and one that was given back a second before.
gone=$(pick journal '$1 == "<" && $5 == "SEATS_UNAVAILABLE" { print $2 }')
free=$(pick journal '$1 == ">" && $6 == "reserve" { last = $11 }
    END { sub(/,.*/, "", last); print last }') # the crowd was elsewhere then
doctored 8 'which nobody had meanwhile' journal "\$2 == $gone {
    sub(/seats=.*/, \"seats=$free\", \$7)
    if (\$1 == \">\") \$11 = \"$free\" } { print }"
doctored 8 'which it had not asked for' journal "\$1 == \"<\" && \$2 == $gone {
    sub(/seats=.*/, \"seats=$free\", \$7) } { print }"
doctored 8 'nobody had any of them meanwhile' journal "\$2 == $gone {
    sub(/seats=.*/, \"seats=\", \$7)
    if (\$1 == \">\") \$11 = \"$free\" } { print }"
doctored 8 'refused its seats without a reason' journal "\$1 == \"<\" && \$2 == $gone {
    \$5 = \"EVENT_NOT_ON_SALE\" } { print }"
doctored 8 'after its deadline' reservation "\$2 == \"$over\" { \$4 = 1 } { print }"
# By what was seen of the lease, whatever the facts say of their time.
doctored 8 'as was seen' lease_sample '{ $1 = sprintf("%.0f", $1 + 3000000); print }'
doctored 2 'was seen taken away' lease_sample '{ $1 = sprintf("%.0f", $1 - 3000000); print }'
# 9: tickets
doctored 9 'has no valid ticket' ticket "\$3 == \"$sold\" { \$5 = 2 } { print }"
doctored 9 'its reservation is not confirmed' ticket "\$3 == \"$back\" { \$5 = 1 } { print }"
# 10: sold for nothing, and paid twice
doctored 10 'has 0 paid payments' payment "\$3 != \"$sold\""
doctored 10 'has 2 paid payments' payment "\$3 == \"$other\" { \$3 = \"$sold\" } { print }"
# Nothing is wrong with what is not there, and nothing is proved by it either.
unlooked 'leases seen during the run' lease_sample '0'
unlooked 'seats on the edges' map '0'
unlooked 'keys used again after a success' journal '
    $1 == ">" && $5 != $2 && $10 != "-" { again[$2] = 1 } !($2 in again)'
unlooked 'refused seats' journal '$5 != "SEATS_UNAVAILABLE"'
options=(--lacks "repeat,refusal,map,cursor,epoch,release_seen")
for file in lease_sample map; do
    fresh
    : >"$dir/history/$file.tsv"
    judge || { printf '%s may be missing\n' "$file" && cat "$dir/verdict" && exit 1; }
done
options=(--needs late)
fresh
judge || { printf 'late payments are there\n' && cat "$dir/verdict" && exit 1; }
options=(--lacks nonsense)
! judge || { printf 'there is no evidence called nonsense\n' && exit 1; }
printf 'figure: one clean history holds, %s doctored ones do not\n' "$found"
