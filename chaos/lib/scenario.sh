# A scenario is a file in chaos/scenarios. Its comment says what it is about; then, a line each:
#   on local|zones|any           where it runs
#   rate N   seconds N           buyers a second, and how long they come
#   release MS                   by so much a hold may outlive its deadline (1000)
#   seats N                      of the event (2400)
#   hold SECONDS                 how long seats are held (8)
#   load OPTION...               more for cavea-load
#   disk nats|postgres MB        its store is a disk of its own, so small (local; needs root)
#   slow-fsync                   PostgreSQL's fsync can be made slow (local)
#   lacks NAME...                no evidence for this look of the judge: cavea-audit --help
#   needs NAME...                there must be evidence for it
#   at SECONDS FAULT...          what happens, and when
#   every SECONDS FAULT...       again and again, while buyers come; --every is another number
#   times COUNT                  so often, which says how long buyers come; --kills is another
#   expect KIND SECONDS          the longest time in which nobody got an answer of that kind
#   expect takeover SECONDS      until another host decides
#   expect p99 SECONDS           without reservations after a fault, in 99 of 100 faults
#   expect goodput SECONDS       after the crowd has passed, until as many a second as before it
#                                reserve again (four fifths of them)
#   expect resets COUNT          at least so many connections were reset
#   expect late COUNT            at least so many payments came after their deadline
# Faults: kill NODE [hold], stop NODE, start NODE, pause NODE SECONDS, restart NODE, heal,
#   cut ZONE|NODE[:PORT] [in|out], flap ZONE TIMES, terminate-writer, stall NODE SECONDS (pauses
#   the node between its decision and the end of its commit), give NODE (the event, so that it is
#   there when something breaks; no fault), wipe-nats, flip-bit, delete-stream,
#   fill nats|postgres, unfill nats|postgres, fsync MILLISECONDS (0: as ever),
#   clock NODE OFFSET, more FACTOR SECONDS (so many more buyers), provider FAULT=VALUE (of
#   cavea-provider), random COUNT
# Nodes: those of the ground, and holder, spare, edge-any, host-or-edge, leader, follower, nats,
#   primary, standby, replica, zone-primary, zone-standby, zone-other for whoever is it at that
#   moment; host-primary, host-standby, host-other: the actor host of such a zone; patroni: that of
#   the primary, without its PostgreSQL. A fault that finds nothing to strike within three seconds
#   has missed, and a run in which one did has failed: it proved less than it says.
# shellcheck shell=bash
# shellcheck disable=SC2154 # the globals of chaos/run

scenario_read() {
    local file=$cavea_root/chaos/scenarios/$1 word rest
    [[ -f $file ]] || fail "there is no scenario $1; chaos/run --list names them"
    scenario=$1 about='' on=any rate=60 seconds=20 release=1000 seats=2400 hold=8
    load_more=() steps=() expected=() repeated=() lacks='' needs='' times='' slow_fsync=''
    declare -gA disks=()
    while read -r word rest; do
        case $word in
        '#') about+="${about:+ }$rest" ;;
        on) on=$rest ;;
        rate) rate=$rest ;;
        seconds) seconds=$rest ;;
        release) release=$rest ;;
        seats) seats=$rest ;;
        hold) hold=$rest ;;
        load) read -ra load_more <<<"$rest" ;;
        at) steps+=("$rest") ;;
        disk) disks[${rest% *}]=${rest#* } ;;
        slow-fsync) slow_fsync=yes ;;
        lacks) lacks=${rest// /,} ;;
        needs) needs=${rest// /,} ;;
        times) times=${given_kills:-$rest} ;;
        every) repeated+=("$rest") ;;
        expect) expected+=("$rest") ;;
        '') ;;
        *) fail "$file: what is $word?" ;;
        esac
    done <"$file"
}

# What happens again and again becomes steps, when it is known how long buyers come.
steps_repeat() {
    local rest at by
    for rest in "${repeated[@]}"; do
        by=${given_every:-${rest%% *}}
        [[ ! $times ]] || seconds=$((by * times + by + 8))
        for ((at = by; at < seconds - by; at += by)); do
            [[ $times ]] && ((at > by * times)) && break
            steps+=("$at ${rest#* }")
        done
    done
}

# The journal's clock, in microseconds.
moment_us() {
    local up
    read -r up _ </proc/uptime
    printf '%s\n' "$((10#${up/./}0000))"
}

# mark TEXT: goes into the report. mark_at MOMENT TEXT: likewise, when it happened before.
mark() {
    mark_at "$(moment_us)" "$*"
}
mark_at() {
    printf '%s\t%s\n' "$1" "${*:2}" >>"$evidence/faults.tsv"
    say "  $(($1 / 1000 - started_ms)) ms: ${*:2}"
}

# missed TEXT: a fault struck nothing, or something that belongs to the evidence is not there
missed() {
    printf '%s\t%s\n' "$(moment_us)" "$*" >>"$evidence/missed.tsv"
    say "  MISSED: $*"
}

# holder_name: of the event that is sold
holder_name() {
    evidence_sql "$postgres_url" 2>/dev/null <<SQL
SELECT h.name FROM actor_lease l JOIN host h ON h.id = l.holder WHERE l.actor = '$event'
SQL
}

# Node by node, so that a word may stand for several. Who it stands for is asked again while there
# is nothing to strike: a killed host may be named as the holder for a moment yet.
each_node() {
    local action=$1 name=$2 node struck='' deadline=$(($(now_ms) + 3000))
    shift 2
    while true; do
        for node in $(ground_node "$name"); do
            ! "$action" "$node" "$@" || struck=yes
        done
        [[ ! $struck ]] || return 0
        (($(now_ms) < deadline)) || break
        sleep 0.05
    done
    missed "${action#fault_} $name $*"
}

fault_kill() {
    local at
    at=$(moment_us)
    ground_kill "$@" || return 1
    mark_at "$at" "kill $1${2:+ ($2)}"
}
fault_stop() {
    ground_alive "$1" || return 1
    mark "stop $1"
    ground_stop "$1"
}
fault_start() {
    ground_start "$1" || return 1
    mark "start $1"
}
fault_restart() {
    ground_alive "$1" || return 1
    mark "restart $1"
    ground_stop "$1"
    ground_start "$1"
}
fault_pause() {
    ground_signal STOP "$1" || return 1
    mark "pause $1 for $2 s"
    sleep "$2"
    ground_signal CONT "$1" || true
    mark "resume $1"
}

# The row that fences every commit of the event is held, so the host's transaction waits in the
# middle; the host is paused there, the transaction goes through, and nobody is told.
fault_stall() {
    local session
    coproc session { evidence_writer; }
    # shellcheck disable=SC2154 # made by coproc
    printf "BEGIN; SELECT 'held' FROM actor_lease WHERE actor = '%s' FOR UPDATE;\n" "$event" \
        >&"${session[1]}"
    read -r _ <&"${session[0]}"
    wait_until 5 commit_waits || missed "stall $1: nobody waited for the row"
    ground_signal STOP "$1" || { printf 'ROLLBACK;\n\\q\n' >&"${session[1]}" && return 1; }
    mark "pause $1 in its commit for $2 s"
    printf 'COMMIT;\n\\q\n' >&"${session[1]}"
    sleep "$2"
    ground_signal CONT "$1" || true
    mark "resume $1"
}

evidence_writer() {
    psql -X -q -At "$postgres_url"
}

commit_waits() {
    [[ $(evidence_sql "$postgres_url" <<<"SELECT count(*) FROM pg_locks WHERE NOT granted") -gt 0 ]]
}

fault_terminate() {
    mark "the connection of $(holder_name) that writes is cut"
    [[ $(ground_superuser "SELECT pg_terminate_backend(h.backend_pid) FROM actor_lease l
        JOIN host h ON h.id = l.holder WHERE l.actor = '$event'") == t ]] ||
        missed "terminate-writer: there was no connection to cut"
}

fault_wipe() {
    mark "kill nats-server, its store is wiped"
    ground_kill nats-server hold || { missed "wipe-nats" && return; }
    rm -rf "$(ground_store_of_nats)"/*
    ground_start nats-server
    mark "nats-server is back, empty"
}

# One bit in the middle of the inbox stream's newest block, while its server is dead.
fault_flip() {
    local block size at byte
    ground_kill nats-server hold || { missed "flip-bit" && return; }
    block=$(find "$(ground_store_of_nats)" -path '*CAVEA_IN*' -name '*.blk' -printf '%T@ %p\n' |
        sort -n | tail -n 1 | cut -d' ' -f2-)
    if [[ ! $block || ! -s $block ]]; then
        missed "flip-bit: the stream has no block"
        ground_start nats-server
        return
    fi
    size=$(stat -c %s "$block")
    at=$((size / 2))
    byte=$(od -An -tu1 -j "$at" -N 1 "$block")
    # shellcheck disable=SC2059 # the format is the byte
    printf "\\x$(printf '%02x' $((byte ^ 16)))" |
        dd of="$block" bs=1 seek="$at" conv=notrunc status=none
    mark "kill nats-server, a bit of $(basename "$block") is flipped"
    ground_start nats-server
    mark "nats-server is back"
}

# By the server's own protocol.
fault_delete_stream() {
    local url socket
    url=$(jq -r .nats_actors_url "$dir/stack.json") url=${url#nats://}
    local login=${url%@*} place=${url#*@}
    mark "stream CAVEA_IN is deleted"
    exec {socket}<>"/dev/tcp/${place%:*}/${place#*:}"
    printf 'CONNECT {"user":"%s","pass":"%s","verbose":false}\r\n' "${login%%:*}" "${login#*:}" \
        >&"$socket"
    printf 'SUB _INBOX.actors.chaos 1\r\nPUB %s _INBOX.actors.chaos 0\r\n\r\nPING\r\n' \
        "\$JS.API.STREAM.DELETE.CAVEA_IN" >&"$socket"
    timeout 3 sed -n '/success/{p;q}' <&"$socket" | grep -q true ||
        missed "delete-stream: nobody deleted it"
    exec {socket}>&-
}

fault_flap() {
    local i
    for ((i = 0; i < $2; i++)); do
        mark "cut $1"
        ground_cut "$1"
        sleep 1
        ground_heal
        mark "heal"
        sleep 2
    done
}

fault_more() {
    mark "$1 times as many buyers for $2 s" # the report reads this
    load_start "journal-more-$(now_ms).tsv" $(($1 * rate)) "$2" --seed "$((seed + 1000))" \
        "${load_more[@]}"
}

fault_give() {
    [[ $(holder_name) != "$1" ]] || return 0
    cavea actor move "$event" "$1" >>"$work/up.log" 2>&1 || return 1
    mark "the event is given to $1"
}

fault_clock() {
    mark "the clock of $1 is $2 off"
    ground_clock "$1" "$2"
}

fault_fill() {
    mark "the disk of $1 is full"
    ground_fill "$1"
}
fault_unfill() {
    ground_unfill "$1" || return 1
    mark "the disk of $1 has room again"
    [[ $1 == nats ]] || ground_again "$1" 30
}

fault_fsync() {
    ground_fsync "$1" || return 1
    mark "each fsync of PostgreSQL takes $1 ms longer"
}

# fault_provider NAME=VALUE...: what its admin port takes
fault_provider() {
    local one json='' answer
    for one in "$@"; do json+="${json:+,}\"${one%%=*}\":${one#*=}"; done
    mark "provider: $*"
    answer=$(curl -sS -m 5 -o /dev/null -w '%{http_code}' -X POST -d "{$json}" \
        "$provider_admin_url/admin/faults") || true
    [[ $answer == 200 ]]
}

# What is drawn is drawn here, not in a part of the shell of its own, which would draw anew: the
# same seed breaks the same things.
fault_random() {
    local names=(holder spare edge-any nats primary) i
    for ((i = 0; i < $1; i++)); do
        chance=$RANDOM
        if ((RANDOM % 3)); then
            each_node fault_kill "${names[RANDOM % ${#names[@]}]}"
        else
            each_node fault_pause "${names[RANDOM % 2]}" $((1 + RANDOM % 5)) &
        fi
    done
}

fault_do() {
    local what=$1
    shift
    case $what in
    kill | stop | start | restart | pause | stall | clock | give) each_node "fault_$what" "$@" ;;
    cut)
        mark "cut $*"
        ground_cut "$(ground_node "${1%%:*}")$([[ $1 != *:* ]] || printf ':%s' "${1#*:}")" \
            "${@:2}" || missed "cut $*"
        ;;
    heal)
        ground_heal
        mark "heal"
        ;;
    flap) fault_flap "$(ground_node "$1")" "$2" || missed "flap $*" ;;
    fill | unfill | fsync | provider) "fault_$what" "$@" || missed "$what $*" ;;
    terminate-writer) fault_terminate ;;
    wipe-nats) fault_wipe ;;
    flip-bit) fault_flip ;;
    delete-stream) fault_delete_stream ;;
    more) fault_more "$@" ;;
    random) fault_random "$@" ;;
    *) fail "chaos/scenarios/$scenario: there is no fault $what" ;;
    esac
}

# The steps in their order; pauses run beside the others.
steps_run() {
    local step at words beside=()
    for step in "${steps[@]}"; do
        read -ra words <<<"$step"
        at=$(awk -v s="${words[0]}" 'BEGIN { print int(s * 1000) }')
        while (($(now_ms) - started_ms < at)); do sleep 0.01; done
        chance=$RANDOM
        case ${words[1]} in
        pause | stall | flap)
            fault_do "${words[@]:1}" &
            beside+=($!)
            ;;
        *) fault_do "${words[@]:1}" ;;
        esac
    done
    ((${#beside[@]} == 0)) || wait "${beside[@]}"
}
