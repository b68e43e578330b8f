#!/usr/bin/env bash
# The operator's command against a running stack: plans in and out, venues, events and their status,
# what it says of a reservation, the ledger when it is whole and when somebody wrote into it,
# migrations, the doctor, and exit statuses.
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

plan_file() {
    cat <<'JSON'
{"name": "Small house", "categories": [{"name": "Front", "color": "#aa0000"}, {"name": "Back"}],
 "size": {"width": 300, "height": 200},
 "zones": [
  {"name": "Hall", "position": {"x": 10, "y": 10}, "rows": [
   {"row_number": "1", "position": {"x": 0, "y": 0}, "seats": [
    {"seat_guid": "1-1", "seat_number": "1", "position": {"x": 0, "y": 0}, "category": "Front"},
    {"seat_guid": "1-2", "seat_number": "2", "position": {"x": 25, "y": 0}, "category": "Front"},
    {"seat_guid": "1-3", "seat_number": "3", "position": {"x": 50, "y": 0}, "category": "Front"}
   ]}]},
  {"name": "Balcony", "position": {"x": 10, "y": 90}, "rows": [
   {"row_number": "1", "position": {"x": 0, "y": 0}, "seats": [
    {"seat_guid": "1-1", "seat_number": "1", "position": {"x": 0, "y": 0}, "category": "Back"},
    {"seat_guid": "b-2", "seat_number": "2", "position": {"x": 25, "y": 0}, "category": "Back"}
   ]}]}]}
JSON
}

side_file() {
    cat <<'JSON'
{"currency": "EUR", "prices": {"Front": 4500, "Back": 2000},
 "accessible": ["1-3"], "blocked": [{"zone": "Balcony", "number": "2"}]}
JSON
}

plans() {
    plan_file >"$work/plan.json"
    side_file >"$work/side.json"
    says 1 'seat id 1-1 is used 2 times' plan import "$work/plan.json" --strict
    gets plan import "$work/plan.json" --side "$work/side.json"
    [[ $(value '[.seats, .blocked, .accessible, .repeated_ids, .repeated_seats] | join(" ")') == \
        '5 1 1 1 2' ]] || stop_test "five seats, one id for two of them"
    [[ $(value '.renamed[0].seats | join(" ")') == 'Hall:1:1 Balcony:1:1' ]] ||
        stop_test "both seats are called after where they are"
    plan=$(value .hash)
    cavea plan export "$plan" --side "$work/side.back" | cmp - "$work/plan.json" ||
        stop_test "the export is the file"
    cavea plan export "$plan" --rebuild >"$work/plan.back"
    gets plan import "$work/plan.back" --side "$work/side.back" --strict
    [[ $(value '.hash, .new' | tr '\n' ' ') == "$plan false " ]] || stop_test "the same plan"
    gets plan generate arena --seats 5001
    [[ $(value .seats) == 5001 ]] || stop_test "exactly 5,001 seats"
    says 1 'no valid JSON' plan import - <<<'{"name":'
    says 1 'there is no such plan' plan show "${plan//[0-9]/0}"
}

events() {
    gets venue create --name House --city Köln --country DE --time-zone Europe/Berlin
    venue=$(value .id)
    says 1 'no time zone Mars/City' \
        venue create --name X --city Y --country DE --time-zone Mars/City
    says 1 'tomorrow is no time' event create --venue "$venue" --plan "$plan" --name Soon \
        --starts tomorrow
    gets event create --venue "$venue" --plan "$plan" --name Evening --starts 2031-07-01T20:00 \
        --sale-starts now --production Evenings
    event=$(value .id)
    gets event show "$event"
    [[ $(value '[.status, .starts_at, .seats, .production] | join(" ")') == \
        'on_sale 2031-07-01T18:00:00Z 4 Evenings' ]] || stop_test "summer time, four seats"
    gets event create --venue "$venue" --plan "$plan" --name Later --starts +9d --sale-starts +2d \
        --price Front=1 --price 1=2
    later=$(value .id)
}

# reserve_one EVENT SEAT STATUS
reserve_one() {
    api POST /v1/reservations "{\"event_id\":\"$1\",\"seats\":[\"$2\"]}" "$(random_key)"
    [[ $status == "$3" ]] || stop_test "status $3"
}

statuses() {
    new_buyer
    reserve_one "$event" 1-2 201
    reservation=$(value .id)
    gets reservation show "$reservation"
    [[ $(value '[.state, .seats[0].id, .seats[0].section, .total_minor] | join(" ")') == \
        'held 1-2 Hall 4500' ]] || stop_test "what was reserved"
    says 0 paused event pause "$event"
    reserve_one "$event" 1-3 409
    says 0 on_sale event open "$event"
    reserve_one "$event" 1-3 201
    api DELETE "/v1/reservations/$(value .id)"
    # Nobody has held this one's actor yet: it is woken.
    reserve_one "$later" 1-2 409
    says 0 on_sale event open "$later"
    reserve_one "$later" 1-2 201
    says 0 closed event close "$later"
    reserve_one "$later" 1-3 409
    says 1 'there is no such event' event open "$reservation"
}

# tampered WORDS CHANGE UNDO: the ledger says so, and agrees when the change is undone
tampered() {
    sql "$2"
    says 1 "$1" ledger verify "$event"
    sql "$3"
    says 0 'agrees' ledger verify "$event"
}

ledger() {
    local third="actor = '$event' AND seq = 3" row="id = '$reservation'"
    local of="reservation_id = '$reservation'"
    gets ledger verify "$event"
    [[ $(value '[.agrees, .held, .difference] | join(" ")') == 'true 1 ' ]] ||
        stop_test "one seat held, no difference"
    (($(value .facts) >= 5)) || stop_test "at least five facts"
    tampered 'fact 3 does not have the hash' \
        "UPDATE fact SET payload = payload || '\\x00' WHERE $third" \
        "UPDATE fact SET payload = substr(payload, 1, length(payload) - 1) WHERE $third"
    tampered 'fact 3 is missing' \
        "CREATE TABLE gone AS SELECT * FROM fact WHERE $third; DELETE FROM fact WHERE $third" \
        'INSERT INTO fact SELECT * FROM gone; DROP TABLE gone'
    tampered 'seat 1-2 is held by the facts and sold by the rows' \
        "UPDATE reservation SET state = 2 WHERE $row" "UPDATE reservation SET state = 1 WHERE $row"
    tampered 'costs 4500 by its facts, 1 by its row' \
        "UPDATE reservation SET price_minor = '{1}', total_minor = 1 WHERE $row" \
        "UPDATE reservation SET price_minor = '{4500}', total_minor = 4500 WHERE $row"
    tampered 'a seat without a claim' \
        "CREATE TABLE gone AS SELECT * FROM seat_claim WHERE $of;
         DELETE FROM seat_claim WHERE $of" \
        'INSERT INTO seat_claim SELECT * FROM gone; DROP TABLE gone'
    tampered "the event's status is" "UPDATE event SET status = 4 WHERE id = '$event'" \
        "UPDATE event SET status = 2 WHERE id = '$event'"
    tampered 'another hash than its last fact' \
        "UPDATE actor_lease SET last_hash = set_byte(last_hash, 0, get_byte(last_hash, 0) # 1)
         WHERE actor = '$event'" \
        "UPDATE actor_lease SET last_hash = set_byte(last_hash, 0, get_byte(last_hash, 0) # 1)
         WHERE actor = '$event'"
}

demo() {
    gets demo load
    [[ $(value '[.[].new] | all') == true ]] || stop_test "the demo is new"
    gets demo load
    [[ $(jq '[.[].new] | any' <<<"$answer") == false ]] || stop_test "the demo is there already"
    gets event list
    [[ $(value '[.[] | select(.seats == 60000 and .status == "on_sale")] | length') == 1 ]] ||
        stop_test "an arena on sale"
}

migrations() {
    gets migrate status
    [[ $(value '[.[].applied] | all') == true ]] || stop_test "every migration is applied"
    gets migrate
    [[ $(value '.steps | length') == 0 ]] || stop_test "nothing to migrate"
    says 2 'say --yes' migrate down --to 0
    sql "INSERT INTO schema_migration (version, name) VALUES (99, 'later')"
    says 1 'schema version 99' event list
    says 1 'which this program does not know' migrate
    sql 'DELETE FROM schema_migration WHERE version = 99'
    # Back and forward again, beside the running daemons: rights go and come.
    says 0 back migrate down --to 1
    says 1 'schema version 1 and this program needs' event list
    says 0 forward migrate up
}

health() {
    says 0 'ok' doctor
    gets doctor
    [[ $(value .well) == true ]] || stop_test "all is well"
    sql 'GRANT SELECT (key) ON seal_key TO cavea_edge'
    says 1 'edges can read them' doctor
    sql 'REVOKE ALL ON seal_key FROM cavea_edge'
    says 1 'start nats-server' doctor --nats-url nats://127.0.0.1:1
    says 3 'cannot be reached' event list --postgres-url 'host=127.0.0.1 port=1 user=x'
    says 3 'cannot be reached' event pause "$event" --nats-url nats://127.0.0.1:1
    says 2 'there is no command' sell
    says 2 'needs' event show
    says 2 'is no id' event show 7
    says 2 'no option --fast' event list --fast
    says 0 'Makes an event' help event
}

stack_up --no-demo
plans
events
statuses
ledger
demo
health
migrations
