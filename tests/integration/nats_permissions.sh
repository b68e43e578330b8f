#!/usr/bin/env bash
# Three nats-servers with the configuration that ops/zones writes for real hosts: strangers and
# wrong users are refused, routes ask for a password, and each service may do what the table says
# and nothing else of what is in it.
# time: 90
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/process.sh
. "$cavea_root/ops/lib/process.sh"

work=$(mktemp -d -t cavea-test.XXXXXX)
build=${BUILD_DIR:-$cavea_root/build/${CAVEA_BUILD:-release}}
trap 'ended $?' EXIT

ended() {
    cluster_stop
    (($1 == 0)) || tail -n 5 "$work"/*.log || true
    rm -rf "$work"
}

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=tests/cluster.sh
. "$cavea_root/tests/cluster.sh"

# Says connected, refused, or what went wrong otherwise, which is neither.
try() {
    "$build/nats_permissions" "$@"
}

strangers_are_refused() {
    "$build/cavea" nkey make "$work/stranger.seed" >/dev/null
    for url in "nats://$net.1:4222" "nats://edge:edge@$net.2:4222" \
        "nats://route:$(<"$work/files/secrets/route")@$net.3:4222"; do
        [[ $(try "$url" - pub cavea.v1.in.event.x) == refused ]] || stop_test "refused: $url"
    done
    [[ $(try "nats://$net.1:4222" "$work/stranger.seed") == refused ]] ||
        stop_test "an unknown key is refused"
    [[ $(try "nats://$net.1:4222" "$work/files/secrets/nats-edge.seed") == connected ]] ||
        stop_test "a known key is let in"
}

# What a server says to whoever knocks at its route port with a password: a complaint, or, to whom
# it takes for one of its own, that it is there.
route_answer() {
    local line
    exec {route}<>"/dev/tcp/$net.1/6222"
    printf 'CONNECT {"verbose":false,"user":"route","pass":"%s","name":"x","cluster":"cavea"}\r\n' \
        "$1" >&"$route"
    printf 'PING\r\n' >&"$route"
    while read -rt 3 -u "$route" line; do
        case $line in
        -ERR* | PONG*) printf '%s\n' "${line%$'\r'}" && break ;;
        esac
    done
    exec {route}>&-
}

routes_ask_for_a_password() {
    [[ $(route_answer wrong) == *"Authorization Violation"* ]] ||
        stop_test "a wrong route is refused"
    [[ $(route_answer "$(<"$work/files/secrets/route")") == PONG ]] ||
        stop_test "the right password is taken"
}

# How, subject, and who may; what is not named may not.
rights() {
    rights_to_publish
    rights_to_subscribe
}

rights_to_publish() {
    cat <<'TABLE'
pub cavea.v1.in.event.x edge actors operator
pub cavea.v1.in.payment.x edge actors operator
pub cavea.v1.in.ticket.x actors operator
pub cavea.v1.in.expiry.x actors operator
pub cavea.v1.direct.event.x edge actors operator
pub cavea.v1.direct.payment.x edge actors operator
pub cavea.v1.direct.ticket.x actors operator
pub cavea.v1.wake.event edge actors operator
pub cavea.v1.wake.payment edge actors operator
pub cavea.v1.wake.ticket actors operator
pub cavea.v1.host.x actors operator
pub cavea.v1.fact.event.x actors
pub cavea.v1.live.event.x actors
pub cavea.v1.reply.x.1 actors
pub cavea.v1.ack.x.1.1
pub cavea.v1.ack.x.0.1 actors
pub cavea.v1.deliver.x.1
pub cavea.v1.other
pub anything
pub $SRV.PING operator observer
pub $SRV.PING.cavea-actors operator
pub $JS.API.INFO actors operator observer
pub $JS.API.STREAM.LIST operator observer
pub $JS.API.STREAM.INFO.CAVEA_IN actors operator observer
pub $JS.API.STREAM.CREATE.CAVEA_IN actors
pub $JS.API.STREAM.CREATE.OTHER
pub $JS.API.STREAM.UPDATE.CAVEA_IN
pub $JS.API.STREAM.DELETE.CAVEA_IN actors
pub $JS.API.STREAM.DELETE.CAVEA_FACT
pub $JS.API.STREAM.PURGE.CAVEA_IN
pub $JS.API.STREAM.MSG.GET.CAVEA_IN
pub $JS.API.STREAM.MSG.DELETE.CAVEA_FACT
pub $JS.API.STREAM.SNAPSHOT.CAVEA_FACT
pub $JS.API.CONSUMER.CREATE.CAVEA_IN.x.cavea.v1.in.event.x actors
pub $JS.API.CONSUMER.CREATE.CAVEA_FACT.x.cavea.v1.fact.event.x
pub $JS.API.CONSUMER.DELETE.CAVEA_IN.x actors
pub $JS.API.CONSUMER.DELETE.CAVEA_FACT.x
pub $SYS.REQ.SERVER.PING
TABLE
}

rights_to_subscribe() {
    cat <<'TABLE'
sub cavea.v1.in.event.x
sub cavea.v1.direct.event.x actors
sub cavea.v1.deliver.x.1 actors
sub cavea.v1.wake.event actors
sub cavea.v1.host.x actors
sub cavea.v1.ack.x.*.* actors
sub cavea.v1.fact.event.x operator observer
sub cavea.v1.live.event.x edge live operator observer
sub cavea.v1.reply.x.* edge
sub cavea.v1.reply.* operator
sub _INBOX.actors.x actors
sub _INBOX.operator.x operator
sub _INBOX.observer.x observer
sub _INBOX.>
sub $SRV.PING actors
sub $JS.ACK.>
sub $SYS.>
sub >
TABLE
}

services_keep_to_the_table() {
    local name how subject who asked=()
    while read -r how subject who; do asked+=("$how" "$subject"); done < <(rights)
    for name in edge live actors operator observer; do
        while read -r how subject who; do
            if [[ " $who " == *" $name "* ]]; then who=allowed; else who=refused; fi
            printf '%s %s %s\n' "$how" "$subject" "$who"
        done < <(rights) >"$work/wanted"
        try "nats://$net.2:4222" "$work/files/secrets/nats-$name.seed" "${asked[@]}" |
            sed 1d >"$work/found"
        diff "$work/wanted" "$work/found" >&2 || stop_test "what $name may do"
    done
    echo "figure: $((${#asked[@]} / 2)) subjects tried as each of 5 services"
}

# A pattern that the server lets through delivers only what its listener may hear.
answers_are_their_own() {
    local actors=$work/files/secrets/nats-actors.seed
    hears() {
        "$build/nats_permissions" "nats://$net.2:4222" "$work/files/secrets/nats-$1.seed" \
            hear "$2" "$actors" "$3"
    }
    [[ $(hears operator 'cavea.v1.reply.>' cavea.v1.reply.x) == heard ]] ||
        stop_test "the operator hears its own answers"
    [[ $(hears operator 'cavea.v1.reply.>' cavea.v1.reply.x.1) == silence ]] ||
        stop_test "the operator hears no edge's answers"
    [[ $(hears edge 'cavea.v1.reply.x.>' cavea.v1.reply.x.1) == heard ]] ||
        stop_test "an edge hears its answers"
}

cluster_start
strangers_are_refused
routes_ask_for_a_password
services_keep_to_the_table
answers_are_their_own
