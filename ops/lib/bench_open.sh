# The parts of a bench with load that does not wait for answers: everything at once as on the day of
# a sale, and ten times too much.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

reservations_rate=8000 payments_rate=200 polls_rate=20000

# Reservations, payments and polls at once, a generator each. What a machine cannot carry is run
# again at 60 % of what it did carry.
part_mixed() {
    local carried
    mixed_house
    mixed_run 'as asked' 100
    carried=$(jq -r 'if .met then 100 else
        (.reserve.answered + .pay.answered + .poll.answered) * 60 / .intended | floor |
        if . < 1 then 1 else . end end' \
        "$work/mixed.json")
    if ((carried < 100)); then
        mixed_house
        mixed_run "60 % of what was carried" "$carried"
    fi
    audit mixed
}

# A hold for each payment of two runs and of five seconds before them, and enough events that these
# and the reservations of one run fill no more than 30 %.
mixed_house() {
    local payments=$((payments_rate * (mixed_seconds * 2 + 5)))
    local events=$(((reservations_rate * mixed_seconds + payments) / 9000 + 2))
    ((events >= bench_events)) || events=$bench_events
    house_new mixed "$events" 60000
    rm -f "$work/held"
    house_load mixed --first "$events" --requests $((events + payments)) --connections 32 \
        --seconds 60 --keep "$work/held" >"$work/run.json"
    [[ $(wc -l <"$work/held") == "$payments" ]] || fail "the payments have no holds"
    jq .next "$work/run.json" >"$work/house/mixed/next"
}

# mixed_run LABEL PERCENT: of the rates
mixed_run() {
    local name pids=() before after started percent=$2 status
    started=$(bench_sql cavea <<<'SELECT clock_timestamp()')
    read -ra before <<<"$(cpu_now product)"
    for name in reserve pay poll; do
        mixed_load "$name" "$percent" &
        pids+=($!)
    done
    for name in reserve pay poll; do
        status=0
        wait "${pids[0]}" || status=$?
        pids=("${pids[@]:1}")
        run_usable "$status" "$work/mixed.$name"
    done
    read -ra after <<<"$(cpu_now product)"
    for name in edge actors nats postgres provider; do
        printf '{"%s": %s}\n' "$name" $((after[0] - before[0]))
        before=("${before[@]:1}") after=("${after[@]:1}")
    done | jq -s add >"$work/mixed.cpu"
    wait_until 15 payments_decided || say "bench: not every payment was confirmed"
    jq -n --argjson percent "$percent" --argjson seconds "$mixed_seconds" \
        --argjson rates "[$reservations_rate, $payments_rate, $polls_rate]" \
        --slurpfile reserve "$work/mixed.reserve" --slurpfile pay "$work/mixed.pay" \
        --slurpfile poll "$work/mixed.poll" --slurpfile cpu "$work/mixed.cpu" \
        --argjson payments "$(payments_told "$started")" '
        {percent: $percent, reserve: $reserve[0], pay: $pay[0], poll: $poll[0], cpu: $cpu[0],
         payments: $payments, intended: (($rates | add) * $seconds * $percent / 100),
         errors: ($reserve[0].errors + $pay[0].errors + $poll[0].errors),
         unsent: ($reserve[0].unsent + $pay[0].unsent + $poll[0].unsent)} |
        .met = (.errors + .unsent == 0 and .reserve.p99_us < 50000 and .poll.p99_us < 20000
            and .payments.other == 0 and .payments.confirmed >= .pay.answered
            and .payments.p99_us < 2000000 and .pay.chain_p99_us < 2000000)' \
        >"$work/mixed.json"
    note mixed product "$1" "$(<"$work/mixed.json")"
}

# mixed_load KIND PERCENT
mixed_load() {
    local options=(--seconds "$mixed_seconds" --sources 4)
    case $1 in
    reserve)
        house_load mixed --first "$(<"$work/house/mixed/next")" "${options[@]}" \
            --rate $((reservations_rate * $2 / 100)) --connections 256
        ;;
    pay)
        bench_load "$edge_port" --mode pay --provider-port "$provider_port" \
            --provider-key-file "$stack/secrets/provider.key" --reservations "$work/held" \
            --tokens "$work/tokens" "${options[@]}" --rate $((payments_rate * $2 / 100)) \
            --connections 64
        ;;
    poll)
        bench_load "$edge_port" --mode poll --events "$work/house/mixed/events" "${options[@]}" \
            --rate $((polls_rate * $2 / 100)) --connections 128
        ;;
    esac >"$work/mixed.$1"
}

# Captured ones become confirmed after the answer.
payments_decided() {
    (($(bench_sql cavea <<<'SELECT count(*) FROM payment WHERE state = 6') == 0))
}

# payments_told SINCE: from the payment's row until its reservation is confirmed, in microseconds of
# the database's clock
payments_told() {
    bench_sql cavea <<<"SELECT json_build_object(
        'confirmed', count(*) FILTER (WHERE state = 7), 'other', count(*) FILTER (WHERE state <> 7),
        'p99_us', coalesce((percentile_cont(0.99) WITHIN GROUP (ORDER BY
            extract(epoch FROM changed_at - created_at)) FILTER (WHERE state = 7)) * 1000000, 0))
        FROM payment WHERE created_at >= '$1'"
}

# Ten times the connections (clients that come back a second after a 503) and ten times the rate
# (clients that do not wait), and how soon ordinary load is served again.
part_overload() {
    local reference
    main_house
    reserve overload before main --connections 256 --seconds "$seconds"
    reference=$(jq '.ok_per_second | floor' "$work/run.json")
    flood 'ten times the connections' "$reference" --connections 2560
    flood 'ten times the rate' "$reference" --connections 1024 --rate $((reference * 10))
    audit overload
}

# flood LABEL REFERENCE LOAD_OPTION...: in whole houses, because nothing can be made ready while the
# moment of recovery is measured. At the end all clients leave at once and ordinary ones come.
flood() {
    local label=$1 reference=$2 events=$(($2 * (overload + 15) / 10000 + 2))
    shift 2
    ((events >= bench_events)) || events=$bench_events
    house_new flood "$events" 60000
    measure overload product "$label" flood_and_after "$events" "$@"
    note overload product "after $label" "$(jq -n --argjson reference "$reference" \
        --slurpfile flood "$work/run.json" --slurpfile after "$work/after.json" '
        $after[0] as $a | ([range(0; ($a.slices | length) - 4) | select(
            ($a.slices[.:. + 5] | add) * 2 >= $reference * 0.8)] | first) as $slice |
        {reference: $reference, goodput: $flood[0].ok_per_second,
         recovery_ms: (if $slice == null then null else
            ($a.start_us - $flood[0].end_us) / 1000 + $slice * 100 | floor end)}')"
}

# flood_and_after EVENTS LOAD_OPTION...: ordinary load begins at once
flood_and_after() {
    local events=$1
    shift
    local status=0
    house_load flood --first "$events" --seconds "$overload" --sources 8 --grace-ms 0 "$@" \
        >"$work/flood.json" || status=$?
    run_usable "$status" "$work/flood.json" # whom the end cut off is in the figures
    status=0
    house_load flood --first $((20000 * events)) --connections 256 --seconds "$recovery" \
        --slice-ms 100 >"$work/after.json" || status=$?
    run_usable "$status" "$work/after.json"
    cat "$work/flood.json"
}
