-- Status in the numbers of schemas/seat.h; a scheduled event whose sale has begun is on sale.
SELECT coalesce(json_agg(json_build_object(
    'id', e.id::text,
    'name', e.name,
    'category', e.category,
    'venue', v.name,
    'city', v.city,
    'status', CASE WHEN e.status = 1 AND e.sale_starts_at <= clock_timestamp() THEN 'on_sale'
        ELSE (ARRAY['scheduled', 'on_sale', 'paused', 'closed', 'cancelled'])[e.status] END,
    'starts_at', to_char(e.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'sale_starts_at', to_char(e.sale_starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'seats', e.seats,
    'claimed', coalesce(l.claimed, 0)
) ORDER BY e.starts_at, e.id), '[]')::text
FROM event e
JOIN venue v ON v.id = e.venue_id
LEFT JOIN actor_lease l ON l.actor = e.id
