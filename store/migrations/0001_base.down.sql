DROP VIEW claimed_seat;
DROP TABLE actor_lease, server_life, host, stream_incarnation, fact, posting, ticket, payment,
    seat_claim, reservation, event_plan, event_price, event, production, plan, venue, organizer,
    currency;
DROP FUNCTION event_money, sum_of;
