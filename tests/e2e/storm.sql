-- What must not be, after a storm (tests/e2e/storm.sh): one line for each kind of thing that was
-- found, with how often. Nothing at all when everything is right. Standard input: what the buyers
-- were told (tests/integration/buyers_storm.c). States are numbered in actors/event/event.h and
-- actors/payment/payment.h.
\set ON_ERROR_STOP on
CREATE TEMP TABLE told (reservation uuid, payment uuid, what text, paid int, confirmed int,
                        refunded int, refund_minor bigint);
\copy told FROM pstdin CSV

WITH owned AS (
    SELECT r.event_id, r.id, unnest(r.seats) AS seat FROM reservation r WHERE r.state = 2
), valid AS (
    SELECT event_id, reservation_id AS id, seat FROM ticket WHERE state = 1
), claimed AS (
    SELECT event_id, reservation_id AS id, seat FROM claimed_seat
), kept AS (
    SELECT p.* FROM payment p WHERE p.state = 7 AND p.kept_minor = 0
), line AS (
    SELECT event_id, payment_id, unnest(accounts) AS account, unnest(amounts_minor) AS amount
    FROM posting
), clearing AS (
    SELECT event_id, payment_id, sum(amount) AS amount FROM line WHERE account = 1 GROUP BY 1, 2
), conserved AS (
    SELECT e.id, k.currency,
        coalesce((SELECT sum(captured_minor - refunded_minor - kept_minor) FROM payment p
                  WHERE p.event_id = e.id AND p.currency = k.currency), 0)
        - coalesce((SELECT sum(total_minor) FROM reservation r WHERE r.event_id = e.id
                    AND r.state = 2 AND e.currency = k.currency), 0) AS difference
    FROM event e, (SELECT DISTINCT currency FROM payment) k
), finding (what, times) AS (
    SELECT 'payments that are not over', count(*) FROM payment
    WHERE state NOT IN (5, 7, 10)
    UNION ALL
    SELECT 'seats still held', count(*) FROM reservation WHERE state = 1
    UNION ALL
    SELECT 'captured, and neither a confirmed reservation nor a whole refund', count(*)
    FROM payment p LEFT JOIN reservation r
        ON r.event_id = p.event_id AND r.id = p.reservation_id AND r.payment_id = p.id
    WHERE p.captured_minor > 0 AND NOT coalesce(
        (p.state = 7 AND p.kept_minor = 0 AND r.state = 2
         AND p.captured_minor = r.total_minor AND p.refunded_minor = 0)
        OR (p.state = 7 AND p.kept_minor = p.captured_minor AND r.state = 5
            AND coalesce(r.refund_minor, 0) = 0)
        OR (p.state = 10 AND p.refunded_minor = p.refund_minor AND p.kept_minor = 0
            AND p.refunded_minor = p.captured_minor AND r.state IS DISTINCT FROM 2)
        OR (p.state = 10 AND p.refunded_minor = p.refund_minor AND r.state = 5
            AND p.refunded_minor = r.refund_minor
            AND p.refunded_minor + p.kept_minor = p.captured_minor), false)
    UNION ALL
    SELECT 'money without a capture', count(*) FROM payment
    WHERE captured_minor = 0 AND state NOT IN (5)
    UNION ALL
    SELECT 'invariant 1: a seat that two have', count(*)
    FROM (SELECT 1 FROM owned GROUP BY event_id, seat HAVING count(*) > 1) x
    UNION ALL
    SELECT 'invariant 1: seats and claims differ', count(*)
    FROM owned FULL JOIN claimed USING (event_id, id, seat)
    WHERE owned IS NULL OR claimed IS NULL
    UNION ALL
    SELECT 'invariant 2: acknowledged, and not there', count(*)
    FROM told t LEFT JOIN reservation r ON r.id = t.reservation
        LEFT JOIN payment p ON p.id = t.payment
    WHERE r.id IS NULL OR (t.payment IS NOT NULL AND p.id IS NULL)
    UNION ALL
    SELECT 'invariant 2: told confirmed, and it is not', count(*)
    FROM told t JOIN reservation r ON r.id = t.reservation
    WHERE t.confirmed = 1 AND r.state NOT IN (2, 5)
    UNION ALL
    SELECT 'invariant 2: told refunded, and it is not', count(*)
    FROM told t JOIN reservation r ON r.id = t.reservation
    WHERE t.refunded = 1 AND (r.state <> 5 OR coalesce(r.refund_minor, 0) <> t.refund_minor)
    UNION ALL
    SELECT 'invariant 2: paid at the provider, and not captured', count(*)
    FROM told t JOIN payment p ON p.id = t.payment WHERE t.paid = 1 AND p.captured_minor = 0
    UNION ALL
    SELECT 'invariant 3: a key with two successes', count(*)
    FROM (SELECT 1 FROM reservation GROUP BY event_id, key_hash HAVING count(*) > 1) x
    UNION ALL
    SELECT 'invariant 4: money of an event and currency', count(*) FROM conserved
    WHERE difference <> 0
    UNION ALL
    SELECT 'invariant 4: by event_money', count(*)
    FROM event e, event_money(e.id) m WHERE m.unbalanced_minor <> 0 OR m.undecided_minor <> 0
        OR m.captured_minor - m.refunded_minor <> m.sold_minor + m.retained_minor
    UNION ALL
    SELECT 'invariant 4: a payment and its postings', count(*)
    FROM payment p LEFT JOIN clearing c ON c.event_id = p.event_id AND c.payment_id = p.id
    WHERE coalesce(c.amount, 0) <> p.captured_minor - p.refunded_minor
    UNION ALL
    SELECT 'invariants 5 to 7: facts with a gap, or beyond their lease', count(*)
    FROM actor_lease l LEFT JOIN LATERAL (SELECT count(*) AS facts, max(f.seq) AS last
                                          FROM fact f WHERE f.actor = l.actor) f ON true
    WHERE l.last_seq <> f.facts OR l.last_seq <> coalesce(f.last, 0)
    UNION ALL
    SELECT 'invariant 8: a claim without a confirmed reservation', count(*)
    FROM claimed c LEFT JOIN owned o USING (event_id, id, seat) WHERE o.id IS NULL
    UNION ALL
    SELECT 'invariant 9: valid tickets and sold seats differ', count(*)
    FROM owned FULL JOIN valid USING (event_id, id, seat) WHERE owned IS NULL OR valid IS NULL
    UNION ALL
    SELECT 'invariant 10: a confirmed reservation without its one payment', count(*)
    FROM reservation r WHERE r.state = 2 AND r.total_minor > 0
        AND (SELECT count(*) FROM kept p WHERE p.event_id = r.event_id
             AND p.reservation_id = r.id AND p.captured_minor > 0) <> 1
)
SELECT what, times FROM finding WHERE times > 0;
