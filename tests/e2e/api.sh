#!/usr/bin/env bash
# The running edge against its own OpenAPI document; health, readiness and metrics of every daemon
# (checked with promtool); the doctor.
# quick
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# One paid reservation, so that there are tickets to look at.
buy_one() {
    new_buyer
    reserve "$(seats_free 1)"
    expect 201
    paid=$(value .id)
    checkout "$paid"
    expect 201
    pay_by_card pm_card_visa
    expect 200
    wait_until 20 tickets_are "$paid" 1 || stop_test "a ticket"
    ticket=$(value '.tickets[0].id')
}

# Two more buyers who own nothing: one with a token, one in a browser.
others() {
    local own=$token
    new_buyer
    other_token=$token token=$own
    other_cookie=$(curl -sSf -m 20 -o /dev/null -D - -X PUT -H "Origin: $edge" -d '{}' \
        "$edge/v1/session" | sed -n 's/^Set-Cookie: \([^;]*\);.*/\1/ip')
    [[ -n $other_token && $other_cookie == __Host-cavea=?* ]] || stop_test "two other buyers"
    printf '%s\n' "${other_cookie#*=}" >>"$work/tokens"
}

# What one paid for is found without its id and what one holds by it, newest first, a page at a
# time, as each stands by itself; a strange id finds nothing.
own_list() {
    local own=$token newest alone
    reserve "$(seats_free 1)"
    expect 201
    newest=$(value .id)
    [[ $(own_pages '') == "[\"$paid\"]" ]] || stop_test "what was paid for"
    [[ $(own_pages "with=$newest%2C$paid&") == "[\"$newest\",\"$paid\"]" ]] ||
        stop_test "both in their order"
    alone=$(api GET "/v1/reservations/$paid" && jq -S . <<<"$answer")
    [[ $(api GET "/v1/reservations?cursor=$newest&with=$newest" &&
        jq -S '.reservations[0]' <<<"$answer") == "$alone" ]] ||
        stop_test "the same reservation as $alone"
    new_buyer
    api GET "/v1/reservations?with=$newest,$paid"
    expect 200 '. == {reservations: [], next: null}'
    token=$own
    api DELETE "/v1/reservations/$newest"
    expect 200
}

# own_pages QUERY: the ids of all pages, of one reservation each
own_pages() {
    local next='' seen='[]'
    while [[ $next != null ]]; do
        api GET "/v1/reservations?$1limit=1${next:+&cursor=$next}"
        expect 200 '.reservations | length == 1'
        seen=$(jq -c --argjson seen "$seen" '$seen + [.reservations[0].id]' <<<"$answer")
        next=$(jq -r .next <<<"$answer")
    done
    printf '%s\n' "$seen"
}

openapi() {
    local seats section plan other_token other_cookie
    others
    seats=$(seats_free 6)
    api GET "/v1/events/$event"
    plan=$(value .plan.hash)
    section=$(value '.sections[0].id')
    jq -n --arg edge "$edge" --arg live "$(stack_field live_url)" --arg token "$token" \
        --arg event "$event" --arg section "$section" \
        --arg plan "$plan" --argjson seats "$seats" --arg paid "$paid" --arg ticket "$ticket" \
        --arg other_token "$other_token" --arg other_cookie "$other_cookie" \
        --arg webhook "$(stack_field webhook_secret)" '$ARGS.named' |
        node tests/e2e/openapi.mjs || stop_test "an edge that does what it says"
}

admin_pages() {
    local url
    for url in admin_url actors_admin_url provider_admin_url; do
        url=$(stack_field "$url")
        curl -sSf -o /dev/null "$url/healthz" || stop_test "$url/healthz"
        curl -sSf -o /dev/null "$url/readyz" || stop_test "$url/readyz"
        curl -sSf "$url/metrics" | promtool check metrics >"$work/promtool" 2>&1 ||
            stop_test "$url/metrics: $(<"$work/promtool")"
    done
}

stack_up
node_libraries
event_on_sale
buy_one
own_list
openapi
admin_pages
cavea doctor || stop_test "a doctor who finds nothing"
