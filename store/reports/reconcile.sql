-- The provider's lines (temporary table provider_line) against our payments with captured money, by
-- intent. A payment that a person resolved went back by other means: there it was not refunded.
-- $1 and $2 bound the payments of ours that must be there; NULL: no bound.
WITH ours AS (
    SELECT p.intent_id, p.id, p.event_id, p.currency, p.captured_minor, p.changed_at, p.created_at,
        CASE WHEN p.refund_id = 'manual' THEN 0 ELSE p.refunded_minor END AS refunded_minor
    FROM payment p WHERE p.captured_minor > 0 AND p.intent_id <> ''
), pair AS (
    SELECT o.id, o.event_id, o.changed_at, o.captured_minor AS our_captured,
        o.refunded_minor AS our_refunded, o.currency AS our_currency,
        coalesce(l.intent_id, o.intent_id) AS intent_id, l.number, l.payment_id,
        l.currency, l.captured_minor, l.refunded_minor
    FROM ours o FULL JOIN provider_line l ON l.intent_id = o.intent_id
    WHERE l.intent_id IS NOT NULL
       OR ((o.created_at >= $1::timestamptz OR $1 IS NULL)
           AND (o.created_at < $2::timestamptz OR $2 IS NULL))
), difference AS (
    SELECT p.*, d.what, d.ours, d.theirs
    FROM pair p CROSS JOIN LATERAL (VALUES
        ('missing_here', p.id IS NULL AND p.captured_minor > 0, NULL, p.captured_minor),
        ('missing_there', p.number IS NULL, p.our_captured, NULL),
        ('currency', p.currency <> p.our_currency, p.our_captured, p.captured_minor),
        ('captured', p.captured_minor <> p.our_captured, p.our_captured, p.captured_minor),
        ('refunded', p.refunded_minor <> p.our_refunded, p.our_refunded, p.refunded_minor)
    ) AS d(what, is_so, ours, theirs)
    WHERE d.is_so
), shown AS (
    SELECT * FROM difference ORDER BY number NULLS LAST, intent_id, what LIMIT 1000
)
SELECT json_build_object(
    'lines', (SELECT count(*) FROM provider_line),
    'payments', (SELECT count(*) FROM pair WHERE id IS NOT NULL),
    'differences', (SELECT count(*) FROM difference),
    'list', (SELECT coalesce(json_agg(json_build_object(
        'line', number,
        'intent_id', intent_id,
        'payment', coalesce(id::text, payment_id),
        'event', event_id::text,
        'difference', what,
        'ours_minor', ours,
        'theirs_minor', theirs,
        'currency', coalesce(currency, our_currency),
        'changed_at', to_char(changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ) ORDER BY number NULLS LAST, intent_id, what), '[]') FROM shown)
)::text
