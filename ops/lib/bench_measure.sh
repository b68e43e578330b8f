# One measured run: CPU of each process from /proc, bytes of write-ahead log, the generator's
# report; one line of JSON in $results for each run.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

# cpu_of PID [1]: microseconds that its threads ran, by the scheduler's clock (nanoseconds, where
# stat has ticks of 10 ms); with 1 also of children that ended, which only stat knows
cpu_of() {
    local stat fields own
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || { echo 0 && return; }
    read -ra fields <<<"${stat##*) }"
    own=$(cat "/proc/$1"/task/*/schedstat 2>/dev/null |
        awk '{ ns += $1 } END { printf "%.0f", ns / 1000 }') || own=0
    ((own > 0)) || own=$(((fields[11] + fields[12]) * 1000000 / clk_tck))
    echo $((own + ${2:-0} * (fields[13] + fields[14]) * 1000000 / clk_tck))
}

# cpu_of_family PID [NOT]: the process, its living children and those that ended, without children
# whose command line begins with NOT
cpu_of_family() {
    local master=$1 child children sum
    sum=$(cpu_of "$master" 1)
    read -ra children <"/proc/$master/task/$master/children" || true
    for child in "${children[@]}"; do
        [[ -z ${2:-} || $(tr '\0' ' ' 2>/dev/null <"/proc/$child/cmdline") != "$2"* ]] || continue
        ((sum += $(cpu_of "$child"))) || true
    done
    echo "$sum"
}

# cpu_of_postgres SYSTEM: one cluster serves all; what the others' sessions do meanwhile is theirs
cpu_of_postgres() {
    local others='postgres: cavea'
    [[ $1 != product ]] || others='postgres: postgres bare'
    cpu_of_family "$(process_pid "$stack/run" postgres)" "$others"
}

# cpu_now SYSTEM: edge, actors, nats (or Redis), postgres and provider in microseconds
cpu_now() {
    local run=$stack/run edge=edge nats=nats-server actor actors=0 redis=0
    if [[ $1 == fastify* ]]; then
        [[ $1 != *Redis* ]] || redis=$(cpu_of "$(process_pid "$work/bare" redis)")
        echo "$(cpu_of_family "$(process_pid "$work/bare" fastify)") 0 $redis" \
            "$(cpu_of_postgres "$1") 0"
        return
    fi
    [[ $1 == product ]] || run=$work/bare edge=bare-edge nats=bare-nats
    for actor in "$run"/*actor*.pid; do
        actor=$(basename "$actor" .pid)
        process_gone "$run" "$actor" ||
            ((actors += $(cpu_of "$(process_pid "$run" "$actor")"))) || true
    done
    echo "$(cpu_of "$(process_pid "$run" $edge)") $actors" \
        "$(cpu_of "$(process_pid "$run" $nats)") $(cpu_of_postgres "$1")" \
        "$(cpu_of "$(process_pid "$stack/run" provider)")"
}

wal_now() {
    bench_sql postgres <<<"SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"
}

# measure PART SYSTEM LABEL COMMAND...: a run between two looks at the clocks. The command writes
# the generator's report.
measure() {
    local part=$1 system=$2 label=$3 before after wal_before wal_after status=0
    shift 3
    wal_before=$(wal_now)
    read -ra before <<<"$(cpu_now "$system")"
    "$@" >"$work/run.json" || status=$?
    read -ra after <<<"$(cpu_now "$system")"
    wal_after=$(wal_now)
    run_usable "$status" "$work/run.json"
    jq -c --arg part "$part" --arg system "$system" --arg name "$label" \
        --argjson wal $((wal_after - wal_before)) --argjson edge $((after[0] - before[0])) \
        --argjson actors $((after[1] - before[1])) --argjson nats $((after[2] - before[2])) \
        --argjson postgres $((after[3] - before[3])) --argjson provider $((after[4] - before[4])) \
        '{part: $part, system: $system, label: $name, load: ., wal: $wal,
          cpu: {edge: $edge, actors: $actors, nats: $nats, postgres: $postgres,
                provider: $provider, generator: .cpu_us}}' "$work/run.json" >>"$results"
    tail -n 1 "$results" | jq -r '"\(.part) \(.system) \(.label): " +
        "\(.load.per_second | round)/s, \(.load."2xx") ok, \(.load."409") refused, " +
        "\(.load.errors) errors, p50 \(.load.p50_us) us, p99 \(.load.p99_us) us"' >&2
}

# run_usable STATUS FILE: the generator ended with its report
run_usable() {
    # An empty file is no input for jq, and no failure.
    (($1 <= 1)) && jq -es ".[0].next" "$2" >/dev/null 2>&1 ||
        fail "the generator ended with status $1 and no report"
    (($1 == 0)) || say "bench: not everything was answered"
}

# reserve PART LABEL HOUSE LOAD_OPTION...: in a house that is never more than 30 % full
reserve() {
    local part=$1 label=$2 house=$3 dir=$work/house/$3
    shift 3
    house_fresh "$house"
    measure "$part" product "$label" house_load "$house" --first "$(<"$dir/next")" \
        --requests "$(<"$dir/limit")" "$@"
    jq .next "$work/run.json" >"$dir/next"
}

# reserve_bare PART LABEL LOAD_OPTION...: the same of the bare pipeline
reserve_bare() {
    local part=$1 label=$2 next=$work/bare/next
    shift 2
    (($(<"$next") < bare_limit / 2)) || bare_house
    measure "$part" bare "$label" bench_load "$bare_port" --events "$work/bare/events" \
        --seats "$work/bare/seats" --tokens "$work/tokens" --seed 1 --first "$(<"$next")" \
        --requests "$bare_limit" "$@"
    jq .next "$work/run.json" >"$next"
}

# note PART SYSTEM LABEL JSON: a line that has no run of the generator behind it
note() {
    jq -nc --arg part "$1" --arg system "$2" --arg name "$3" --argjson figures "$4" \
        '{part: $part, system: $system, label: $name} + $figures' | tee -a "$results" >&2
}

# audit PART: the books of every event that was loaded since the last audit agree with its facts,
# the database's rows with each other, and their number with what the generators were told
audit() {
    local bad told made lost=0 file=$work/audit.json
    sort -u "$work/loaded" >"$work/audited"
    : >"$work/loaded"
    [[ -s $work/audited ]] || return 0
    sort -u "$work/audited" "$work/loaded_before" -o "$work/loaded_before"
    wait_until 30 rows_right || wrong "$rows_wrong rows are wrong after $1"
    CAVEA_POSTGRES_URL=$bench_url xargs -n 1 -P 2 bash -c \
        '"$0" ledger verify "$1" --json >/dev/null 2>&1 || echo "$1"' "$build/cavea" \
        <"$work/audited" >"$work/bad"
    bad=$(wc -l <"$work/bad")
    ((bad == 0)) || wrong "ledger verify after $1 does not agree on: $(paste -sd' ' "$work/bad")"
    made=$(audit_sql loaded_before made)
    told=$(jq -sc '{accepted: (map(.accepted) | add), ambiguous: (map(.ambiguous) | add)}' \
        "$work/told")
    if ! jq -ne --argjson made "$made" --argjson told "$told" \
        '$made >= $told.accepted and $made <= $told.accepted + $told.ambiguous' >/dev/null; then
        lost=1
        wrong "$made reservations were made until after $1, the generators were told $told"
    fi
    jq -nc --argjson told "$told" --argjson made "$made" --argjson lost "$lost" \
        --argjson bad "$bad" --argjson rows_wrong "$rows_wrong" \
        --argjson events "$(wc -l <"$work/audited")" \
        '{$events, $bad, $rows_wrong, $made, $lost} + $told' >"$file"
    note audit product "$1" "$(<"$file")"
}

# Tickets are signed after the answer, so the rows may take a moment.
rows_right() {
    rows_wrong=$(audit_sql audited audit)
    ((rows_wrong == 0))
}

# audit_sql LIST NAME: tests/bench/NAME.sql on the events of a list
audit_sql() {
    bench_sql cavea < <(
        echo 'CREATE TEMP TABLE loaded (id uuid PRIMARY KEY); COPY loaded FROM STDIN;'
        cat "$work/$1"
        printf '%s\n' '\.' 'ANALYZE loaded;'
        cat "$cavea_root/tests/bench/$2.sql"
    )
}
