#!/usr/bin/env bash
# Money as an operator sees it, against a running stack: shares and reports, the provider's export
# compared both ways, refunds that wait for a person, a new ticket key, a cancelled event, the
# monitor's metrics, and a ledger into which somebody wrote.
# time: 240
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"

# says STATUS WORDS ARGUMENT...: the command ends so, and what it prints holds the words
says() {
    local expected=$1 words=$2
    shift 2
    status=0
    answer=$(cavea "$@" 2>&1) || status=$?
    ((status == expected)) || stop_test "cavea $* ends with $expected"
    [[ $answer == *"$words"* ]] || stop_test "cavea $* says: $words"
}

# gets ARGUMENT...: its JSON is the answer
gets() {
    status=0
    answer=$(cavea "$@" --json) || status=$?
    ((status == 0)) || stop_test "cavea $* --json"
}

# money FIELD: of the event's one currency, by the last answer
money() {
    value ".currencies[0].$1"
}

event_new() {
    local plan venue
    gets plan generate theatre --seats 300
    plan=$(value .hash)
    gets venue create --name House --city Basel --country CH --time-zone Europe/Zurich
    venue=$(value .id)
    says 2 'more than the price' event create --venue "$venue" --plan "$plan" --name Evening \
        --starts +30h --fee-bp 9000 --tax-bp 2000
    says 2 'takes steps' event create --venue "$venue" --plan "$plan" --name Evening \
        --starts +30h --refund 2h=50,24h=100
    gets event create --venue "$venue" --plan "$plan" --name Evening --starts +30h \
        --fee-bp 333 --tax-bp 770 --refund 48h=100,24h=50
    event=$(value .id)
    gets event show "$event"
    [[ $(value '[.fee_bp, .tax_bp, .refunds[1].before_seconds, .refunds[1].percent] | join(" ")') \
        == '333 770 86400 50' ]] || stop_test "its shares and its policy"
}

# buy SEATS_JSON: one confirmed reservation; sets reservation and total
buy() {
    reserve "$1"
    expect 201
    reservation=$(value .id)
    total=$(value .total_minor)
    checkout "$reservation"
    pay_by_card pm_card_visa
    wait_until 20 reservation_is "$reservation" confirmed || stop_test "confirmed within 20 s"
}

report_settled() {
    gets finance report "$event"
    [[ $(money undecided_minor) == 0 ]]
}

shares() {
    local sold=0
    new_buyer
    for _ in 1 2 3; do
        buy "$(seats_free 2)"
        sold=$((sold + total))
    done
    wait_until 20 report_settled || stop_test "nothing undecided within 20 s"
    [[ $(value .agrees) == true && $(money captured_minor) == "$sold" &&
        $(money sold_minor) == "$sold" && $(money reservations) == 3 ]] ||
        stop_test "three sales of $sold"
    (($(money organizer_minor) + $(money fees_minor) + $(money tax_minor) == sold)) ||
        stop_test "the shares sum to the price"
    # Each of three sales is rounded by itself, to the nearest unit or its neighbour.
    (($(money fees_minor) * 10000 - sold * 333 < 30000 &&
        sold * 333 - $(money fees_minor) * 10000 < 30000)) || stop_test "the fees are 3.33 %"
    answer=$(cavea finance report "$event" --csv)
    [[ $(wc -l <<<"$answer") == 2 && $answer == "event,currency,reservations,"*$'\n'"$event,"* ]] ||
        stop_test "two lines of CSV"
    says 2 'either' finance report "$event" --csv --json
    says 1 'there is no such' finance report "$reservation"
}

provider_export() {
    curl -sSf "$(stack_field provider_admin_url)/admin/export"
}

books_equal() {
    provider_export | cavea finance reconcile - --json >"$work/answer" 2>/dev/null
}

reconcile() {
    local line
    wait_until 20 books_equal || stop_test "the provider's books equal ours"
    answer=$(<"$work/answer")
    (($(value .payments) == 3 && $(value .differences) == 0)) ||
        stop_test "three lines, no difference"
    provider_export >"$work/export.csv"
    line=$(grep -m 1 ',succeeded,' "$work/export.csv")
    {
        grep -vF "$line" "$work/export.csv"
        echo 'pi_stranger,,eur,100,0,succeeded,1'
    } >"$work/other.csv"
    says 1 missing_here finance reconcile "$work/other.csv"
    [[ $answer == *missing_there* && $answer == *"${line%%,*}"* ]] || stop_test "both ways"
    sed "s/^${line%%,*},\([^,]*\),\([^,]*\),[0-9]*,0/${line%%,*},\1,\2,1,1/" "$work/export.csv" \
        >"$work/other.csv"
    says 1 captured finance reconcile "$work/other.csv"
    [[ $answer == *refunded* ]] || stop_test "another amount refunded"
    says 1 'line 2: currency' finance reconcile - <<'CSV'
intent_id,currency,captured_minor,refunded_minor
x,,1,1
CSV
    says 1 'cannot be read' finance reconcile "$work/nothing"
}

given_back() {
    local refund
    api GET "/v1/reservations/$reservation"
    refund=$(value .refund_now_minor)
    (((total + 1) / 2 == refund)) || stop_test "half of $total, rounded up"
    api POST "/v1/reservations/$reservation/cancellation" "{\"refund_minor\":$refund}"
    expect 200 '.state == "refunded"'
    wait_until 30 report_settled || stop_test "refunded within 30 s"
    [[ $(money refunded_minor) == "$refund" && $(money retained_minor) == $((total - refund)) &&
        $(money reservations) == 2 ]] || stop_test "half back, half kept"
    wait_until 20 books_equal || stop_test "the provider's books equal ours"
}

for_a_person() {
    local payment of
    gets refund list
    [[ $(value length) == 0 ]] || stop_test "no refund waits for a person"
    # One that failed as often as may be, as its actor would have left it.
    payment=$(sql "SELECT id FROM payment WHERE event_id = '$event' AND state = 7 LIMIT 1")
    of="event_id = '$event' AND id = '$payment'"
    says 1 'the payment refuses' refund retry "$payment"
    says 1 'the payment refuses' refund resolve "$payment" --note 'bank transfer 17'
    says 1 'no such payment' refund retry "${event}"
    says 2 'say with --note' refund resolve "$payment"
    sql "UPDATE payment SET state = 11, refund_number = 16, refund_minor = captured_minor
         WHERE $of"
    gets refund list
    [[ $(value '[.[].payment] | join(" ")') == "$payment" ]] || stop_test "it is listed"
    sql "UPDATE payment SET state = 7, refund_number = 0, refund_minor = 0 WHERE $of"
}

keys() {
    local folder=$stack/secrets/tickets before after
    before=$(<"$folder/active")
    says 0 'active' ticket keys rotate --dir "$folder"
    after=$(<"$folder/active")
    [[ $before != "$after" && $(stat -c %a "$folder/$after.key") == 600 ]] ||
        stop_test "another key, for its owner only"
    signs_new() {
        buy "$(seats_free 1)"
        api GET "/v1/reservations/$reservation/tickets"
        [[ $(jq -r '.tickets[0].jws | split(".")[0] | gsub("-"; "+") | gsub("_"; "/") | @base64d |
            fromjson.kid' <<<"$answer") == "$after" ]]
    }
    wait_until 30 signs_new || stop_test "the new key signs within 30 s"
    jwks_has() {
        [[ $(curl -sS "$edge/.well-known/jwks.json" | jq -r '[.keys[].kid] | join(" ")') == \
            *"$before"* && $(curl -sS "$edge/.well-known/jwks.json") == *"$after"* ]]
    }
    wait_until 90 jwks_has || stop_test "both keys are published"
    says 2 'which folder' ticket keys rotate
    says 1 '' ticket keys rotate --dir "$work/elsewhere"
    [[ ! -e $work/elsewhere ]] || stop_test "no key in a folder that is none of ours"
}

# metric NAME: its value at the actors
metric() {
    curl -sSf "$(stack_field actors_admin_url)/metrics" | awk -v name="$1" '$1 == name { print $2 }'
}

metric_is() {
    [[ $(metric "$1") == "$2" ]]
}

monitor() {
    local of="event_id = '$event' AND state = 7" looks
    wait_until 20 metric_is cavea_money_undecided_events 0 || stop_test "nothing is undecided"
    metric_is cavea_money_unbalanced_minor 0 || stop_test "nothing is unbalanced"
    sql "UPDATE payment SET captured_minor = captured_minor + 7 WHERE $of AND id = (
         SELECT max(id::text)::uuid FROM payment WHERE $of)"
    unbalanced() { (($(metric cavea_money_unbalanced_minor) >= 7)); }
    wait_until 30 unbalanced || stop_test "seven minor units too many are noticed"
    says 1 'contradict' finance report "$event"
    says 1 'is not the same' ledger verify "$event"
    sql "UPDATE payment SET captured_minor = captured_minor - 7 WHERE $of AND id = (
         SELECT max(id::text)::uuid FROM payment WHERE $of)"
    wait_until 30 metric_is cavea_money_unbalanced_minor 0 || stop_test "and that they are gone"
    looks=$(metric cavea_money_looks_total)
    ((looks > 2)) || stop_test "it looks again and again"
    monitor_fails
}

unread_count() {
    cat "$stack"/log/*.log | grep -c '"money.unread"' || true
}

# A look that the database does not answer is no look: the alert MoneyNotWatched counts them.
monitor_fails() {
    local looks unread
    looks_are() { (($(metric cavea_money_looks_total) > looks)); }
    unread_are() { (($(unread_count) > unread)); }
    sql "ALTER FUNCTION event_money(uuid) SET search_path = pg_temp"
    unread=$(unread_count)
    wait_until 30 unread_are || stop_test "what cannot be read is told"
    looks=$(metric cavea_money_looks_total)
    unread=$(($(unread_count) + 1))
    wait_until 30 unread_are || stop_test "at each look"
    ! looks_are || stop_test "a look that failed is counted"
    sql "ALTER FUNCTION event_money(uuid) RESET search_path"
    wait_until 30 looks_are || stop_test "it looks again once it can read"
}

# tampered WORDS CHANGE UNDO: the ledger says so, and agrees when the change is undone
tampered() {
    sql "$2"
    says 1 "$1" ledger verify "$event"
    sql "$3"
    says 0 'agrees' ledger verify "$event"
}

ledger() {
    local actor flip='payload = set_byte(payload, 3, get_byte(payload, 3) # 1)'
    says 0 'agrees' ledger verify "$event"
    actor=$(sql "SELECT actor FROM posting WHERE event_id = '$event' LIMIT 1")
    tampered 'fact 2 of the payment actor does not have the hash' \
        "UPDATE fact SET $flip WHERE actor = '$actor' AND seq = 2" \
        "UPDATE fact SET $flip WHERE actor = '$actor' AND seq = 2"
    tampered 'is not the same' \
        "CREATE TABLE gone AS SELECT * FROM posting WHERE event_id = '$event';
         DELETE FROM posting WHERE event_id = '$event' AND seq = (
            SELECT min(seq) FROM posting WHERE event_id = '$event')" \
        'INSERT INTO posting SELECT * FROM gone ON CONFLICT DO NOTHING; DROP TABLE gone'
    tampered 'a posting has no fact' \
        "UPDATE posting SET seq = seq + 1000000 WHERE event_id = '$event'" \
        "UPDATE posting SET seq = seq - 1000000 WHERE event_id = '$event'"
}

cancelled() {
    local captured
    gets finance report "$event"
    captured=$(money captured_minor)
    says 0 'cancelled' event cancel "$event"
    says 0 'cancelled' event cancel "$event"
    wait_until 60 report_settled || stop_test "all refunds are done within 60 s"
    (($(money captured_minor) == captured && $(money sold_minor) == 0 &&
        $(money refunded_minor) + $(money retained_minor) == captured)) ||
        stop_test "everybody was refunded once"
    [[ $(sql "SELECT count(*) FROM claimed_seat WHERE event_id = '$event'") == 0 ]] ||
        stop_test "no seat is sold"
    reserve "$(seats_free 1)"
    [[ $status == 409 ]] || stop_test "nothing can be reserved"
    wait_until 20 books_equal || stop_test "the provider's books equal ours"
    says 1 'there is no such event' event cancel "$reservation"
    says 0 'agrees' ledger verify "$event"
}

payment_is() {
    [[ $(sql "SELECT state FROM payment WHERE id = '$1'") == "$2" ]]
}

# refunds_indexed PAYMENT: the list does not go through all payments, and its index costs a payment
# nothing as long as no money goes back (hot: no index was written)
refunds_indexed() {
    answer=$(sql "SET enable_seqscan = off; EXPLAIN $(<"$cavea_root/store/reports/refunds.sql")")
    [[ $answer == *' payment_refund'* ]] || stop_test "refunds are listed by their index"
    [[ $(sql "BEGIN; UPDATE payment SET state = state, changed_at = now() WHERE id = '$1';
              SELECT pg_stat_get_xact_tuples_hot_updated('payment'::regclass)") == 1 ]] ||
        stop_test "a payment changes without touching an index"
}

# Two refunds that failed as often as they may, as a host finds them that comes after the one that
# tried. One is tried again, one is resolved by a person.
given_up() {
    local tried resolved of
    event_new
    new_buyer
    buy "$(seats_free 1)"
    buy "$(seats_free 1)"
    wait_until 20 report_settled || stop_test "nothing undecided within 20 s"
    of="event_id = '$event' AND state = 7"
    kill -KILL "$(process_pid "$stack/run" actors)"
    refunds_indexed "$(sql "SELECT id FROM payment WHERE $of LIMIT 1")"
    sql "UPDATE payment SET state = 11, refund_number = 16, refund_minor = captured_minor
         WHERE $of"
    "$cavea_root/ops/run" --dir "$stack" --add-host
    gets refund list
    [[ $(value 'map([.state, .attempts, .for_a_person]) | unique | tojson') == \
        '[["refund_failed",16,true]]' && $(value length) == 2 ]] || stop_test "both are listed"
    tried=$(value '.[0].payment')
    resolved=$(value '.[1].payment')
    says 0 'tried again' refund retry "$tried"
    wait_until 30 payment_is "$tried" 10 || stop_test "tried again, it goes back within 30 s"
    says 0 resolved refund resolve "$resolved" --note 'bank transfer 17'
    wait_until 10 payment_is "$resolved" 10 || stop_test "resolved, it is back"
    says 1 'the payment refuses' refund retry "$resolved"
    gets refund list --all
    [[ $(value length) == 0 ]] || stop_test "none waits any more"
    # One went back at the provider, the other by other means: both books know.
    wait_until 20 books_equal || stop_test "the provider's books equal ours"
}

CAVEA_MONEY_WATCH=200ms stack_up --no-demo
event_new
shares
reconcile
given_back
for_a_person
keys
monitor
ledger
cancelled
given_up
