#!/usr/bin/env bash
# What is installed for a test does not begin to run on the machine: servers that Debian would start
# are masked before, those that somebody already has are left alone.
# quick
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/packages.sh
. "$cavea_root/ops/lib/packages.sh"

work=$(mktemp -d -t cavea-test.XXXXXX)
trap 'rm -rf "$work"' EXIT

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

# Instead of apt: notes how the machine looks at that moment.
# shellcheck disable=SC2317 # called by packages_install
apt_as_root() {
    [[ $1 != install ]] || ls -l "$work/units" >"$work/seen"
}
# shellcheck disable=SC2317 # likewise
as_root() { "$@"; }
# shellcheck disable=SC2317 # likewise
package_choose() { printf '%s\n' "${1%%|*}"; }

export CAVEA_SYSTEMD_UNITS=$work/units
mkdir "$work/units"
printf '[Service]\n' >"$work/units/haproxy.service"
packages_install "$work/log" etcd-server nats-server haproxy 'jq|jq-other' 2>"$work/told"
grep -q 'etcd.service -> /dev/null' "$work/seen" || stop_test "etcd is masked before it comes"
grep -q 'nats-server.service -> /dev/null' "$work/seen" || stop_test "so is the broker"
grep -q 'etcd.service is masked' "$work/told" || stop_test "and that is said"
[[ $(<"$work/units/haproxy.service") == '[Service]' ]] || stop_test "a unit of somebody's stays"
[[ $(find "$work/units" | wc -l) == 4 ]] || stop_test "nothing else is masked"
