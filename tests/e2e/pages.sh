#!/usr/bin/env bash
# The pages as curl sees them: forms and caching of what is served, its security headers, what is
# no page; and the session of a browser: the cookie, who may use it, and from where.
# time: 90
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# get PATH CURL_OPTION...: sets status; head and body are files
get() {
    local path=$1
    shift
    : >"$work/body" # which curl leaves alone when the answer has none
    status=$(curl -sS -m 20 -o "$work/body" -D "$work/head" -w '%{http_code}' "$@" "$edge$path")
    answer=$(head -c 4000 "$work/body" | tr -d '\0')
}

# head_has NAME PATTERN
head_has() {
    grep -i "^$1:" "$work/head" | grep -qiE "$2" || stop_test "$1: $2, not $(<"$work/head")"
}

shell() {
    local path coding
    for path in / /cart /pay/return /reservations "/events/$event" "/tickets/$event"; do
        get "$path"
        [[ $status == 200 ]] || stop_test "a page at $path"
        head_has Content-Type '^[^:]*: text/html; charset=utf-8'
        head_has Cache-Control 'no-cache'
        head_has Content-Security-Policy "default-src 'none'; script-src 'self'"
        ! grep -qi "unsafe-" "$work/head" || stop_test "a policy without exceptions"
        head_has Referrer-Policy 'same-origin'
        head_has X-Content-Type-Options 'nosniff'
        head_has Cross-Origin-Opener-Policy 'same-origin'
        head_has Permissions-Policy 'camera='
        ! grep -qiE '<script>|<style|style=|onclick=|https?://' "$work/body" ||
            stop_test "a shell without anything inline or foreign"
    done
    cp "$work/body" "$work/shell"
    for coding in gzip br; do
        get / -H "Accept-Encoding: $coding"
        head_has Content-Encoding "$coding"
        head_has Vary 'Accept-Encoding'
    done
    get / -H 'Accept-Encoding: gzip' --compressed
    cmp -s "$work/body" "$work/shell" || stop_test "the same page when it was compressed"
    local etag
    etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/ip' "$work/head")
    get / -H 'Accept-Encoding: gzip' -H "If-None-Match: $etag"
    [[ $status == 304 && ! -s $work/body ]] || stop_test "304 for what the browser has"
    get / -H "If-None-Match: $etag"
    [[ $status == 200 ]] || stop_test "another form for who takes no gzip"
    get / -I
    [[ $status == 200 ]] || stop_test "HEAD"
    head_has Content-Length '[1-9]'
}

assets() {
    local path count=0
    while read -r path; do
        get "$path" -H 'Accept-Encoding: br, gzip'
        [[ $status == 200 ]] || stop_test "$path"
        case $path in
        /assets/watch.js) head_has Cache-Control 'max-age=3600' ;; # that of all builds
        *) head_has Cache-Control 'max-age=31536000, immutable' ;;
        esac
        head_has Cross-Origin-Resource-Policy 'same-origin'
        head_has ETag '"'
        count=$((count + 1))
    done < <(grep -o '/assets/[^"]*' "$work/shell")
    ((count >= 4)) || stop_test "a shell that names script, style, font and icon"
}

nothing_there() {
    get /nothing -H 'Accept: text/html,*/*;q=0.8'
    [[ $status == 404 ]] || stop_test "404 for a page that is none"
    head_has Content-Type 'text/html'
    get /nothing
    expect 404 '.code == "NOT_FOUND"'
    get /assets/app.js
    expect 404
    get /v1/nothing -H 'Accept: application/json'
    expect 404 '.code == "NOT_FOUND"'
    get /cart -X POST -d ''
    [[ $status == 405 ]] || stop_test "405 for another method"
}

cookie_of() {
    sed -n 's/^Set-Cookie: \(__Host-cavea=[^;]*\);.*/\1/ip' "$work/head"
}

# as COOKIE METHOD PATH [BODY]: what our own page asks in a browser that has this cookie
as() {
    get "$3" -X "$2" -H "Cookie: $1" -H "Origin: $edge" -H "Idempotency-Key: $(random_key)" \
        -d "${4:-}"
}

browser_new() {
    get /v1/session -X PUT -d '{}' -H "Origin: $edge"
    expect 200
    cookie_of
}

paid_and_signed() {
    get "/v1/reservations/$2/tickets" -H "Cookie: $1"
    [[ $status == 200 ]] && value '.tickets[0].id' >/dev/null
}

# A cookie that no edge can read any more is left alone until the browser gives it up.
unreadable_session() {
    local cookie
    cookie=$(browser_new)
    get /v1/session -X PUT -d '{}' -H "Origin: $edge" -H "Cookie: ${cookie}x"
    expect 401 '.code == "UNAUTHORIZED"'
    ! grep -qi '^Set-Cookie' "$work/head" || stop_test "nobody becomes somebody else"
    get /v1/session -X DELETE -H "Origin: $edge" -H "Cookie: ${cookie}x"
    [[ $status == 204 ]] || stop_test "204 for a session given up"
    head_has Set-Cookie '__Host-cavea=; .*Max-Age=0'
}

# second_edge: sets second, an edge with a new session key that takes the other one's tokens, too
second_edge() {
    (umask 077 && head -c 32 /dev/urandom >"$work/next.key")
    local -x CAVEA_READY_FILE=$work/second.ready CAVEA_PORT=0 CAVEA_ADMIN_PORT=0 \
        CAVEA_SESSION_KEY_FILE=$work/next.key \
        CAVEA_SESSION_KEY_OTHER_FILE=$stack/secrets/session.key \
        CAVEA_WEBHOOK_SECRET_FILE=$stack/secrets/webhook.secret \
        CAVEA_TICKET_KEYS_DIR=$stack/secrets/tickets CAVEA_NATS_URL CAVEA_POSTGRES_URL
    CAVEA_NATS_URL=$(stack_field nats_edge_url)
    CAVEA_POSTGRES_URL=$(stack_field postgres_edge_url)
    process_start "$stack/run" "$stack/log/second.log" second "$(stack_field build)/cavea-edge"
    wait_until 30 test -s "$work/second.ready" || stop_test "a second edge"
    second=http://127.0.0.1:$(sed -n 's/^port //p' "$work/second.ready")
}

# A buyer stays who it is while the session key is changed, and has a cookie of the new one after.
changed_key() {
    local cookie renewed id second first=$edge edge=$edge
    cookie=$(browser_new)
    as "$cookie" POST /v1/reservations "{\"event_id\":\"$event\",\"seats\":$(seats_free 1)}"
    expect 201
    id=$(value .id)
    second_edge
    edge=$second
    get "/v1/reservations/$id" -H "Cookie: $cookie"
    expect 200
    as "$cookie" PUT /v1/session '{}'
    expect 200
    renewed=$(cookie_of)
    get "/v1/reservations/$id" -H "Cookie: $renewed"
    expect 200
    edge=$first
    get "/v1/reservations/$id" -H "Cookie: $renewed"
    expect 401 # here nobody said that there is a new key
    as "$cookie" DELETE "/v1/reservations/$id"
    expect 200
    process_stop "$stack/run" second TERM 10
}

# A browser sends its cookie for an image too: the code is its owner's alone, and no cache between
# here and there keeps it for another.
browser_ticket() {
    local cookie other id ticket path
    cookie=$(browser_new)
    other=$(browser_new)
    as "$cookie" POST /v1/reservations "{\"event_id\":\"$event\",\"seats\":$(seats_free 1)}"
    expect 201
    id=$(value .id)
    wait_until 30 checkout_by "$cookie" "$id" || stop_test "a payment within 30 s"
    pay_by_card pm_card_visa
    wait_until 20 paid_and_signed "$cookie" "$id" || stop_test "a ticket within 20 s"
    ticket=$(value '.tickets[0].id')
    for path in "/v1/tickets/$ticket/qr.svg" "/v1/tickets/$ticket/qr.png" "/v1/tickets/$ticket"; do
        get "$path" -H "Cookie: $cookie"
        [[ $status == 200 && -s $work/body ]] || stop_test "$path for its owner"
        head_has Cache-Control 'private|no-store'
        get "$path" -H "Cookie: $other"
        expect 404 '.code == "NOT_FOUND"'
        get "$path"
        expect 401
    done
    get "/v1/tickets/$ticket/qr.svg" -H "Cookie: $cookie"
    head_has Vary 'Cookie'
    get "/v1/tickets/$ticket/qr.svg" -H "Cookie: $other" -H "If-None-Match: *"
    expect 404
}

checkout_by() {
    as "$1" POST "/v1/reservations/$2/checkout" '{}'
    [[ $status == 201 ]]
}

# The same buyer whether the cookie is renewed, gets an address, or reserves.
browser_session() {
    local cookie first seats id
    get /v1/session -X PUT -d '{}'
    expect 403 '.code == "ORIGIN_FOREIGN"'
    get /v1/session -X PUT -d '{}' -H 'Origin: https://elsewhere.example'
    expect 403
    get /v1/session -X PUT -d '{}' -H "Origin: $edge"
    expect 200 '.email == null and .buyer_id and .expires_at and (has("token") | not)'
    head_has Set-Cookie '__Host-cavea=[^;]+; Path=/; .*Secure; HttpOnly; SameSite=Lax'
    ! grep -i '^Set-Cookie' "$work/head" | grep -qi domain || stop_test "a cookie for one host"
    cookie=$(cookie_of)
    first=$(value .buyer_id)
    get /v1/session -X PUT -d '{"email":"you@example.org"}' -H "Origin: $edge" -H "Cookie: $cookie"
    expect 200 ".email == \"you@example.org\" and .buyer_id == \"$first\""
    cookie=$(cookie_of)
    seats=$(seats_free 1)
    reserve_as() {
        get /v1/reservations -H "Idempotency-Key: $(random_key)" \
            -d "{\"event_id\":\"$event\",\"seats\":$seats}" "$@"
    }
    reserve_as -H "Cookie: $cookie"
    expect 403 '.code == "ORIGIN_FOREIGN"'
    reserve_as -H "Cookie: $cookie" -H 'Origin: null'
    expect 403
    reserve_as -H "Cookie: $cookie" -H "Origin: http://localhost:$stack_port"
    expect 403
    reserve_as -H "Cookie: ${cookie}x" -H "Origin: $edge"
    expect 401
    reserve_as -H "Cookie: $cookie" -H "Origin: $edge"
    expect 201
    id=$(value .id)
    get "/v1/reservations/$id" -H "Cookie: other=1; $cookie"
    expect 200
    get "/v1/reservations/$id"
    expect 401
    new_buyer
    get "/v1/reservations/$id" -H "Cookie: $cookie" -H "Authorization: Bearer $token"
    expect 404 # the token counts, not the cookie
    get "/v1/reservations/$id" -X DELETE -H "Cookie: $cookie"
    expect 403
    get "/v1/reservations/$id" -X DELETE -H "Cookie: $cookie" -H "Origin: $edge"
    expect 200 '.state == "cancelled"'
    get "/v1/reservations/$id" -H "Authorization: Bearer ${cookie#*=}"
    expect 401 # a cookie's token is no bearer token
    get "/v1/reservations/$id" -H "Cookie: __Host-cavea=$token"
    expect 401 # nor the other way round
    get /v1/session -X DELETE -H "Cookie: $cookie" -H "Origin: $edge"
    [[ $status == 204 ]] || stop_test "204 for a session given up"
    head_has Set-Cookie '__Host-cavea=; .*Max-Age=0'
}

# An address that no browser would ever name as an Origin would refuse all that browsers ask for.
public_url_is_checked() {
    local url
    for url in https://tickets.example/ https://tickets.example/shop tickets.example \
        https://tickets.example:443 https://Tickets.example; do
        if "$(stack_field build)/cavea-edge" --public-url "$url" --postgres-url none \
            --session-key-file none --webhook-secret-file none --ticket-keys-dir none \
            >"$work/refusal" 2>&1; then
            stop_test "no start with $url"
        fi
        grep -q 'public-url is an origin' "$work/refusal" || stop_test "$url: $(<"$work/refusal")"
    done
}

stack_up
public_url_is_checked
event_on_sale
shell
assets
nothing_there
browser_session
unreadable_session
changed_key
browser_ticket
get /v1/time
expect 200 '.now | fromdateiso8601? // (sub("\\.[0-9]+";"") | fromdateiso8601) > 0'
