SELECT json_build_object(
    'version', current_setting('server_version'),
    'version_number', current_setting('server_version_num')::int,
    'database', current_database(),
    'user', current_user,
    'recovery', pg_is_in_recovery(),
    'now_us', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
    'edges_can_seal', EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = 'cavea_edge' AND has_any_column_privilege(oid, 'seal_key', 'SELECT')),
    'settings', (
        SELECT json_object_agg(name, setting) FROM pg_settings
        WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'max_connections'))
)::text
