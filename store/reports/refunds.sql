-- Refunds that are under way or failed, the oldest first. There is no index for it: this goes
-- through all payments, for a person, not for a program. States are numbered in
-- actors/payment/payment.h.
SELECT coalesce(json_agg(json_build_object(
    'payment', p.id::text,
    'event', p.event_id::text,
    'reservation', p.reservation_id::text,
    'state', CASE p.state WHEN 8 THEN 'refund_due' WHEN 9 THEN 'refunding' ELSE 'refund_failed' END,
    'refund_minor', p.captured_minor - p.kept_minor,
    'currency', p.currency,
    'attempts', p.refund_number,
    'intent_id', p.intent_id,
    'refund_id', p.refund_id,
    'changed_at', to_char(p.changed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
) ORDER BY p.changed_at, p.id), '[]')::text
FROM payment p WHERE p.state IN (8, 9, 11)
