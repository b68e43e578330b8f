# The parts of a bench about what must not grow: CPU for a reservation with more events, larger
# houses, more hosts and old rows. Each beside a reference in turns, because the machine drifts:
# runs in the main house where both can be there at once, the bare pipeline where they cannot.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

part_growth() {
    local round house
    main_house
    house_new one 1 60000
    house_new large "$small_events" 60000
    house_new small "$small_events" 1000
    for ((round = 0; round < growth_turns; round++)); do
        for house in main one large small small large one main; do
            reserve growth "$house" "$house" --connections 256 --seconds "$short"
        done
    done
    audit growth
    hosts_replace
    house_new main "$bench_events" 60000
    beside_bare on-sale few
    on_sale_make
    hosts_replace
    house_new main "$bench_events" 60000
    beside_bare on-sale 10000
    audit on-sale
}

# Many events on sale that all have been awake, each with a reservation and a lease, as many as can
# be woken in a minute. They sleep when the host that woke them has stopped.
on_sale_make() {
    local dir=$work/house/on-sale woken
    mkdir -p "$dir"
    events_make "$on_sale" 1000 >"$dir/events"
    ln -sf "$work/plan/1000/seats" "$dir/seats"
    shuf -n 200 "$dir/events" >"$dir/sample" # whose books are verified
    cp "$work/loaded" "$dir/loaded"
    house_load on-sale --connections 64 --requests "$on_sale" --seconds "$wake_seconds" \
        >"$work/run.json" || say 'bench: not every event on sale was woken'
    woken=$(jq -es '.[0]."2xx"' "$work/run.json")
    cat "$dir/loaded" "$dir/sample" >"$work/loaded"
    sort -u "$dir/events" "$work/loaded_before" -o "$work/loaded_before"
    note on-sale-made product "$on_sale" "{\"events\": $on_sale, \"woken\": $woken}"
}

# beside_bare PART LABEL: product and bare pipeline in turns
beside_bare() {
    local round system
    main_house
    for ((round = 0; round < growth_turns; round++)); do
        for system in product bare bare product; do
            reserve_both "$1" "$system" "$2" --connections 256 --seconds "$short"
        done
    done
}

part_hosts() {
    local hosts added=()
    for hosts in 1 2 3; do
        if ((hosts > 1)); then
            added+=("$("$cavea_root/ops/run" --add-host --dir "$stack")")
            house_new main "$bench_events" 60000
        fi
        beside_bare hosts "$hosts"
    done
    for hosts in "${added[@]}"; do process_stop "$stack/run" "${hosts%% *}" TERM 30; done
    audit hosts
}

# Rows of sales long ago, in the tables that a reservation writes: four rows for each.
part_old_rows() {
    local started sales=$((old_rows / 80000 * 20000))
    ((sales > 0)) || sales=20000
    beside_bare old-rows 'without'
    started=$(now_ms)
    bench_sql cavea -v rows="$sales" <"$cavea_root/tests/bench/old_rows.sql" >&2
    bench_sql cavea <<<'CHECKPOINT'
    note old-rows-made product $((sales * 4)) "{\"ms\": $(($(now_ms) - started)),
        \"bytes\": $(bench_sql postgres <<<"SELECT pg_database_size('cavea')")}"
    house_new main "$bench_events" 60000
    beside_bare old-rows 'with'
    audit old-rows
}
