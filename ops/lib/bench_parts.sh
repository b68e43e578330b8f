# The parts of a bench that measure the path of a reservation, each a few runs.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

# The house that most parts sell from, and its first reservations.
main_house() {
    [[ -e $work/house/main ]] || house_new main "$bench_events" 60000
}

# Product and bare pipeline in turns A-B-B-A, so that a machine that slows down slows both.
part_throughput() {
    local count round system sides
    main_house
    for ((round = 1; round <= rounds; round++)); do
        sides=(product bare)
        ((round % 2)) || sides=(bare product)
        for count in "${connections[@]}"; do
            for system in "${sides[@]}"; do
                reserve_both throughput "$system" "$count" --connections "$count" \
                    --seconds "$seconds"
            done
        done
    done
    wrk_reserve
    audit throughput
}

# reserve_both PART SYSTEM LABEL LOAD_OPTION...: of the product in the main house or of the bare one
reserve_both() {
    local part=$1 system=$2 label=$3
    shift 3
    if [[ $system == product ]]; then
        reserve "$part" "$label" main "$@"
    else
        reserve_bare "$part" "$label" "$@"
    fi
}

# Median of the accepted reservations a second with the most connections; measured when throughput
# is not one of the parts.
capacity() {
    local known
    known=$(node "$cavea_root/tests/bench/show.mjs" "$results" |
        jq --arg last "${connections[-1]}" '[.parts.throughput // [] | .[] |
        select(.system == "product" and .label == $last) | .ok.median | floor] | first // 0')
    if ((known == 0)); then
        reserve capacity reference main --connections 256 --seconds "$seconds"
        known=$(jq '.ok_per_second | floor' "$work/run.json")
    fi
    echo "$known"
}

# wrk sells from a house of its own, as it knows nothing of ours.
wrk_reserve() {
    local out
    [[ $cross_check ]] && command -v wrk >/dev/null || return 0
    house_new wrk "$bench_events" 60000
    out=$(BENCH_HOUSE=$work/house/wrk BENCH_TOKENS=$work/tokens \
        wrk -t1 -c256 -d"${seconds}s" -s "$cavea_root/tests/bench/reserve.lua" \
        "http://127.0.0.1:$edge_port/v1/reservations")
    told "$(sed -n 's/^accepted: //p' <<<"$out")" \
        $((256 + $(sed -n 's/^not accepted: //p' <<<"$out")))
    note throughput wrk 256 "{\"load\": {\"ok_per_second\":
        $(sed -n 's/^accepted a second: //p' <<<"$out")}}"
}

part_latency() {
    local half system round
    main_house
    half=$(($(capacity) / 2))
    for ((round = 0; round < turns; round++)); do
        for system in product bare; do
            reserve_both latency "$system" 'one at a time' --connections 1 --seconds "$seconds"
        done
    done
    for system in product bare bare product; do
        reserve_both latency "$system" 'open loop, half the capacity' --connections 256 \
            --rate "$half" --seconds "$seconds"
    done
    audit latency
}

# Every seat is wanted by many: most requests are refused. Beside it the bare pipeline, and what the
# HTTP library answers at once.
part_hot() {
    local round
    house_new hot 1 60000
    measure hot product 'one event' house_load hot --connections 256 --seconds "$seconds" \
        --requests 9000 --seed 2
    head -n 40 "$work/plan/60000/seats" >"$work/few"
    for ((round = 0; round < turns; round++)); do
        measure hot product 'most refused' house_load hot --seats "$work/few" \
            --connections 256 --seconds "$seconds" --seed $((3 + round))
        bare_hot 'most refused' /v1/reservations
        bare_hot 'handler alone, 409' /409
    done
    audit hot
}

# bare_hot LABEL PATH
bare_hot() {
    head -n 1 "$work/bare/events" >"$work/bare/hot"
    head -n 40 "$work/bare/seats" >"$work/bare/few"
    measure hot bare "$1" bench_load "$bare_port" --path "$2" --events "$work/bare/hot" \
        --seats "$work/bare/few" --tokens "$work/tokens" --connections 256 --seconds "$seconds"
}

part_reads() {
    local event path tag round version
    main_house
    reserve reads-before 'some reservations' main --connections 64 --seconds 1
    audit reads
    event=/v1/events/$(head -n 1 "$work/house/main/events")
    version=$(curl -sSf -o /dev/null -D - "http://127.0.0.1:$edge_port$event/seats.bin" |
        tr -d '\r' | sed -n 's/^[Cc]avea-[Vv]ersion: *//p')
    for ((round = 0; round < turns; round++)); do
        for path in availability seats.bin; do
            tag=$(curl -sSf -o /dev/null -D - "http://127.0.0.1:$edge_port$event/$path" |
                tr -d '\r' | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p')
            [[ $tag ]] || fail "$path has no ETag"
            get "$path" "$event/$path"
            get "$path, If-None-Match" "$event/$path" --header "If-None-Match: $tag"
        done
        measure reads bare 'handler alone, 304' bench_load "$bare_port" --mode get --path /304 \
            --connections 64 --seconds "$short"
        get 'seats.bin, changes' "$event/seats.bin?since=$((version > 50 ? version - 50 : 1))"
    done
    for path in availability seats.bin; do wrk_get "$path" "$event/$path"; done
}

# get LABEL PATH LOAD_OPTION...
get() {
    local label=$1 path=$2
    shift 2
    measure reads product "$label" bench_load "$edge_port" --mode get --path "$path" \
        --connections 64 --seconds "$short" "$@"
}

# Another generator's word on the same thing.
wrk_get() {
    local rate
    [[ $cross_check ]] && command -v wrk >/dev/null || return 0
    rate=$(wrk -t1 -c64 -d"${short}s" "http://127.0.0.1:$edge_port$2" |
        sed -n 's/^Requests\/sec: *\([0-9]*\).*/\1/p')
    note reads wrk "$1" "{\"load\": {\"per_second\": ${rate:-0}}}"
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
