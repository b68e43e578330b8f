# Words and waiting, shared by every script here. Source it; it starts nothing.
# shellcheck shell=bash
# shellcheck disable=SC2034 # cavea_root is for those who source this file

cavea_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Progress goes to standard error, so that standard output holds only results.
say() {
    printf '%s\n' "$*" >&2
}

fail() {
    printf 'cavea: %s\n' "$*" >&2
    exit 1
}

# milliseconds of a clock that nobody sets back
now_ms() {
    local up
    read -r up _ </proc/uptime
    printf '%s\n' "$((10#${up/./}0))"
}

# wait_until SECONDS COMMAND...: runs COMMAND until it succeeds; 1 when the time is over.
wait_until() {
    local deadline=$(($(now_ms) + $1 * 1000))
    shift
    until "$@"; do
        (($(now_ms) < deadline)) || return 1
        sleep 0.05
    done
}

# A file that only its owner may read, written whole or not at all.
write_private() {
    local file=$1
    (umask 077 && cat >"$file.new") && mv "$file.new" "$file"
}

random_hex() {
    od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'
}
