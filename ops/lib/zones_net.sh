# Three zones, an outside and the network between them, as network namespaces of this machine:
#   cavea<net>-a -b -c     10.<net>.1.10, .2.10 and .3.10, a zone each
#   cavea<net>-outside     10.<net>.9.10, the world: the payment provider and a proxy over the zones
#   cavea<net>-net         the router between them, where zones are cut
# and this machine itself as 10.<net>.0.2 (the operator's desk, which may reach everything).
# Uses the globals net, zones. Needs root.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

net_place() {
    local -A numbers=([root]=0 [a]=1 [b]=2 [c]=3 [outside]=9)
    printf '10.%s.%s' "$net" "${numbers[$1]}"
}

space_of() {
    printf 'cavea%s-%s' "$net" "$1"
}

in_space() {
    local space
    space=$(space_of "$1")
    shift
    ip netns exec "$space" "$@"
}

space_exists() {
    [[ -e /run/netns/$(space_of "$1") ]]
}

net_make_space() {
    local place=$1 base space router
    base=$(net_place "$place") space=$(space_of "$place") router=$(space_of net)
    ip netns add "$space"
    ip link add name "$place" netns "$router" type veth peer name eth0 netns "$space"
    ip -n "$router" -batch - <<BATCH
address add $base.1/24 dev $place
link set dev $place up
BATCH
    ip -n "$space" -batch - <<BATCH
address add $base.10/24 dev eth0
link set lo up
link set eth0 up
route add default via $base.1
BATCH
    nft_in "$place" <<NFT
table inet cavea {
    # Programs of this zone whose packets are dropped, by the user they run as: all of them, or
    # those of connections to one port.
    set cut { type uid; }
    set cut_from { type uid . inet_service; }
    chain output {
        type filter hook output priority 0;
        meta skuid @cut drop
        meta skuid . tcp dport @cut_from drop
    }
}
NFT
}

nft_in() {
    in_space "$1" nft -f -
}

# The router forwards between zones; the outside reaches the proxies' ports, and the provider is
# reached from the zones.
net_make_router() {
    local base
    ip netns add "$(space_of net)"
    ip -n "$(space_of net)" link set lo up
    in_space net sysctl -qw net.ipv4.ip_forward=1
    base=$(net_place root)
    ip link add name "cavea$net" type veth peer name root netns "$(space_of net)"
    ip -n "$(space_of net)" -batch - <<BATCH
address add $base.1/24 dev root
link set dev root up
BATCH
    ip -batch - <<BATCH
address add $base.2/24 dev cavea$net
link set cavea$net up
route add 10.$net.0.0/16 via $base.1
BATCH
    nft_in net <<'NFT'
table inet cavea {
    set cut { type ifname . ifname; }
    chain forward {
        type filter hook forward priority 0; policy drop;
        iifname . oifname @cut drop
        iifname "root" accept
        oifname "root" accept
        iifname { "a", "b", "c" } oifname { "a", "b", "c" } accept
        iifname "outside" tcp dport { 8080, 8443 } accept
        iifname "outside" tcp sport { 12111, 12112 } accept
        oifname "outside" tcp sport { 8080, 8443 } accept
        oifname "outside" tcp dport { 12111, 12112 } accept
        meta l4proto icmp accept
    }
}
NFT
}

net_up() {
    local place
    net_make_router
    for place in "${zones[@]}" outside; do net_make_space "$place"; done
}

# Ends what runs in our namespaces, then the namespaces; their links go with them.
net_down() {
    local place
    for place in "${zones[@]}" outside net; do
        space_exists "$place" || continue
        wait_until 10 net_end_all "$place" || say "zones: something in zone $place does not end"
        ip netns delete "$(space_of "$place")" || true
    done
    ip link delete "cavea$net" 2>/dev/null || true
}

net_end_all() {
    local pids
    mapfile -t pids < <(ip netns pids "$(space_of "$1")")
    ((${#pids[@]} > 0)) || return 0
    kill -KILL "${pids[@]}" 2>/dev/null || true
    return 1
}

# net_peers PLACE: everybody it may talk to through the router
net_peers() {
    local place
    for place in "${zones[@]}" outside root; do
        [[ $place == "$1" ]] || printf '%s\n' "$place"
    done
}

# net_cut_zone ZONE in|out|both: in: nothing reaches the zone; out: nothing leaves it
net_cut_zone() {
    local peer ways=()
    while read -r peer; do
        [[ $2 == out ]] || ways+=("$peer" "$1")
        [[ $2 == in ]] || ways+=("$1" "$peer")
    done < <(net_peers "$1")
    net_cut_ways "${ways[@]}"
}

net_uncut_zone() {
    local peer
    while read -r peer; do
        net_uncut_way "$peer" "$1"
        net_uncut_way "$1" "$peer"
    done < <(net_peers "$1")
}

# net_cut_ways FROM TO...: all at the same moment
net_cut_ways() {
    local elements
    printf -v elements '"%s" . "%s", ' "$@"
    in_space net nft add element inet cavea cut "{ ${elements%, } }"
}

# Whether it is cut or not.
net_uncut_way() {
    in_space net nft delete element inet cavea cut "{ \"$1\" . \"$2\" }" 2>/dev/null || true
}

# net_cut_node PLACE UID [PORT]
net_cut_node() {
    if [[ ${3-} ]]; then
        in_space "$1" nft add element inet cavea cut_from "{ $2 . $3 }"
    else
        in_space "$1" nft add element inet cavea cut "{ $2 }"
    fi
}

net_heal() {
    local place
    in_space net nft flush set inet cavea cut
    for place in "${zones[@]}" outside; do
        in_space "$place" nft flush set inet cavea cut
        in_space "$place" nft flush set inet cavea cut_from
    done
}

# net_set PLACE SET: its elements, a line each; parts of one stand apart by a blank
net_set() {
    in_space "$1" nft -j list set inet cavea "$2" | jq -r '.nftables[].set.elem[]? |
        if type == "object" then .concat else [.] end | map(tostring) | join(" ")'
}

# Lines "FROM TO": the ways that are cut at the router
net_cuts() {
    net_set net cut
}

# Lines "UID [PORT]": programs of a place whose packets are dropped
net_node_cuts() {
    net_set "$1" cut
    net_set "$1" cut_from
}
