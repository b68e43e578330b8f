#!/usr/bin/env bash
# The systemd units: systemd, where it is installed, finds nothing wrong with them, each is confined
# (exposure of at most 2 of 10 by systemd's own count), restarts by itself, and names files that
# `ops/zones config` writes. The configuration that it writes for three hosts is read by the
# programs themselves.
# time: 90
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"

work=$(mktemp -d -t cavea-test.XXXXXX)
trap 'rm -rf "$work"' EXIT

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

# Our own programs are not installed where the units look for them.
unit_copy() {
    sed 's|^ExecStart=/usr/bin/cavea-.*|ExecStart=/bin/true|' "$1" >"$work/$(basename "$1")"
}

systemd_check() {
    local unit=$1 found
    found=$(systemd-analyze verify "$work/$(basename "$unit")" 2>&1) || stop_test "$unit: $found"
    [[ ! $found ]] || stop_test "$unit: $found"
    systemd-analyze security --offline=true --threshold=20 --no-pager "$unit" \
        >"$work/security" 2>&1 || stop_test "$unit is confined: $(tail -n 1 "$work/security")"
}

unit_check() {
    local unit=$1 file
    [[ ! $systemd ]] || systemd_check "$unit"
    grep -q '^Restart=always$' "$unit" || stop_test "$unit restarts"
    while read -r file; do
        [[ -s $work/files/conf/a/${file##*/} ]] || stop_test "$unit names $file, which is written"
    done < <(grep -o '/etc/cavea/[a-z.-]*' "$unit" | sort -u)
}

configs_are_read() {
    local zone
    for zone in a b c; do
        sed "s|/etc/cavea/haproxy|$work/files/secrets/haproxy|; s|/run/haproxy|$work|" \
            "$work/files/conf/$zone/haproxy.cfg" >"$work/haproxy.cfg"
        "$(PATH=$PATH:/usr/sbin command -v haproxy)" -c -q -f "$work/haproxy.cfg" ||
            stop_test "haproxy reads its file of zone $zone"
        sed "s|/var/lib/nats|$work/nats|" "$work/files/conf/$zone/nats-server.conf" \
            >"$work/nats-server.conf"
        "$(PATH=$PATH:/usr/sbin command -v nats-server)" -t -c "$work/nats-server.conf" \
            >"$work/nats" 2>&1 || stop_test "nats-server reads its file: $(<"$work/nats")"
        ! grep -rq '@[A-Z_]*@' "$work/files/conf/$zone" || stop_test "no word left"
    done
}

secrets_are_private() {
    local open
    open=$(find "$work/files" -type f -perm /077 ! -name '*.public')
    [[ ! $open ]] || stop_test "only the owner reads $open"
}

"$cavea_root/ops/zones" config --out "$work/files" --addresses 192.0.2.1,192.0.2.2,192.0.2.3 \
    --operator 198.51.100.7/32 2>"$work/log" || stop_test "$(<"$work/log")"
systemd=$(command -v systemd-analyze) ||
    echo "figure: left out: what systemd says of the units, because systemd-analyze is not here"
for unit in "$cavea_root"/ops/systemd/*.service; do unit_copy "$unit"; done
for unit in "$cavea_root"/ops/systemd/*.service; do unit_check "$unit"; done
configs_are_read
secrets_are_private
echo "figure: $(find "$cavea_root/ops/systemd" -name '*.service' | wc -l) units checked"
