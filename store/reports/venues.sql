SELECT coalesce(json_agg(json_build_object(
    'id', v.id::text,
    'name', v.name,
    'city', v.city,
    'country', v.country,
    'time_zone', v.time_zone,
    'organizer', o.name
) ORDER BY v.name, v.id), '[]')::text
FROM venue v JOIN organizer o ON o.id = v.organizer_id
