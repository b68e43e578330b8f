SELECT coalesce(json_agg(json_build_object(
    'hash', encode(hash, 'hex'),
    'name', name,
    'seats', seats,
    'layout_bytes', length(layout),
    'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
) ORDER BY created_at DESC, hash), '[]')::text
FROM plan
