#!/usr/bin/env bash
# The official Stripe client library creates, confirms, cancels and refunds at cavea-provider and
# verifies its webhooks, and a callback that the library signed passes our edge and confirms a
# reservation; forged ones are counted and store nothing.
# label: money
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

library() {
    node "$cavea_root/tests/e2e/stripe.mjs" "$@"
}

# refused: callbacks that the edge refused for their signature, by its own count
refused() {
    curl -sSf "$(stack_field admin_url)/metrics" | awk '
        /^cavea_payment_webhooks_total\{outcome="(signature_invalid|stale)"\}/ { sum += $2 }
        END { print sum + 0 }'
}

facts() {
    sql 'SELECT count(*) FROM fact'
}

# Only the library's callback can tell that it is paid: the provider's own are dropped.
confirmed_by_the_library() {
    local reservation before
    reserve "$(seats_free 1)"
    expect 201
    reservation=$(value .id)
    checkout "$reservation"
    expect 201
    before=$(value .client_secret)
    EDGE_URL=$edge PROVIDER_URL=$provider PROVIDER_KEY=$provider_key \
        WEBHOOK_SECRET=$(stack_field webhook_secret) library edge "${before%%_secret_*}"
    [[ $(refused) == 4 ]] || stop_test "four refused callbacks, not $(refused)"
    wait_until 20 reservation_is "$reservation" confirmed || stop_test "a confirmed reservation"
    wait_until 20 tickets_are "$reservation" 1 || stop_test "its ticket"
    # held, checkout, created, open, captured, confirmed twice, ticket
    [[ $(facts) == 8 ]] || stop_test "8 facts, not $(facts): what was refused stored nothing"
}

node_libraries
export CAVEA_FAULTS='{"drop_webhooks":1}'
stack_up
mkdir "$work/provider"
CAVEA_FAULTS='' library provider "$(stack_field build)/cavea-provider" "$work/provider"
event_on_sale
new_buyer
confirmed_by_the_library
