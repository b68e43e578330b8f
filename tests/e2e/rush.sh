#!/usr/bin/env bash
# 1,000 buyers, each with a connection kept open, want 10 seats in the same moment: exactly 10 get
# one.
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

stack_up
event_on_sale
shop_export
"$(stack_field build)/buyers_rush" 1000 10 >"$work/rush" || stop_test "$(<"$work/rush")"
[[ $(sql "SELECT count(*) FROM claimed_seat WHERE event_id = '$event'") == 10 ]] ||
    stop_test "ten seats with an owner in the database"
cavea ledger verify "$event" >"$work/verify" || stop_test "$(<"$work/verify")"
echo "figure: $(<"$work/rush")"
