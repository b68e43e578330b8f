SELECT json_build_object(
    'id', v.id::text,
    'name', v.name,
    'city', v.city,
    'country', v.country,
    'time_zone', v.time_zone,
    'organizer', o.name,
    'events', (SELECT count(*) FROM event e WHERE e.venue_id = v.id)
)::text
FROM venue v JOIN organizer o ON o.id = v.organizer_id
WHERE v.id = $1::uuid
