# Free ports on the loopback address.
# shellcheck shell=bash

# port_free PORT: nobody listens there, on any address
port_free() {
    local hex
    printf -v hex '%04X' "$1"
    ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 3) == port { found = 1 }
                            END { exit !found }'
}

# port_claim PORT: free, and no other start on this machine has its eye on it. The claim ends with
# this process.
port_claim() {
    local claims=/tmp/cavea-ports.$EUID claim
    port_free "$1" || return 1
    (umask 077 && mkdir -p "$claims")
    exec {claim}>"$claims/$1"
    flock -n "$claim" || { exec {claim}>&- && return 1; }
}

# port_pick RESULT [PREFERRED]: below the range that the kernel hands out by itself
port_pick() {
    local -n port_result=$1
    local port=${2:-} tries
    for ((tries = 0; tries < 200; tries++)); do
        if [[ $port ]] && port_claim "$port"; then
            # shellcheck disable=SC2034 # a variable of the caller
            port_result=$port
            return
        fi
        port=$((20000 + RANDOM % 12000))
    done
    fail "found no free port between 20000 and 32000"
}
