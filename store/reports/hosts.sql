SELECT coalesce(json_agg(json_build_object(
    'name', h.name,
    'id', h.id,
    'alive', h.heartbeat_at > clock_timestamp() - h.ttl_ms * interval '1 millisecond',
    'stopping', h.stopping,
    'heartbeat_age_ms', (extract(epoch FROM clock_timestamp() - h.heartbeat_at) * 1000)::bigint,
    'actors', (SELECT count(*) FROM actor_lease l WHERE l.holder = h.id),
    'started_at', to_char(h.started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
) ORDER BY h.name, h.id), '[]')::text
FROM host h
