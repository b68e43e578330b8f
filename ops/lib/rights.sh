# What this machine lets us do.
# shellcheck shell=bash

# Whether we may make network namespaces with links and rules in them: makes one and removes it,
# because a list of them says nothing about that. Needs iproute2 and nftables.
spaces_allowed() {
    local name=cavea-try-$$ allowed=
    ((EUID == 0)) || return 1
    ip netns add "$name" || return 1
    ! { ip -n "$name" link add name try0 type veth peer name try1 &&
        ip netns exec "$name" nft add table inet cavea; } || allowed=yes
    ip netns delete "$name"
    [[ $allowed ]]
} 2>/dev/null
