#!/usr/bin/env bash
# store/ against a private PostgreSQL, with fsync on and on a socket of its own: commits, leases,
# loads, reads, and what goes wrong in the middle. `store.sh --bench` measures commits instead.
# variants: release
# full-variants: address thread
# time: 240
set -euo pipefail

# shellcheck source=ops/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../../ops/lib/common.sh"
# shellcheck source=ops/lib/postgres.sh
. "$cavea_root/ops/lib/postgres.sh"

programs=${BUILD_DIR:?is set by ops/test: the folder with the built programs}
work=$(mktemp -d -t cavea-store.XXXXXX)
chmod 711 "$work" # the database's user must get through
sockets=$work/s
bin=$(postgres_bin "$work")
trap finish EXIT
trap 'exit 143' TERM INT

finish() {
    local status=$? postmaster
    if postmaster=$(head -n 1 "$work/cluster/data/postmaster.pid" 2>/dev/null); then
        kill -INT "$postmaster" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    ((status == 0)) || tail -n 20 "$work/log" 2>/dev/null || true
    rm -rf "$work"
    exit "$status"
}

server_start() {
    install -d -m 755 "$sockets"
    install -d -m 700 "$work/cluster"
    if ((EUID == 0)); then chown postgres: "$sockets" "$work/cluster"; fi
    as_postgres "$bin/initdb" -D "$work/cluster/data" --username=postgres --encoding=UTF8 \
        --locale=C.UTF-8 --auth=trust >"$work/log" 2>&1
    as_postgres tee "$work/cluster/data/cavea.conf" \
        <"$cavea_root/ops/postgres/postgresql.conf" >/dev/null
    printf "include 'cavea.conf'\n" |
        as_postgres tee -a "$work/cluster/data/postgresql.conf" >/dev/null
    as_postgres "$bin/postgres" -D "$work/cluster/data" -c listen_addresses='' \
        -c "unix_socket_directories=$sockets" >>"$work/log" 2>&1 &
    server=$!
    wait_until 60 server_ready
    sql postgres -c 'CREATE ROLE cavea_actors LOGIN' -c 'CREATE ROLE cavea_edge LOGIN'
}

server_ready() {
    "$bin/pg_isready" -q -h "$sockets"
}

sql() {
    "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$sockets" -U postgres "$@"
}

url_of() {
    printf 'host=%s user=%s dbname=%s' "$sockets" "$1" "$2"
}

# check PROGRAM ROLE...: in a database of its own; adds its counts
check() {
    local program=$1 role urls=()
    shift
    wait_until 60 server_ready # the last one may have crashed it
    sql postgres -c "CREATE DATABASE $program"
    for role in "$@"; do urls+=("$(url_of "$role" "$program")"); done
    "$programs/$program" "${urls[@]}" | tee "$work/$program.out" || failed=$((failed + 1))
    read -r counted _ <<<"$(tail -n 1 "$work/$program.out")"
    [[ $counted =~ ^[0-9]+$ ]] && passed=$((passed + counted))
}

passed=0 failed=0
server_start
if [[ ${1-} == --bench ]]; then
    sql postgres -c 'CREATE DATABASE store_bench'
    "$programs/store_bench" "$(url_of postgres store_bench)" "$(url_of cavea_actors store_bench)"
    exit
fi
check store_check postgres cavea_actors
check store_late_check postgres cavea_actors
check store_load_check postgres cavea_actors
check store_plan_check postgres cavea_actors
check store_stuck_check postgres cavea_actors
check store_migrate_check postgres postgres
check store_seal_check postgres cavea_actors cavea_edge
check store_read_check postgres cavea_actors cavea_edge
check store_own_check postgres cavea_actors cavea_edge
check store_lease_check postgres cavea_actors
check store_posting_check postgres cavea_actors
check store_fault_check postgres cavea_actors
printf '%s passed, %s failed\n' "$passed" "$failed"
((failed == 0))
