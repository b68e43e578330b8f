#!/usr/bin/env bash
# Buyers in a browser: the whole path on desktop and phone, by keyboard, with everything that goes
# wrong on the way; the ticket's code is read from a picture of the page.
# full-only
# alone
# time: 150
set -euo pipefail
# shellcheck source=tests/stack.sh
. "$(dirname "${BASH_SOURCE[0]}")/../stack.sh"
# shellcheck source=tests/browser/stage.sh
. "$(dirname "${BASH_SOURCE[0]}")/stage.sh"

node_libraries browser
stack_up
stage_set
browser walk.mjs
ticket_scan
for line in BEGIN:VCALENDAR 'DTSTART:20[0-9T]*Z' 'SUMMARY:The Glass Orchard' END:VCALENDAR; do
    grep -q "^$line" "$work/calendar.ics" || stop_test "$line in the calendar's entry"
done
