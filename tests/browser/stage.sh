# library: sourced, starts nothing
# A stack with something to see for the tests in a browser: shows of each kind, in several
# currencies and in each state that a sale can be in. Source it after tests/stack.sh.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the scripts that source this read its variables

browser_dir=$cavea_root/tests/browser

# show VENUE_ID PLAN NAME CATEGORY OPTION...: prints the event's id
show() {
    local venue=$1 plan=$2 name=$3 category=$4
    shift 4
    cavea event create --json --venue "$venue" --plan "$plan" --name "$name" \
        --category "$category" "$@" | jq -er .id
}

venue() {
    cavea venue create --json --name "$1" --city "$2" --country "$3" --time-zone "$4" | jq -er .id
}

# Sets shows, a JSON object of event ids by what they are for.
stage_set() {
    local theatre small hall playhouse tent text prices
    theatre=$(cavea plan list --json | jq -er '.[] | select(.name == "Demo theatre") | .hash')
    small=$(cavea plan import "$browser_dir/tent.json" --json | jq -er .hash)
    hall=$(venue "Harbour Hall" Yokohama JP Asia/Tokyo)
    playhouse=$(venue "Almond Street Playhouse" Lisbon PT Europe/Lisbon)
    tent=$(venue "The Long Tent" Valencia ES Europe/Madrid)
    prices=(--currency EUR --price Ring=4800 --price Benches=2950)
    text="Three acts, two intervals, and an orchard that remembers everything it was told."
    shows=$(jq -n \
        --arg theatre "$(show "$playhouse" "$theatre" "The Glass Orchard" theatre --starts +21d \
            --description "$text")" \
        --arg concert "$(show "$hall" "$theatre" "Night Ferry" concert --starts +9d \
            --currency JPY)" \
        --arg sold_out "$(show "$tent" "$small" "Small Hours" comedy --starts +5d "${prices[@]}")" \
        --arg paused "$(show "$tent" "$small" "Kites for Everybody" family --starts +12d \
            "${prices[@]}")" \
        --arg cancelled "$(show "$playhouse" "$small" "The Tide Clock" opera --starts +40d \
            "${prices[@]}")" \
        '$ARGS.named')
    cavea event pause "$(jq -r .paused <<<"$shows")" >/dev/null
    cavea event cancel "$(jq -r .cancelled <<<"$shows")" >/dev/null
    shows=$(jq -c --arg arena "$arena" --arg later "$later" '. + $ARGS.named' <<<"$shows")
}

arena=01970000-0000-7000-8000-0000000000e1
later=01970000-0000-7000-8000-0000000000e2

# Nobody else's seat is left.
sell_out() {
    local section ids
    event=$1
    new_buyer
    api GET "/v1/events/$event"
    for section in $(jq -r '.sections[].id | @uri' <<<"$answer"); do
        api GET "/v1/events/$event/seats?section=$section"
        while read -r ids; do
            reserve "$ids"
            expect 201
        done < <(jq -c '[.seats[] | select(.state == "available").id] | _nwise(10) |
            select(length > 0)' <<<"$answer")
    done
}

# A scanner reads the code in the picture of a ticket.
ticket_scan() {
    zbarimg -q --raw -Sdisable -Sqrcode.enable "$work/ticket.png" 2>/dev/null | grep -q '^C1:' ||
        stop_test "a ticket that a scanner reads from the page"
}

# browser PROGRAM ARGUMENT...: with the stack and its shows in the environment
browser() {
    local program=$1
    shift
    EDGE_URL=$edge SHOWS=$shows WORK=$work timeout -k 5 "${browser_limit:-110}" \
        node "$browser_dir/$program" "$@" || stop_test "$program"
}
