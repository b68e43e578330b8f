#!/usr/bin/env bash
# Runs a nats-server and ends it when it is frozen, so that whoever keeps it running starts it anew.
# Arguments: HOST:PORT of its page, then the server's command, which this process becomes; a child
# of it watches. Needs no rights beyond the server's own.
#
# nats-server 2.9.10 (Debian 12) that cannot write a message may wait for a lock that it holds
# itself, with that stream's lock in its hands: who publishes to the stream hears nothing any more,
# on that connection or another, and the server does not stop in order. It still greets, and
# /healthz says that all is well. /jsz needs every stream's lock, so it tells.
#
# Frozen is who was asked three times, one after the other, took the connection and said nothing for
# two seconds each. A server that has just started may read its streams from the disk, which takes
# minutes when they are large: it gets five, until it has claimed to be healthy, which it does not
# while it reads. One that refuses the connection is not there yet, or stops in order.
set -euo pipefail

(($# > 1)) || { printf 'watch.sh HOST:PORT COMMAND...\n' >&2 && exit 2; }
page=$1
shift

# page_answers PATH: sets line to the first one; 1: it is silent; 2: nobody is there
page_answers() {
    local status=0
    line=
    exec {socket}<>"/dev/tcp/${page%:*}/${page##*:}" || return 2
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&"$socket" || true
    read -rt 2 -u "$socket" line || status=$?
    exec {socket}>&-
    ((status <= 128)) || return 1
    [[ $line ]] || return 2
} 2>/dev/null

claims_health() {
    page_answers /healthz && [[ $line == *' 200 '* ]]
}

# Whether we still are the server's child.
server_lives() {
    local parent
    read -r _ _ _ parent _ <"/proc/$BASHPID/stat"
    [[ $parent == "$$" ]]
}

# It says where it stands before it ends, if it still can.
server_end() {
    printf 'watch: the server has said nothing at %s for %s s and is killed\n' "$page" $(($1 * 2))
    kill -s QUIT "$$"
    sleep 1
    ! server_lives || kill -s KILL "$$"
}

watch() {
    local silent=0 silent_max=150 status
    trap '' PIPE
    while server_lives; do
        status=0
        page_answers /jsz || status=$?
        case $status in
        0) silent=0 && sleep 1 ;; # also before it has begun to read its streams
        1) silent=$((silent + 1)) ;;
        *) silent=0 && sleep 1 ;;
        esac
        ((silent_max == 3)) || ! claims_health || silent_max=3
        ((silent < silent_max)) || { server_end "$silent" && return; }
    done
}

watch &
exec "$@"
