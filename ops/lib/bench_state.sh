# The parts of a bench about what lies in memory: how soon a sleeping event answers, and what an
# event, a reservation and a watched map cost.
# shellcheck shell=bash
# shellcheck disable=SC2154 # set by the scripts that source this file

# rss_of NAME: resident kilobytes of a process of the stack
rss_of() {
    sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$(process_pid "$stack/run" "$1")/status"
}

# heap_of_host: bytes that the newest actor host has taken from its heap
heap_of_host() {
    curl -sSf "$actor_admin/metrics" | sed -n 's/^cavea_process_heap_bytes //p' |
        xargs printf '%.0f\n'
}

# cells_awake: how many events the newest actor host has in memory
cells_awake() {
    curl -sSf "$actor_admin/metrics" | sed -n 's/^cavea_runtime_cells_awake{kind="event"} //p'
}

asleep() {
    [[ $(cells_awake) == 0 ]]
}

# house_fill NAME COUNT: so many reservations more
house_fill() {
    local dir=$work/house/$1 next
    next=$(<"$dir/next")
    house_load "$1" --first "$next" --requests $((next + $2)) --connections 128 --seconds 120 \
        >"$work/run.json"
    jq -es ".[0].next" "$work/run.json" >"$dir/next"
}

# A fresh actor host: first its own buffers grow under the same load, then the differences are
# measured.
part_memory() {
    local own awake held watched edge heap
    hosts_replace CAVEA_IDLE=5m
    house_new warm 100 60000
    house_fill warm "$memory_reservations"
    own=$(rss_of "$actor_host")
    house_new many 100 60000
    awake=$(rss_of "$actor_host")
    heap=$(heap_of_host)
    house_fill many "$memory_reservations"
    held=$(rss_of "$actor_host")
    heap=$(($(heap_of_host) - heap))
    events_make 1000 60000 >"$work/watched"
    edge=$(rss_of edge)
    bench_load "$edge_port" --mode poll --events "$work/watched" --requests 1000 --connections 8 \
        --seconds 60 >"$work/run.json"
    sed "s|.*|url = http://127.0.0.1:$edge_port/v1/events/&/availability\noutput = /dev/null|" \
        "$work/watched" | curl -sSf -K -
    watched=$(rss_of edge)
    note memory product memory "{\"edge_before_kb\": $edge, \"edge_watching_1000_kb\": $watched,
        \"host_kb\": $own, \"awake_event_kb\": $(((awake - own) / 100)),
        \"reservation_bytes\": $((heap / memory_reservations)),
        \"reservation_resident_bytes\": $(((held - awake) * 1024 / memory_reservations)),
        \"reservations\": $memory_reservations, \"polled\": $(jq '."2xx"' "$work/run.json")}"
    audit memory
}

# Long before: an event is woken with its first message only when the edge has not heard of it for
# 30 s, as it is after the five minutes that falling asleep takes by default.
activation_prepare() {
    house_new filled 9 60000
    house_fill filled $((9 * 4499))
    filled=$(now_ms)
}

# Events fall asleep after a second here. At first: what those leave behind that woke and slept.
part_activation() {
    local first second
    hosts_replace CAVEA_IDLE=1s
    nap
    nap # after which the heap has found its size
    first=$(rss_of "$actor_host")
    nap
    second=$(rss_of "$actor_host")
    note memory product sleeping "{\"sleeping_event_kb\": $(((second - first) / 40))}"
    wait_until 40 passed $((filled + 31000)) || true
    wake fresh 60000
    wake filled 60000
    hosts_replace CAVEA_IDLE=5m
    audit activation
}

# New events wake and fall asleep, ten a second.
nap() {
    house_new nap 40 60000
    wait_until 120 asleep || fail "the events do not fall asleep: $(cells_awake)"
}

passed() {
    (($(now_ms) >= $1))
}

# wake NAME SEATS: the first request to each of nine sleeping events, and then ordinary ones
wake() {
    local dir=$work/house/$1 next first
    if [[ $1 == fresh ]]; then
        mkdir -p "$dir"
        events_make 9 "$2" >"$dir/events"
        ln -sf "$work/plan/$2/seats" "$dir/seats"
        echo 0 >"$dir/next"
    fi
    next=$(<"$dir/next")
    house_load "$1" --connections 1 --first "$next" --requests $((next + 9)) >"$work/first.json"
    house_load "$1" --connections 1 --first $((next + 9)) --requests $((next + 209)) \
        >"$work/run.json"
    note activation product "$1" "$(jq -n --slurpfile first "$work/first.json" \
        --slurpfile usual "$work/run.json" '{first_us: $first[0].p50_us, max_us: $first[0].max_us,
        usual_us: $usual[0].p50_us, errors: $first[0].errors, events: $first[0]."2xx",
        activation_us: ($first[0].p50_us - $usual[0].p50_us)}')"
}
