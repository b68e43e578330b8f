#!/usr/bin/env bash
# The zones' proxies as `ops/zones config` writes them, and the one that stands for a balancer
# before them, with edges that hang: a request is tried twice in all, one that may not be repeated
# once; parts of the pages are found where they are; the balancer tells the buyer's address and
# nobody else can; each buyer has a limit of its own; a stream of changes comes from cavea-live at
# once, and may be silent for long.
# time: 60
set -euo pipefail
# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/process.sh
. "$cavea_root/ops/lib/process.sh"
# shellcheck source=ops/lib/zones_conf.sh
. "$cavea_root/ops/lib/zones_conf.sh"

work=$(mktemp -d -t cavea-test.XXXXXX)
trap 'ended $?' EXIT

ended() {
    local name
    for name in edges proxy-{a,b,c} front; do process_stop "$work/run" "$name" KILL 5; done
    (($1 == 0)) || tail -n 5 "$work"/*.log || true
    rm -rf "$work"
}

stop_test() {
    printf 'not so: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=tests/cluster.sh
. "$cavea_root/tests/cluster.sh"

haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy)

# proxy_start NAME: times are a twentieth, and the limit a tenth, of what stands in the file on
# standard input
proxy_start() {
    sed -e "s|/etc/cavea/haproxy|$work/files/secrets/haproxy|" \
        -e "s|/run/haproxy/stats|$work/$1.stats|" \
        -e 's|timeout server 8s|timeout server 400ms|' \
        -e 's|timeout server 22s|timeout server 1100ms|' \
        -e 's|gt 400 }|gt 40 }|' >"$work/$1.cfg"
    process_start "$work/run" "$work/$1.log" "$1" "$haproxy" -db -q -f "$work/$1.cfg"
}

# Their own connections come from 127.0.0.1, as all do that ask for no other address.
proxies_start() {
    local zone
    mkdir -p "$work/run"
    : >"$work/asked"
    hosts_files "$work/files" --addresses "$net.1,$net.2,$net.3" --balancer 127.0.0.1
    process_start "$work/run" "$work/edges.log" edges node \
        "$cavea_root/tests/integration/proxy_edges.mjs" "$work/asked" "$net".{1,2,3}
    for zone in a b c; do proxy_start "proxy-$zone" <"$work/files/conf/$zone/haproxy.cfg"; done
    zones=(a b c)
    word=([ADDRESS]=$net.9 [STATS_SOCKET]=/run/haproxy/stats
        [PROXIES]=$(conf_list $'  server proxy-%z %s:8080\n' '' a))
    { conf_fill haproxy/common.cfg && conf_fill haproxy/front.cfg; } | proxy_start front
    wait_until 30 all_serve || stop_test "the proxies serve"
}

all_serve() {
    local at
    for at in 1 2 3; do zone_says "$at" -f -o /dev/null || return 1; done
    says -f -o /dev/null
} 2>/dev/null

# says OPTION...: what the front answers to a buyer at .77
says() {
    curl -sS -m 10 --interface "$net.77" "$@" "http://$net.9:8080${path:-/who}"
}

# zone_says ZONE_NUMBER OPTION...: without the front
zone_says() {
    local number=$1
    shift
    curl -sS -m 10 --interface "$net.77" "$@" "http://$net.$number:8080/who"
}

# tried PATH OPTION...: how often edges were asked for it, and what the buyer got
tried() {
    local path=$1 code
    shift
    code=$(says -o /dev/null -w '%{http_code}' -X POST "$@")
    printf '%s %s\n' "$(grep -c "POST $path\$" "$work/asked")" "$code"
}

repeats_are_few() {
    [[ $(tried /hang/key -H 'Idempotency-Key: one') == "2 504" ]] ||
        stop_test "two tries of a request with a key: $(<"$work/asked")"
    [[ $(tried /hang/none) == "1 504" ]] || stop_test "one try of a request without a key"
}

buyers_are_known() {
    [[ $(says) == "$net.77" ]] || stop_test "the front tells who the buyer is: $(says)"
    [[ $(says -H 'X-Forwarded-For: 192.0.2.9') == "$net.77" ]] ||
        stop_test "a buyer cannot name another address"
    [[ $(zone_says 1) == "$net.77" ]] || stop_test "a zone's proxy asked directly knows, too"
    [[ $(zone_says 1 --haproxy-protocol -w '%{http_code}' -o /dev/null) != 200 ]] ||
        stop_test "nobody but the balancer tells addresses"
}

# Everybody's requests go over three proxies, each of which lets 40 in ten seconds through here.
limits_are_each_buyers() {
    local path='/who?[1-300]' codes
    codes=$(says -o /dev/null -w '%{http_code}\n' | sort | uniq -c | tr -s ' \n' ' ')
    [[ $codes == *" 429"* ]] || stop_test "too many requests of one buyer are refused: $codes"
    path=/who
    [[ $(curl -sS -m 10 --interface "$net.78" "http://$net.9:8080/who") == "$net.78" ]] ||
        stop_test "another buyer is served"
}

# Longer than an edge may be, and than a balancer waits for one.
streams_last() {
    local path=/v1/events/0/live code=0
    says -N -m 1.5 -o "$work/stream" 2>"$work/told" || code=$?
    ((code == 28)) || stop_test "a silent stream goes on: $code, $(<"$work/told")"
    [[ $(<"$work/stream") == "data: $net.77" ]] || stop_test "and began at once: $(<"$work/stream")"
}

# As while builds take turns: one edge of three has the part, and whoever asks gets it.
parts_are_found() {
    local codes missing
    # A proxy that began before the edges takes a moment to see that they are there.
    wait_until 10 each_zone_finds_it || stop_test "a zone's proxy finds a part that one edge has"
    codes=$(curl -sS -m 10 -Z --interface "$net.76" -o /dev/null -w '%{http_code}\n' \
        "http://$net.9:8080/assets/one?[1-12]" 2>/dev/null | sort | uniq -c | tr -s ' \n' ' ')
    [[ $codes == " 12 200 " ]] || stop_test "a part that one edge has: $codes"
    missing=$(path=/assets/none says -o /dev/null -w '%{http_code}')
    [[ $missing == 404 ]] || stop_test "a part that nobody has: $missing"
}

each_zone_finds_it() {
    local at
    for at in 1 2 3; do
        curl -sSf -m 10 --interface "$net.75" -o /dev/null "http://$net.$at:8080/assets/one?0" ||
            return 1
    done
} 2>/dev/null

proxies_start
parts_are_found
streams_last
repeats_are_few
buyers_are_known
limits_are_each_buyers
