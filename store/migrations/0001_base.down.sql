-- Also of a schema that an unreleased version of the script made.
DROP VIEW IF EXISTS claimed_seat;
DROP TABLE IF EXISTS actor_lease, server_life, host, stream_incarnation, fact, posting, ticket,
    payment, seat_claim, reservation, event_plan, event_price, event, production, plan, venue,
    organizer, currency;
DROP FUNCTION IF EXISTS event_money;
