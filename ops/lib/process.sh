# Starts programs of a stack, remembers them in RUN/<name>.pid as "pid start boot", and ends only
# those: a pid alone may belong to somebody else by now, a pid with its start time may not.
# shellcheck shell=bash

# process_start_of PID: clock ticks since boot when it started; fails when there is none, or only
# the remains of one
process_start_of() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    read -ra fields <<<"${stat##*) }"
    [[ ${fields[0]} != [ZX] ]] || return 1
    printf '%s\n' "${fields[19]}"
}

process_note() {
    local run=$1 name=$2 pid=$3 start boot
    start=$(process_start_of "$pid") || return 1
    boot=$(</proc/sys/kernel/random/boot_id)
    printf '%s %s %s\n' "$pid" "$start" "$boot" >"$run/$name.pid"
}

# process_pid RUN NAME: prints the pid when the very process we started still runs
process_pid() {
    local pid start boot
    read -r pid start boot 2>/dev/null <"$1/$2.pid" || return 1
    [[ $boot == "$(</proc/sys/kernel/random/boot_id)" ]] || return 1
    [[ $(process_start_of "$pid") == "$start" ]] || return 1
    printf '%s\n' "$pid"
}

process_gone() {
    ! process_pid "$1" "$2" >/dev/null
}

# process_start RUN LOG NAME COMMAND...: in a session of its own, so that Ctrl-C reaches only us
# and we can stop in order; whether it lives is for process_gone to say. Closes every other
# descriptor: no child may keep our locks.
process_start() {
    local run=$1 log=$2 name=$3
    shift 3
    (
        cd /
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd > 2)) && eval "exec $fd>&-"
        done 2>/dev/null
        exec setsid "$@" </dev/null >>"$log" 2>&1
    ) &
    disown # or the shell would comment on its end
    process_note "$run" "$name" "$!" || rm -f "$run/$name.pid"
}

# process_stop RUN NAME SIGNAL SECONDS: asks, waits, and says so when it had to use force
process_stop() {
    local run=$1 name=$2 signal=$3 seconds=$4 pid
    if pid=$(process_pid "$run" "$name"); then
        kill -s CONT "$pid" 2>/dev/null || true
        kill -s "$signal" "$pid" 2>/dev/null || true
        if ! wait_until "$seconds" process_gone "$run" "$name"; then
            say "cavea: $name did not stop within $seconds s and was killed"
            kill -s KILL "$pid" 2>/dev/null || true
            wait_until 5 process_gone "$run" "$name" || true
        fi
    fi
    rm -f "$run/$name.pid"
}
