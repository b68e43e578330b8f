#!/usr/bin/env bash
# Keeps one node of ops/zones running, as systemd does with Restart=always: starts it, waits for its
# end, starts it again a second later, unless RUN/NAME.hold exists. Arguments: RUN LOG NAME SPACE
# USER GROUP COMMAND...; settings come from RUN/NAME.env, words to put before the command from
# RUN/NAME.with.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=ops/lib/common.sh
. "$here/common.sh"
# shellcheck source=ops/lib/process.sh
. "$here/process.sh"

run=$1 log=$2 name=$3 space=$4 user=$5 group=$6
shift 6
child=

trap 'exit 0' TERM INT

# A child of ours under the node's user, in its namespace; the process that is noted becomes the
# program itself.
launch() {
    local with=()
    [[ ! -s $run/$name.with ]] || read -ra with <"$run/$name.with"
    (
        cd / || exit 1
        set -a
        # shellcheck disable=SC1090 # written by ops/zones
        [[ ! -s $run/$name.env ]] || . "$run/$name.env"
        set +a
        exec setsid ip netns exec "$space" setpriv --reuid="$user" --regid="$group" \
            --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "${with[@]}" "$@"
    ) </dev/null >>"$log" 2>&1 &
    child=$!
    process_note "$run" "$name" "$child" || true # it may have ended already
}

while true; do
    wait_until 1000000 test ! -e "$run/$name.hold"
    launch "$@"
    status=0
    wait "$child" || status=$?
    printf 'keeper: %s ended with %s\n' "$name" "$status" >>"$log"
    rm -f "$run/$name.ready"
    sleep 1
done
