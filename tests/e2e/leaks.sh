#!/usr/bin/env bash
# The search for secrets in logs (tests/leaks.sh), which every test with a stack ends with, finds
# each kind of thing that may not stand there, and nothing in what is logged otherwise.
# label: money
# quick
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# finds KIND LINE: on its own and in the middle of a log line
finds() {
    local line
    for line in "$2" "{\"event\":\"payment.failed\",\"reason\":\"$2\"}"; do
        printf 'harmless\n%s\n' "$line" >"$work/a.log"
        leaks_find "$work/secrets" "$work/a.log" >"$work/found" && stop_test "a finding in: $line"
        [[ $(<"$work/found") == "$work/a.log:2: $1" ]] || stop_test "$1 in: $line"
    done
}

passes() {
    printf '%s\n' "$1" >"$work/a.log"
    leaks_find "$work/secrets" "$work/a.log" || stop_test "nothing in: $1"
}

word=$(random_hex 40 | sed 's/[0-9]/A/g')
printf '%s\n' "$(random_hex 24)" >"$work/secrets"
finds 'a card number' 4242424242424242
finds 'a card number' '4000 0000 0000 9995'
finds 'a card number' 5555-5555-5555-4444
finds 'a card number' 378282246310005
finds 'a card number' '3782 822463 10005'
finds 'a secret of this stack' "$(<"$work/secrets")"
finds 'a key or token' "sk_test_$(random_hex 24)"
finds 'a key or token' "whsec_$(random_hex 24)"
finds 'a key or token' "pi_3Mtw_secret_$(random_hex 8)"
finds 'a key or token' "Bearer $(random_hex 24)"
finds 'a key or token' "AQGi$word$word"
finds 'a key or token' eyJhbGciOiJFZERTQSJ9.eyJhIjoxfQ.AAAA
passes '{"ts":"2031-05-17T08:10:14.386500Z","at_us":1937376614386500,"sequence":4242424242424241}'
passes 'lease 01a20251-3be5-7a3e-adce-b641a8163413 hash 4242424242424242aaaaaaaaaaaaaaaa'
passes '[30049] 2026/11/22 08:13:19.648190 [INF] Server is ready pi_oDLWXTpv0czbtpdt1FV27Uu1'
