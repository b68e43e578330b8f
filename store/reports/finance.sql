-- The money of one event by currency, see function event_money. Money that was captured and is
-- neither a sale nor kept nor back is undecided; its age counts from its capture or from the
-- decision to give it back, until the provider took the refund on (refunding). agrees:
-- reservations, payments and postings say the same.
SELECT json_build_object(
    'event', e.id::text,
    'name', e.name,
    'status', CASE WHEN e.status = 1 AND e.sale_starts_at <= clock_timestamp() THEN 'on_sale'
        ELSE (ARRAY['scheduled', 'on_sale', 'paused', 'closed', 'cancelled'])[e.status] END,
    'fee_bp', e.fee_bp,
    'tax_bp', e.tax_bp,
    'as_of', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
    'agrees', money.agrees,
    'currencies', money.currencies
)::text
FROM event e
CROSS JOIN LATERAL (
    SELECT bool_and(m.unbalanced_minor = 0) AS agrees, json_agg(json_build_object(
        'currency', m.currency,
        'exponent', (SELECT c.exponent FROM currency c WHERE c.code = m.currency),
        'reservations', m.reservations,
        'sold_minor', m.sold_minor,
        'captured_minor', m.captured_minor,
        'refunded_minor', m.refunded_minor,
        'retained_minor', m.retained_minor,
        'organizer_minor', m.organizer_minor,
        'fees_minor', m.fees_minor,
        'tax_minor', m.tax_minor,
        'refund_due_minor', m.refund_due_minor,
        'undecided_minor', m.undecided_minor,
        'refunding_minor', m.refunding_minor,
        'undecided_age_seconds', coalesce(greatest(0,
            extract(epoch FROM clock_timestamp() - m.undecided_since))::bigint, 0),
        'unbalanced_minor', m.unbalanced_minor
    ) ORDER BY m.currency) AS currencies
    FROM event_money(e.id) AS m) AS money
WHERE e.id = $1::uuid
