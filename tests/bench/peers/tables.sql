-- What the peers sell from: 20 houses of 60,000 seats, taken two neighbours at a time.
CREATE TABLE peer_seat (
    event          integer NOT NULL,
    seat           integer NOT NULL,
    version        integer NOT NULL DEFAULT 0,
    reservation_id bigint,
    PRIMARY KEY (event, seat)
) WITH (fillfactor = 50);
INSERT INTO peer_seat (event, seat)
    SELECT event, seat FROM generate_series(1, 20) event, generate_series(0, 59999) seat;

-- Ids grow with time, which is the cheapest there is for the index.
CREATE TABLE peer_reservation (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event      integer NOT NULL,
    buyer      integer NOT NULL,
    seats      integer[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '10 min'
);
CREATE TABLE peer_fact (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event   integer NOT NULL,
    at      timestamptz NOT NULL DEFAULT now(),
    payload bytea NOT NULL
);
VACUUM ANALYZE peer_seat;
-- The next checkpoint is far, and every page of the seats is in the log already: nobody is measured
-- while whole pages are written for the first time.
CHECKPOINT;
UPDATE peer_seat SET version = 0;
VACUUM peer_seat;
