#!/usr/bin/env bash
# The systemd units: systemd, where it is installed, finds nothing wrong with them, each is confined
# (exposure of at most 2 of 10 by systemd's own count), restarts by itself, and names files that
# `ops/zones config` writes. What it writes for three hosts is read by haproxy and nats-server, and
# by Patroni and etcd where they are installed; it invents no secret of the payment provider; and
# each file belongs, by cavea.tmpfiles, to the user of the unit that reads it and to nobody else.
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

# shellcheck source=ops/lib/postgres.sh
. "$cavea_root/ops/lib/postgres.sh"
# shellcheck source=tests/cluster.sh
. "$cavea_root/tests/cluster.sh"

# Our own programs are not installed where the units look for them, and not every machine has all of
# the others.
unit_copy() {
    local line program to
    to=$work/$(basename "$1")
    while IFS= read -r line; do
        if [[ $line =~ ^(Exec[A-Za-z]*=\+?)(/[^\ ]*) ]]; then
            program=${BASH_REMATCH[2]}
            [[ -x $program ]] || line=${BASH_REMATCH[1]}/bin/true
        fi
        printf '%s\n' "$line"
    done <"$1" >"$to"
}

units_copy() {
    local unit
    cp -r "$cavea_root/ops/systemd/cavea-.service.d" "$work"
    for unit in "$cavea_root"/ops/systemd/*.service; do unit_copy "$unit"; done
}

systemd_check() {
    local unit=$1 found
    found=$(systemd-analyze verify "$work/$(basename "$unit")" 2>&1) || stop_test "$unit: $found"
    [[ ! $found ]] || stop_test "$unit: $found"
    systemd-analyze security --offline=true --threshold=20 --no-pager \
        "$work/$(basename "$unit")" \
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
        "$(PATH=$PATH:/usr/sbin command -v haproxy)" -c -q -dW -f "$work/haproxy.cfg" ||
            stop_test "haproxy reads its file of zone $zone, without a warning"
        sed "s|/var/lib/nats|$work/nats|" "$work/files/conf/$zone/nats-server.conf" \
            >"$work/nats-server.conf"
        "$(PATH=$PATH:/usr/sbin command -v nats-server)" -t -c "$work/nats-server.conf" \
            >"$work/nats" 2>&1 || stop_test "nats-server reads its file: $(<"$work/nats")"
        ! grep -rq '@[A-Z_]*@' "$work/files/conf/$zone" || stop_test "no word left"
    done
}

# What systemd-tmpfiles makes of the files, in a folder that stands for a host's /, with users whose
# numbers we know.
owners_install() {
    local name number=64100 passwd=$work/host/etc/passwd
    mkdir -p "$work/host/etc/cavea"
    cp -r "$work/files/conf/a/." "$work/files/secrets"/{actors,edge,live,postgres,haproxy,tickets} \
        "$work/host/etc/cavea"
    printf 'root:x:0:0::/:/bin/sh\n' >"$passwd"
    printf 'root:x:0:\n' >"$work/host/etc/group"
    for name in nats etcd postgres haproxy cavea-actors cavea-edge cavea-live; do
        number=$((number + 1))
        printf '%s:x:%s:%s::/:/bin/false\n' "$name" "$number" "$number" >>"$passwd"
        printf '%s:x:%s:\n' "$name" "$number" >>"$work/host/etc/group"
    done
    systemd-tmpfiles --create --root="$work/host" "$cavea_root/ops/systemd/cavea.tmpfiles" 2>&1 ||
        stop_test "systemd-tmpfiles sets owners"
}

# owner_is USER FILE: alone, unless there is nothing secret in it
owner_is() {
    local found wanted
    found=$(stat -c '%u %a' "$work/host$2")
    wanted=$(awk -F : -v name="$1" '$1 == name { print $3 }' "$work/host/etc/passwd")
    case $2 in
    *.pub | */active | /etc/cavea/ca.crt) [[ ${found#* } == 644 ]] ;;
    *) [[ $found == "$wanted 600" ]] ;;
    esac || stop_test "$2 is $1's: $found, not $wanted"
}

# The user of the unit that reads a file of a host's /etc/cavea.
reader_of() {
    local unit=$1
    case $unit in
    *.env | guard.nft) echo root ;; # systemd itself, and nft before the server
    actors/* | tickets/*) sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-actors.service" ;;
    edge/*) sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-edge.service" ;;
    live/*) sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-live.service" ;;
    postgres/* | postgresql.conf | patroni.yml)
        sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-patroni.service"
        ;;
    haproxy/* | haproxy.cfg) sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-haproxy.service" ;;
    nats-server.conf) sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-nats.service" ;;
    etcd.* | ca.crt) sed -n 's/^User=//p' "$cavea_root/ops/systemd/cavea-etcd.service" ;;
    *) stop_test "somebody reads $unit" ;;
    esac
}

owners_are_readers() {
    local file user
    if ((EUID)) || ! command -v systemd-tmpfiles >/dev/null; then
        echo "figure: left out: owners on hosts, because that takes root and systemd-tmpfiles"
        return
    fi
    owners_install
    while read -r file; do
        user=$(reader_of "$file")
        owner_is "$user" "/etc/cavea/$file"
    done < <(cd "$work/host/etc/cavea" && find . -type f -printf '%P\n')
}

# Patroni's own check also wants a folder of sockets, rules for the first start, which stand
# elsewhere here, and everything to be up already.
patroni_reads() {
    local zone found
    command -v patroni >/dev/null || { echo "figure: left out: Patroni is not here" && return; }
    # Its check of a file does not say that the library for etcd is missing.
    /usr/bin/python3 -c 'import patroni.dcs.etcd3' || stop_test "Patroni can speak to etcd"
    for zone in a b c; do
        # It tries to reach the others: addresses that answer at once, with no.
        sed "s|192\.0\.2\.|$net.|g" "$work/files/conf/$zone/patroni.yml" >"$work/patroni.yml"
        found=$(patroni --validate-config "$work/patroni.yml" 2>&1 |
            grep -v -e 'unix_socket_directories' -e '^bootstrap.pg_hba *is not defined' \
                -e 'is not reachable' -e "didn't pass" -e '^$' || true)
        [[ ! $found ]] || stop_test "Patroni reads its file of zone $zone: $found"
    done
}

secrets_are_demanded() {
    local found
    ! found=$("$cavea_root/ops/zones" config --out "$work/none" --bin /usr/bin \
        --addresses 192.0.2.1,192.0.2.2,192.0.2.3 2>&1) ||
        stop_test "no files without the provider's secrets"
    [[ $found == *provider.key* ]] || stop_test "says which secret is missing: $found"
    [[ ! -e $work/none/conf ]] || stop_test "nothing is written then"
}

secrets_are_private() {
    local open
    open=$(find "$work/files" -type f -perm /077 ! -name '*.public' \
        ! -name '*.crt' ! -name '*.pub' ! -name active ! -name addresses)
    [[ ! $open ]] || stop_test "only the owner reads $open"
}

secrets_are_demanded
hosts_files "$work/files" --addresses 192.0.2.1,192.0.2.2,192.0.2.3 --operator 198.51.100.7/32 \
    --balancer 198.51.100.0/24 --bin "$(postgres_bin "$work")"
systemd=$(command -v systemd-analyze) ||
    echo "figure: left out: what systemd says of the units, because systemd-analyze is not here"
units_copy
for unit in "$cavea_root"/ops/systemd/*.service; do unit_check "$unit"; done
configs_are_read
patroni_reads
secrets_are_private
owners_are_readers
echo "figure: $(find "$cavea_root/ops/systemd" -name '*.service' | wc -l) units checked"
