# The parts of a bench, each a few measured runs.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

# Product and bare pipeline in turns A-B-B-A, so that a machine that slows down slows both.
part_throughput() {
    local count round system turns
    for ((round = 1; round <= rounds; round++)); do
        turns=(product bare)
        ((round % 2)) || turns=(bare product)
        for count in "${connections[@]}"; do
            for system in "${turns[@]}"; do
                reserve throughput "$system" "$count" --connections "$count" \
                    --seconds "$seconds"
            done
        done
    done
}

capacity() {
    jq -s --arg last "${connections[-1]}" 'map(
        select(.part == "throughput" and .system == "product" and .label == $last) |
        .load.ok_per_second) | sort | .[length / 2 | floor] // 2000' "$results"
}

part_latency() {
    local half system
    half=$(($(capacity) / 2))
    reserve latency product 'one at a time' --connections 1 --seconds "$seconds"
    reserve latency bare 'one at a time' --connections 1 --seconds "$seconds"
    for system in product bare bare product; do
        reserve latency "$system" 'open loop, half the capacity' --connections 256 \
            --rate "$half" --seconds "$seconds"
    done
}

# Every seat is wanted by many: most requests are refused.
part_hot() {
    bench_house 1
    measure hot product 'one event' "$edge_port" --events "$work/events" --seats "$work/seats" \
        --tokens "$work/tokens" --connections 256 --seconds "$seconds" --requests 9000 --seed 2
    head -n 40 "$work/seats" >"$work/few"
    measure hot product 'most refused' "$edge_port" --events "$work/events" \
        --seats "$work/few" --tokens "$work/tokens" --connections 256 --seconds "$seconds" --seed 3
    bench_house "$bench_events"
}

part_reads() {
    local event path tag
    event=$(head -n 1 "$work/events")
    for path in availability seats.bin; do
        path=/v1/events/$event/$path
        tag=$(curl -sSf -o /dev/null -D - "http://127.0.0.1:$edge_port$path" |
            sed -n 's/^[Ee][Tt][Aa][Gg]: *\(.*[^\r]\)\r*$/\1/p')
        [[ $tag ]] || fail "$path has no ETag"
        measure reads product "${path##*/}" "$edge_port" --mode get --path "$path" \
            --connections 64 --seconds "$seconds"
        measure reads product "${path##*/}, If-None-Match" "$edge_port" --mode get \
            --path "$path" --header "If-None-Match: $tag" --connections 64 --seconds "$seconds"
        wrk_check "${path##*/}" "$path"
    done
}

# Another generator's word on the same thing.
wrk_check() {
    local rate
    command -v wrk >/dev/null || return 0
    rate=$(wrk -t1 -c64 -d"${seconds}s" "http://127.0.0.1:$edge_port$2" |
        sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p')
    note reads wrk "$1" "{\"load\": {\"per_second\": ${rate:-0}}}"
}

# Whole houses: nothing must be prepared while the moment of recovery is measured.
overload_house() {
    bench_house "$bench_events"
    house_limit=$((house_events * plan_seats))
}

part_overload() {
    local reference started
    overload_house
    reserve overload product 'before' --connections 64 --seconds "$seconds"
    reference=$(jq '.ok_per_second | floor' "$work/run.json")
    reserve overload product 'ten times the connections' --connections 640 --seconds "$overload"
    started=$(now_ms)
    wait_until 30 recovered "$reference" || say "bench: goodput did not come back in 30 s"
    note overload product 'goodput back after connections' \
        "{\"recovery_ms\": $(($(now_ms) - started))}"
    overload_house
    reserve overload product 'ten times the rate' --connections 1000 \
        --rate $((reference * 10)) --seconds "$overload"
    started=$(now_ms)
    wait_until 30 recovered "$reference" || say "bench: goodput did not come back in 30 s"
    note overload product 'goodput back after rate' \
        "{\"recovery_ms\": $(($(now_ms) - started))}"
    bench_house "$bench_events"
}

# recovered PER_SECOND: half a second of ordinary load reaches 80 % of it
recovered() {
    reserve overload-slice product 'slice' --connections 64 --seconds 0.5
    (($(jq '.ok_per_second | floor' "$work/run.json") >= $1 * 8 / 10))
}

# The same load on few and many events, small and large houses; one after the other, so read the
# CPU per reservation, not the rate.
part_growth() {
    local events
    for events in 1 "$bench_events" 1; do
        bench_house "$events"
        reserve growth product "$events x $plan_seats seats" --connections 256 \
            --seconds "$seconds"
    done
    bench_plan 1000
    bench_house "$small_events"
    reserve growth product "$small_events x 1000 seats" --connections 256 --seconds "$seconds"
    bench_plan "$bench_seats"
    bench_house "$bench_events"
}

part_hosts() {
    local round
    for ((round = 0; round < 2; round++)); do
        reserve hosts product '1 host' --connections 256 --seconds "$seconds"
    done
    "$cavea_root/ops/run" --add-host --dir "$stack" >&2
    bench_house "$bench_events"
    for ((round = 0; round < 2; round++)); do
        reserve hosts product '2 hosts' --connections 256 --seconds "$seconds"
    done
}

# Rows written for a reservation: reservation, claims, facts and the lease row of each tick.
part_rows() {
    local rows
    rows=$(bench_sql cavea <<<"SELECT json_build_object('reservations',
        (SELECT count(*) FROM reservation), 'claims', (SELECT count(*) FROM seat_claim),
        'facts', (SELECT count(*) FROM fact), 'fact_bytes', (SELECT avg(octet_length(payload))
        FROM fact), 'bytes', pg_database_size('cavea'))")
    note rows product cavea "{\"rows\": $rows}"
    rows=$(bench_sql bare <<<"SELECT json_build_object('reservations',
        (SELECT count(*) FROM bare_reservation), 'claims', (SELECT count(*) FROM bare_claim))")
    note rows bare bare "{\"rows\": $rows}"
}

# Every event's books must agree after the load.
part_audit() {
    local event bad=0
    while read -r event; do
        bench_cavea ledger verify "$event" >"$work/verify.json" || ((bad += 1))
    done <"$work/events"
    note audit product 'ledger verify' "{\"events\": $(wc -l <"$work/events"), \"bad\": $bad}"
}
