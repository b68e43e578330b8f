# What the zones are doing: for people, and as JSON.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

# Patroni's own word, from the first zone that answers
status_cluster() {
    local zone
    for zone in "${zones[@]}"; do
        in_space "$zone" curl -fsS -m 1 "http://${address[$zone]}:8008/cluster" 2>/dev/null &&
            return
    done
    printf '{"members": []}'
}

# Lines "ZONE STREAM LEADER": who leads each stream, as each zone's server sees it
status_streams() {
    local zone ask='jsz?accounts=true&streams=true'
    for zone in "${zones[@]}"; do
        in_space "$zone" curl -fsS -m 1 "http://${address[$zone]}:8222/$ask" 2>/dev/null |
            jq -r --arg zone "$zone" '
                "\($zone) meta \(.meta_cluster.leader // "none")",
                (.account_details[]?.stream_detail[]? |
                    "\($zone) \(.name) \(.cluster.leader // "none")")' || true
    done
}

status_nodes_json() {
    local node
    for node in $(nodes_all); do
        jq -cn --arg node "$node" --arg place "$(node_place "$node")" \
            --arg state "$(node_is "$node")" --arg role "$(node_role "$node")" \
            --arg uid "$(node_uid "$node")" --arg pids "$(node_pids "$node" | tr '\n' ' ')" \
            '{node: $node, zone: $place, role: $role, state: $state, uid: ($uid | tonumber),
              pids: ($pids | split(" ") | map(select(. != "") | tonumber))}'
    done | jq -cs .
}

# Lines "ZONE UID [PORT]"
status_node_cuts() {
    local place
    for place in "${zones[@]}" outside; do
        net_node_cuts "$place" | sed "/./s/^/$place /"
    done
}

status_json() {
    zones_exist
    jq -n --argjson nodes "$(status_nodes_json)" --argjson cluster "$(status_cluster)" \
        --arg streams "$(status_streams)" --arg cuts "$(net_cuts)" \
        --arg node_cuts "$(status_node_cuts)" '
        def rows: split("\n") | map(select(. != "") | split(" "));
        {nodes: $nodes,
         postgres: [$cluster.members[]? | {node: .name, role, state, lag}],
         streams: ($streams | rows | map({seen_by: .[0], stream: .[1], leader: .[2]})),
         cuts: ($cuts | rows | map({from: .[0], to: .[1]})),
         node_cuts: ($node_cuts | rows | map({zone: .[0], uid: .[1], port: .[2]}))}'
}

status_text() {
    status_json | jq -r '
        def column($width): . + " " * $width | .[:$width];
        def cut_text: [.cuts[] | "\(.from) to \(.to)"] + [.node_cuts[] |
            "user \(.uid) in \(.zone)" + if .port then " to port \(.port)" else "" end];
        "zone     node          state    processes",
        (.nodes[] | (.zone | column(9)) + (.node | column(14)) + (.state | column(9)) +
            "\(.pids | length)"),
        "",
        (.postgres[] | "\(.node): \(.role), \(.state)" + if .lag then ", lag \(.lag)" else "" end),
        (.streams | group_by(.stream)[] |
            "\(.[0].stream): led by " + (map(.leader) | unique | join(" or "))),
        (cut_text | if . == [] then "nothing is cut" else "cut: " + join(", ") end)'
}
