# What the zones are doing: for people, and as JSON.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the script that sources this file

# What each server's own Patroni says of it: what one zone says of another may be long past.
status_postgres() {
    local zone
    for zone in "${zones[@]}"; do
        in_space "$zone" curl -sS -m 1 "http://${address[$zone]}:8008/patroni" 2>/dev/null |
            jq -c --arg node "postgres-$zone" '{node: $node, state, timeline,
                role: (if .role == "master" or .role == "primary" then "leader"
                    elif .sync_standby then "sync_standby" else .role end)}' || true
    done | jq -cs .
}

# Lines "ZONE STREAM LEADER": who leads each stream, as each zone's server sees it
status_streams() {
    local zone ask='jsz?accounts=true&streams=true'
    for zone in "${zones[@]}"; do
        in_space "$zone" curl -fsS -m 1 "http://127.0.0.1:8222/$ask" 2>/dev/null |
            jq -r --arg zone "$zone" '
                "\($zone) meta \(.meta_cluster.leader // "none")",
                (.account_details[]?.stream_detail[]? |
                    "\($zone) \(.name) \(.cluster.leader // "none")")' || true
    done
}

# Lines "PLACE UID PID" of everything that runs in the zones
status_pids() {
    local place
    for place in "${zones[@]}" outside; do
        space_pids "$place" | sed "s/^/$place /"
    done
}

status_nodes_json() {
    local node
    for node in $(nodes_all); do
        printf '%s %s %s %s %s\n' "$node" "$(node_place "$node")" "$(node_role "$node")" \
            "$(node_is "$node")" "$(node_uid "$node")"
    done | jq -cR --arg pids "$(status_pids)" '
        split(" ") as [$node, $place, $role, $state, $uid] |
        {node: $node, zone: $place, role: $role, state: $state, uid: ($uid | tonumber),
         pids: [$pids | split("\n")[] | split(" ") | select(.[0] == $place and .[1] == $uid)[2] |
             tonumber]}' | jq -cs .
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
    jq -n --argjson nodes "$(status_nodes_json)" --argjson postgres "$(status_postgres)" \
        --arg streams "$(status_streams)" --arg cuts "$(net_cuts)" \
        --arg node_cuts "$(status_node_cuts)" '
        def rows: split("\n") | map(select(. != "") | split(" "));
        {nodes: $nodes,
         postgres: $postgres,
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
        (.postgres[] | "\(.node): \(.role), \(.state), timeline \(.timeline)"),
        (.streams | group_by(.stream)[] |
            "\(.[0].stream): led by " + (map(.leader) | unique | join(" or "))),
        (cut_text | if . == [] then "nothing is cut" else "cut: " + join(", ") end)'
}
