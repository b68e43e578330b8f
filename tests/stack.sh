# library: sourced, starts nothing
# A whole cavea in a temporary folder for one test script, and the words to use it. Source it, call
# stack_up; everything is stopped and removed at the end, whatever happens.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the scripts that source this read its variables

# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../ops/lib/common.sh"
# shellcheck source=ops/lib/port.sh
. "$cavea_root/ops/lib/port.sh"
# shellcheck source=ops/lib/process.sh
. "$cavea_root/ops/lib/process.sh"

# shellcheck source=tests/leaks.sh
. "$cavea_root/tests/leaks.sh"

work=$(mktemp -d -t cavea-test.XXXXXX)
chmod 711 "$work" # the database's user must get through
stack=$work/stack stack_port='' token='' event='' status='' answer=''
trap 'stack_down $?' EXIT
trap 'exit 143' TERM INT

stack_down() {
    local status=$1
    trap '' TERM INT
    if ((status != 0)); then
        tail -n 5 "$stack"/log/*.log 2>/dev/null || true
        cat "$work/complaint" || true
    fi
    if [[ -d $stack/run ]]; then
        "$cavea_root/ops/run" --stop --dir "$stack" || true
        logs_are_clean || status=1
    fi
    rm -rf "$work"
    exit "$status"
}

# No secret, token or card number in any log of the stack, whatever happened to it.
logs_are_clean() {
    local file
    for file in "$stack"/secrets/*; do
        case $file in
        *.new | */tickets) ;;
        */session.key) od -An -v -tx1 <"$file" | tr -d ' \n' && echo && base64 -w 0 <"$file" ;;
        *) cat "$file" ;;
        esac
        echo
    done | awk 'length($0) >= 16' >"$work/secrets"
    cat "$stack"/secrets/tickets/*.key >>"$work/secrets" 2>/dev/null || true
    cat "$work/tokens" >>"$work/secrets" 2>/dev/null || true
    leaks_find "$work/secrets" "$stack"/log/* >"$work/leaks" && return
    printf 'not so: nothing secret in the logs\n'
    sed "s|^$stack/||" "$work/leaks"
    return 1
}

# stack_up OPTION...: of ops/run
stack_up() {
    port_pick stack_port
    "$cavea_root/ops/run" --detach --dir "$stack" --port "$stack_port" "$@"
    stack_read
}

stack_read() {
    edge=$(stack_field edge_url)
    provider=$(stack_field provider_url)
    provider_key=$(stack_field provider_key)
    export CAVEA_STACK=$stack
}

stack_field() {
    jq -er ".$1" "$stack/stack.json"
}

cavea() {
    "$cavea_root/ops/cavea" "$@"
}

# sql QUERY: as the owner of the database
sql() {
    psql -X -q -At -v ON_ERROR_STOP=1 "$(stack_field postgres_url)" -c "$1"
}

event_on_sale() {
    api GET '/v1/events?limit=50'
    expect 200 '.events | length > 0'
    event=$(value '[.events[] | select(.status == "on_sale")][0].id')
}

# For the programs of tests/support.
shop_export() {
    export EDGE_URL=$edge PROVIDER_URL=$provider PROVIDER_KEY=$provider_key EVENT_ID=$event
}

random_key() {
    random_hex 12
}

# api METHOD PATH [BODY [KEY]]: sets status and answer; token, when set, says who asks
api() {
    local arguments=(-sS -m 20 -o "$work/answer" -D "$work/headers" -w '%{http_code}' -X "$1")
    [[ -z $token ]] || arguments+=(-H "Authorization: Bearer $token")
    [[ -z ${3:-} ]] || arguments+=(-H 'Content-Type: application/json' --data-binary "$3")
    [[ -z ${4:-} ]] || arguments+=(-H "Idempotency-Key: $4")
    status=$(curl "${arguments[@]}" "$edge$2") || status=000
    answer=$(tr -d '\0' <"$work/answer")
}

# check WHAT COMMAND...: the command must succeed
check() {
    local what=$1
    shift
    "$@" || stop_test "$what"
}

stop_test() {
    printf 'not so: %s (last answer: %s %s)\n' "$1" "${status:-none}" "$answer" >"$work/complaint"
    exit 1
}

# expect STATUS [JQ_CONDITION]
expect() {
    [[ $status == "$1" ]] || stop_test "status $1"
    [[ -z ${2:-} ]] || jq -e "$2" <<<"$answer" >/dev/null || stop_test "$2"
}

value() {
    jq -er "$1" <<<"$answer"
}

# new_buyer: sets token
new_buyer() {
    token=
    api POST /v1/sessions '{"email":"buyer@example.org"}'
    expect 201 '.token and .buyer_id and .expires_at'
    token=$(value .token)
    printf '%s\n' "$token" >>"$work/tokens"
}

# seats_free COUNT: a JSON list of seat ids of $event on sale, all in one section
seats_free() {
    local section
    api GET "/v1/events/$event"
    section=$(jq -r '.sections[] | select(.available == null or .available >= '"$1"') | .id' \
        <<<"$answer" | head -n 1)
    api GET "/v1/events/$event/seats?section=$(jq -rn --arg s "$section" '$s | @uri')"
    jq -ec '[.seats[] | select(.state == "available") | .id][:'"$1"']' <<<"$answer"
}

seat_state() {
    local section
    api GET "/v1/events/$event"
    for section in $(jq -r '.sections[].id | @uri' <<<"$answer"); do
        api GET "/v1/events/$event/seats?section=$section"
        jq -er --arg id "$1" '.seats[] | select(.id == $id) | .state' <<<"$answer" && return
    done
}

# reserve SEATS_JSON [KEY]
reserve() {
    api POST /v1/reservations "{\"event_id\":\"$event\",\"seats\":$1}" "${2:-$(random_key)}"
}

# checkout RESERVATION [KEY]: until the intent exists
checkout() {
    local key=${2:-$(random_key)}
    checkout_once() {
        api POST "/v1/reservations/$1/checkout" '{}' "$2"
        [[ $status != 202 && $status != 503 ]]
    }
    wait_until 30 checkout_once "$1" "$key" || stop_test "a payment within 30 s"
}

# pay_by_card METHOD: the provider's confirmation of the checkout that was answered last
pay_by_card() {
    local secret
    secret=$(value .client_secret)
    status=$(curl -sS -m 20 -o "$work/answer" -w '%{http_code}' -u "$provider_key:" \
        -d "payment_method=$1" "$provider/v1/payment_intents/${secret%%_secret_*}/confirm")
    answer=$(<"$work/answer")
}

reservation_is() {
    api GET "/v1/reservations/$1"
    [[ $status == 200 && $(jq -r .state <<<"$answer") == "$2" ]]
}

tickets_are() {
    api GET "/v1/reservations/$1/tickets"
    [[ $status == 200 && $(jq '[.tickets[] | select(.state == "valid")] | length' \
        <<<"$answer") == "$2" ]]
}

# node_libraries [FOLDER]: what the package-lock.json of tests/FOLDER (e2e unless said) names.
# Fetched once for all tests of a clone: who waited for another's turn finds them there.
node_libraries() {
    local dir=$cavea_root/tests/${1:-e2e}
    (
        exec {turn}>"$dir/.npm-turn"
        flock "$turn"
        [[ $dir/node_modules/.package-lock.json -nt $dir/package-lock.json ]] && exit 0
        cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    )
}
