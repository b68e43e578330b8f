# Installs what ops/packages.txt names and this machine lacks, and nothing else.
# shellcheck shell=bash

# package_present NAME: installed, or provided by something that is installed
package_present() {
    awk -v name="$1" '
        $0 == name { found = 1 }
        END { exit !found }' <<<"$packages_installed"
}

packages_read_installed() {
    # A provided name may carry a version: "npm (= 1.2)".
    packages_installed=$(dpkg-query -W -f '${db:Status-Status}\t${Package}\t${Provides}\n' |
        awk -F '\t' '$1 == "installed" {
            print $2
            gsub(/ *\([^)]*\)/, "", $3)
            count = split($3, names, /, */)
            for (i = 1; i <= count; i++) print names[i]
        }')
}

# package_choose 'a|b': prints the first alternative that apt knows
package_choose() {
    local name
    for name in ${1//|/ }; do
        if apt-cache show "$name" >/dev/null 2>&1; then
            printf '%s\n' "$name"
            return
        fi
    done
    return 1
}

# packages_missing KIND...: lines "alternatives<TAB>why" of what is needed and absent. KIND is run,
# tests, bench, config or zones.
packages_missing() {
    local names why kind name present
    while read -r names why; do
        kind=run
        [[ $why == tests:* ]] && kind=tests
        [[ $why == bench:* ]] && kind=bench
        [[ $why == config:* ]] && kind=config
        [[ $why == zones:* ]] && kind=zones
        [[ " $* " == *" $kind "* ]] || continue
        present=
        for name in ${names//|/ }; do
            package_present "$name" && present=1
        done
        [[ $present ]] || printf '%s\t%s\n' "$names" "$why"
    done <"$cavea_root/ops/packages.txt"
}

as_root() {
    if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

apt_as_root() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 "$@"
}

# services_mask PACKAGE...: Debian starts a server when it installs it, and at every boot. We start
# our own copies of these, so what was not on this machine before does not begin to run on it.
services_mask() {
    local name units=${CAVEA_SYSTEMD_UNITS:-/etc/systemd/system}
    local -A services=([etcd-server]=etcd [patroni]=patroni [haproxy]=haproxy
        [nats-server]=nats-server [prometheus]=prometheus [redis-server]=redis-server)
    for name in "$@"; do
        name=${services[$name]-}
        [[ $name && ! -e $units/$name.service ]] || continue
        as_root mkdir -p "$units"
        as_root ln -s /dev/null "$units/$name.service"
        say "install: $name.service is masked: systemctl unmask $name would let it run"
    done
}

packages_may_install() {
    command -v apt-get >/dev/null || fail "needs Debian 12 or 13: there is no apt-get here," \
        "install by hand what ops/packages.txt names"
    ((EUID == 0)) || command -v sudo >/dev/null ||
        fail "packages are missing ($1): run this as root, or install sudo"
}

# packages_install LOG 'a|b'...: apt's output goes to LOG and is shown only when it fails
packages_install() {
    local log=$1 names=() item chosen
    shift
    for item in "$@"; do
        package_choose "$item" >/dev/null && continue
        say "install: updating the package list"
        apt_as_root update >>"$log" 2>&1 || true
        break
    done
    for item in "$@"; do
        chosen=$(package_choose "$item") || fail "apt knows no package ${item//|/ or }:" \
            "is this Debian 12 or 13 with its main archive?"
        names+=("$chosen")
    done
    services_mask "${names[@]}"
    apt_as_root install -y --no-install-recommends "${names[@]}" >>"$log" 2>&1 && return
    apt_as_root update >>"$log" 2>&1 || true
    apt_as_root install -y --no-install-recommends "${names[@]}" >>"$log" 2>&1 && return
    tail -n 15 "$log" >&2
    fail "apt could not install ${names[*]}; its output is in $log"
}

# packages_ensure KIND...
packages_ensure() {
    local packages_installed missing names why wanted=()
    packages_read_installed
    missing=$(packages_missing "$@")
    [[ $missing ]] || return 0
    while IFS=$'\t' read -r names why; do
        say "install: ${names//|/ or } - ${why#*: }"
        wanted+=("$names")
    done <<<"$missing"
    packages_may_install "${wanted[*]}"
    packages_install "$(mktemp -t cavea-apt.XXXXXX)" "${wanted[@]}"
}
