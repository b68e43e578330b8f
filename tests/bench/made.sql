-- How many reservations were made in the events of the table `loaded`; none of a bench is cancelled
-- or refunded, so one that is neither live nor over its time is not counted.
SELECT count(*) FROM loaded l JOIN reservation r ON r.event_id = l.id
WHERE state IN (1, 2) OR (state = 3 AND expires_at <= now());
