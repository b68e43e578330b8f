-- Refunds that are under way or failed, those that failed first, then the oldest first, at most
-- 10,000: by the index payment_refund, however many payments there are. States are numbered in
-- actors/payment/payment.h.
SELECT coalesce(json_agg(json_build_object(
    'payment', p.id::text,
    'event', p.event_id::text,
    'reservation', p.reservation_id::text,
    'state', CASE p.state WHEN 8 THEN 'refund_due' WHEN 9 THEN 'refunding' ELSE 'refund_failed' END,
    'refund_minor', p.refund_minor,
    'currency', p.currency,
    'attempts', p.refund_number,
    'intent_id', p.intent_id,
    'refund_id', p.refund_id,
    'changed_at', to_char(p.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
) ORDER BY p.state = 11 DESC, p.id), '[]')::text
FROM (SELECT * FROM payment WHERE refund_minor > refunded_minor AND state IN (8, 9, 11)
    ORDER BY state = 11 DESC, id LIMIT 10000) p
