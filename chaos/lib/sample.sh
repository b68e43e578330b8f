#!/usr/bin/env bash
# Appends the leases to a file ten times a second until it is ended, over restarts of the database.
# Arguments: URL FILE.
set -euo pipefail

# A server that went dark says nothing, also not that it is gone.
url=$1$([[ $1 == *\?* ]] && printf '&' || printf '?')'connect_timeout=2&tcp_user_timeout=2000'
while true; do
    psql -X -q -At -F $'\t' -P null=- "$url" 2>/dev/null <<'SQL' |
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, actor, epoch, holder,
    incarnation, cursor_seq, last_seq FROM actor_lease
\watch 0.1
SQL
        grep --line-buffered -P '^\d+\t' >>"$2" || true
    sleep 0.2
done
