# A private PostgreSQL cluster. postgres refuses to run as root: then it runs as user postgres, and
# where that user cannot reach the stack's folder its data lies under /var/lib/cavea.
# shellcheck shell=bash

# as_postgres COMMAND...: as the unprivileged user when we are root
as_postgres() {
    if ((EUID == 0)); then
        (cd / && setpriv --reuid=postgres --regid=postgres --init-groups --inh-caps=-all "$@")
    else
        "$@"
    fi
}

# A folder next to its stack when user postgres can get there, else under /var/lib/cavea. The file
# `origin` tells clusters of a removed and a new stack in the same place apart.
postgres_place() {
    local dir=$1 home=$1/postgres
    if [[ -s $dir/postgres.place ]]; then
        postgres_home=$(<"$dir/postgres.place")
        return
    fi
    mkdir -p "$home"
    if ((EUID == 0)); then
        chown postgres: "$home"
        if ! as_postgres test -w "$home"; then
            rmdir "$home"
            home=/var/lib/cavea/$(printf '%s' "$dir" | sha256sum | cut -c1-16)
            postgres_set_aside "$home"
            install -d -m 755 /var/lib/cavea
            install -d -o postgres -m 700 "$home"
        fi
    fi
    chmod 700 "$home"
    printf '%s\n' "$home" >"$dir/postgres.place"
    postgres_home=$home
}

postgres_set_aside() {
    [[ -e $1 ]] || return 0
    local aside
    aside=$1.old-$(date +%Y%m%d%H%M%S)
    mv "$1" "$aside"
    say "postgres: the data of an earlier stack in this folder now lies in $aside"
}

# postgres_bin HOME: the newest installed version, or the one that made the cluster
postgres_bin() {
    local version='' found
    [[ -f $1/data/PG_VERSION ]] && version=$(<"$1/data/PG_VERSION")
    found=$(printf '%s\n' /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)
    [[ $version ]] && found=/usr/lib/postgresql/$version/bin/postgres
    [[ -x $found ]] || fail "the data in $1 needs PostgreSQL ${version:-15 or later}," \
        "which is not installed"
    dirname "$found"
}

# postgres_init HOME BIN PASSWORD_FILE LOG: whole or not at all
postgres_init() {
    local home=$1 bin=$2 password=$3 log=$4
    [[ -d $home/data ]] && return
    say "postgres: making a private cluster in $home"
    rm -rf "$home/data.new"
    (umask 077 && as_postgres tee "$home/password" <"$password" >/dev/null)
    as_postgres "$bin/initdb" -D "$home/data.new" --username=postgres --encoding=UTF8 \
        --locale=C.UTF-8 --auth=scram-sha-256 --pwfile="$home/password" >>"$log" 2>&1 ||
        fail "initdb failed, see $log"
    rm -f "$home/password"
    printf "include 'cavea.conf'\n" |
        as_postgres tee -a "$home/data.new/postgresql.conf" >/dev/null
    as_postgres mv "$home/data.new" "$home/data"
}

# A folder for the socket only where its path is short enough for one (107 bytes).
postgres_socket_dir() {
    ((${#1} < 80)) && printf '%s' "$1/socket"
    return 0
}

# postgres_start DIR HOME BIN PORT
postgres_start() {
    local home=$2 deadline
    deadline=$(($(now_ms) + 20000))
    as_postgres tee "$home/data/cavea.conf" <"$cavea_root/ops/postgres/postgresql.conf" >/dev/null
    until postgres_launch "$@"; do
        postgres_just_killed "$1/log/postgres.log" && (($(now_ms) < deadline)) && sleep 0.2 &&
            continue
        tail -n 5 "$1/log/postgres.log" >&2
        fail "postgres ended during its start, see $1/log/postgres.log"
    done
}

# Right after a killed cluster its last processes may hold its memory for a moment.
postgres_just_killed() {
    tail -n 4 "$1" | grep -q 'shared memory block\|lock file "postmaster.pid" already exists'
}

# postgres_launch DIR HOME BIN PORT: 1 when it ended by itself
postgres_launch() {
    local dir=$1 home=$2 bin=$3 port=$4 sockets command=()
    sockets=$(postgres_socket_dir "$home")
    [[ -z $sockets ]] || as_postgres mkdir -p -m 700 "$sockets"
    ((EUID != 0)) || command=(setpriv --reuid=postgres --regid=postgres --init-groups
        --inh-caps=-all)
    process_start "$dir/run" "$dir/log/postgres.log" postgres "${command[@]}" "$bin/postgres" \
        -D "$home/data" -p "$port" -c "unix_socket_directories=$sockets"
    wait_until 60 postgres_ready_or_gone "$dir" "$bin" "$port" ||
        fail "postgres was not ready within 60 s, see $dir/log/postgres.log"
    ! process_gone "$dir/run" postgres
}

postgres_ready_or_gone() {
    process_gone "$1/run" postgres || "$2/pg_isready" -q -h 127.0.0.1 -p "$3"
}

# postgres_query BIN HOST PORT USER PASSWORD_FILE DATABASE: SQL from standard input. An empty host
# would be this machine's own server for psql, so there is no default.
postgres_query() {
    [[ $2 ]] || fail "which PostgreSQL? There is no address"
    PGPASSWORD=$(<"$5") PGOPTIONS='-c client_min_messages=warning' "$1/psql" \
        -X -q -At -v ON_ERROR_STOP=1 -h "$2" -p "$3" -U "$4" "$6"
}

# postgres_roles DIR BIN HOST PORT: an owner for migrations, one role for actors that may write
# rows, one for edges that may only read; what exactly, `cavea migrate` grants. May be repeated.
postgres_roles() {
    local dir=$1 bin=$2 host=$3 port=$4 owner actors edge ask
    ask=(postgres_query "$bin" "$host" "$port" postgres "$dir/secrets/postgres-superuser")
    owner=$(<"$dir/secrets/postgres-owner")
    actors=$(<"$dir/secrets/postgres-actors")
    edge=$(<"$dir/secrets/postgres-edge")
    "${ask[@]}" postgres <<SQL ||
SET log_min_duration_statement = -1; -- a slow or failed ALTER must not log a password
SET log_min_error_statement = panic;
SELECT format('CREATE ROLE %I LOGIN', name) FROM (VALUES ('cavea'), ('cavea_actors'),
    ('cavea_edge')) AS role(name) WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
ALTER ROLE cavea PASSWORD '$owner';
ALTER ROLE cavea_actors PASSWORD '$actors';
ALTER ROLE cavea_edge PASSWORD '$edge';
ALTER ROLE cavea_edge SET default_transaction_read_only = on;
SELECT 'CREATE DATABASE cavea OWNER cavea'
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'cavea')
\gexec
REVOKE CONNECT ON DATABASE cavea FROM PUBLIC;
GRANT CONNECT ON DATABASE cavea TO cavea_actors, cavea_edge;
SQL
        fail "the roles of the database could not be made, see $dir/log/postgres.log"
    "${ask[@]}" cavea <<SQL ||
ALTER SCHEMA public OWNER TO cavea;
SQL
        fail "the database's owner could not be set, see $dir/log/postgres.log"
}
