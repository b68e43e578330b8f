-- The event side leads with event_id (or actor), so that a slot can move to another shard.
-- No index mentions a column that changes: updates of state, expires_at and cursors stay HOT.

CREATE TABLE currency (
    code     char(3) PRIMARY KEY CHECK (code ~ '^[A-Z]{3}$'),
    exponent smallint NOT NULL CHECK (exponent BETWEEN 0 AND 4)  -- ISO 4217 minor units
);
INSERT INTO currency (code, exponent) VALUES
    ('EUR', 2), ('USD', 2), ('GBP', 2), ('CHF', 2), ('SEK', 2), ('NOK', 2), ('DKK', 2), ('PLN', 2),
    ('CZK', 2), ('HUF', 2), ('CAD', 2), ('AUD', 2), ('NZD', 2), ('MXN', 2), ('BRL', 2), ('INR', 2),
    ('CNY', 2), ('SGD', 2), ('HKD', 2), ('ZAR', 2), ('AED', 2), ('ILS', 2), ('TRY', 2),
    ('JPY', 0), ('KRW', 0), ('ISK', 0), ('CLP', 0), ('VND', 0),
    ('BHD', 3), ('KWD', 3), ('OMR', 3), ('JOD', 3), ('TND', 3);

CREATE TABLE organizer (
    id         uuid PRIMARY KEY,
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE venue (
    id           uuid PRIMARY KEY,
    organizer_id uuid NOT NULL REFERENCES organizer,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    city         text NOT NULL CHECK (length(city) BETWEEN 1 AND 200),
    country      char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    time_zone    text NOT NULL,  -- IANA name, checked against pg_timezone_names by the creator
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE plan (
    hash       bytea PRIMARY KEY CHECK (length(hash) = 32),  -- SHA-256 of layout
    name       text NOT NULL,
    seats      integer NOT NULL CHECK (seats BETWEEN 1 AND 65536),
    layout     bytea NOT NULL,   -- JSON with positions, served as it is
    packed     bytea NOT NULL,   -- cavea.v1.PackedPlan
    source     bytea,            -- the imported pretix file, for an exact export
    side       bytea,            -- the side file's JSON: prices that its events start from
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE plan ALTER COLUMN layout SET COMPRESSION lz4;
ALTER TABLE plan ALTER COLUMN packed SET COMPRESSION lz4;

-- A production groups the events that are its performances.
CREATE TABLE production (
    id           uuid PRIMARY KEY,
    organizer_id uuid NOT NULL REFERENCES organizer,
    name         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE event (
    id             uuid PRIMARY KEY,
    tag            bigint NOT NULL UNIQUE CHECK (tag BETWEEN 0 AND 4294967295),
    organizer_id   uuid NOT NULL REFERENCES organizer,
    venue_id       uuid NOT NULL REFERENCES venue,
    production_id  uuid REFERENCES production,
    name           text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    category       text NOT NULL CHECK (length(category) BETWEEN 1 AND 60),
    description    text NOT NULL DEFAULT '',
    currency       char(3) NOT NULL REFERENCES currency,
    status         smallint NOT NULL DEFAULT 1 CHECK (status BETWEEN 1 AND 5),
    starts_at      timestamptz NOT NULL,
    sale_starts_at timestamptz NOT NULL,
    hold_seconds   integer NOT NULL DEFAULT 600 CHECK (hold_seconds BETWEEN 1 AND 1800),
    plan_hash      bytea NOT NULL REFERENCES plan,
    seats          integer NOT NULL,            -- sellable at creation: not blocked in the plan
    price_min_minor bigint NOT NULL,
    price_max_minor bigint NOT NULL,
    -- A confirmed reservation given back at least so long before the start gets so much of its
    -- price back; later than the last of them, nothing.
    refund_before_seconds integer[] NOT NULL DEFAULT '{86400,7200}',
    refund_percent smallint[] NOT NULL DEFAULT '{100,50}',
    fee_bp         smallint NOT NULL DEFAULT 0 CHECK (fee_bp BETWEEN 0 AND 10000),  -- of the price
    tax_bp         smallint NOT NULL DEFAULT 0 CHECK (tax_bp BETWEEN 0 AND 10000),
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (cardinality(refund_before_seconds) = cardinality(refund_percent)),
    CHECK (cardinality(refund_percent) <= 8 AND fee_bp + tax_bp <= 10000)
);
CREATE INDEX event_by_start ON event (starts_at, id);

CREATE TABLE event_price (
    event_id    uuid NOT NULL REFERENCES event,
    category    smallint NOT NULL,              -- index into the plan's categories
    price_minor bigint NOT NULL CHECK (price_minor >= 0),
    PRIMARY KEY (event_id, category)
);

-- Seat indexes of an event only grow: a later revision maps its plan's order to them.
CREATE TABLE event_plan (
    event_id  uuid NOT NULL REFERENCES event,
    revision  integer NOT NULL,
    plan_hash bytea NOT NULL REFERENCES plan,
    seat_map  integer[],                        -- NULL: the plan's own order
    PRIMARY KEY (event_id, revision)
);

CREATE TABLE reservation (
    event_id      uuid NOT NULL,
    id            uuid NOT NULL,
    buyer_id      uuid NOT NULL,
    state         smallint NOT NULL CHECK (state BETWEEN 1 AND 5),
    key_hash      bytea NOT NULL,
    body_hash     bytea NOT NULL,
    seats         integer[] NOT NULL,
    price_minor   bigint[] NOT NULL,
    total_minor   bigint NOT NULL CHECK (total_minor >= 0),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    payment_id    uuid,
    checkout_key  bytea,
    checkout_body bytea,
    other_seats   boolean,   -- paid too late, the buyer takes equal or better ones
    outcome       smallint,  -- payment_outcome, of a confirmed one
    refund_minor  bigint,    -- of a refunded one
    PRIMARY KEY (event_id, id),
    CHECK (cardinality(seats) BETWEEN 1 AND 10 AND cardinality(price_minor) = cardinality(seats))
) WITH (fillfactor = 70, autovacuum_analyze_scale_factor = 0.5);
-- No statement asks for these by value. A sample of 30,000 seat lists, every 15 s of a sale, costs
-- a tenth of what the sale costs.
ALTER TABLE reservation
    ALTER COLUMN key_hash SET STATISTICS 0, ALTER COLUMN body_hash SET STATISTICS 0,
    ALTER COLUMN seats SET STATISTICS 0, ALTER COLUMN price_minor SET STATISTICS 0,
    ALTER COLUMN checkout_key SET STATISTICS 0, ALTER COLUMN checkout_body SET STATISTICS 0;

-- The database's own word against a second owner: one row for a seat while somebody has it. Its key
-- is event.tag << 16 | seat, half as wide as the event's id and the seat: this is the one index
-- that is written in random places. A slot's events are one range of it.
CREATE TABLE seat_claim (
    seat_key       bigint PRIMARY KEY,
    reservation_id uuid NOT NULL
) WITH (autovacuum_analyze_scale_factor = 0.5);
-- For people and reports; the same ranges of the key.
CREATE VIEW claimed_seat AS
    SELECT e.id AS event_id, (c.seat_key & 65535)::integer AS seat, c.reservation_id
    FROM event e
    JOIN seat_claim c ON c.seat_key BETWEEN e.tag << 16 AND (e.tag << 16) + 65535;

-- What changes stands together, before the texts: the log of an update leaves out what stayed the
-- same at the end of a row. A row grows by half when its intent is known, and changes twice more:
-- it is to do so in its page.
CREATE TABLE payment (
    event_id       uuid NOT NULL,
    id             uuid NOT NULL,
    reservation_id uuid NOT NULL,
    buyer_id       uuid NOT NULL,
    amount_minor   bigint NOT NULL CHECK (amount_minor >= 0),
    created_at     timestamptz NOT NULL,
    changed_at     timestamptz NOT NULL,
    captured_minor bigint NOT NULL DEFAULT 0,
    refund_minor   bigint NOT NULL DEFAULT 0,    -- asked for
    refunded_minor bigint NOT NULL DEFAULT 0,    -- arrived
    kept_minor     bigint NOT NULL DEFAULT 0,    -- by policy, of a cancelled reservation
    state          smallint NOT NULL,
    refund_number  smallint NOT NULL DEFAULT 0,  -- the refund attempt; its key is refund:<id>:<n>
    fee_bp         smallint NOT NULL DEFAULT 0,  -- the event's when it was confirmed
    tax_bp         smallint NOT NULL DEFAULT 0,
    currency       char(3) NOT NULL,
    intent_id      text NOT NULL DEFAULT '' CHECK (octet_length(intent_id) < 72),
    client_secret  text NOT NULL DEFAULT '' CHECK (octet_length(client_secret) < 160),
    pay_url        text NOT NULL DEFAULT '' CHECK (octet_length(pay_url) < 256),
    refund_id      text NOT NULL DEFAULT '' CHECK (octet_length(refund_id) < 72),
    PRIMARY KEY (event_id, id),
    CHECK (refunded_minor + kept_minor <= captured_minor)
) WITH (fillfactor = 35);
-- Money that is to go back and is not there yet. Of its columns one is written when a refund is
-- decided and one when it has arrived, so that no other update has to write an index.
CREATE INDEX payment_refund ON payment (id) WHERE refund_minor > refunded_minor;

CREATE TABLE ticket (
    event_id       uuid NOT NULL,
    id             uuid NOT NULL,
    reservation_id uuid NOT NULL,
    seat           integer NOT NULL,
    state          smallint NOT NULL,
    key_id         text NOT NULL,
    jws            text NOT NULL,
    compact        text NOT NULL,
    issued_at      timestamptz NOT NULL,
    PRIMARY KEY (event_id, id)
) WITH (fillfactor = 70);

-- The double-entry books. A row is one transaction with all its lines, written with the fact that
-- says why, so that the database itself refuses one that does not sum to zero. It has two to six
-- lines (schemas/account.h), added up one by one: a function with a query in it would cost more
-- than the rest of the row.
CREATE TABLE posting (
    actor         uuid NOT NULL,                -- the payment actor
    seq           bigint NOT NULL,              -- its fact
    event_id      uuid NOT NULL,
    payment_id    uuid NOT NULL,
    currency      char(3) NOT NULL,
    at            timestamptz NOT NULL,
    accounts      smallint[] NOT NULL,          -- posting_account of schemas/account.h
    amounts_minor bigint[] NOT NULL,            -- debit positive
    PRIMARY KEY (event_id, actor, seq),
    CHECK (cardinality(accounts) = cardinality(amounts_minor)),
    CHECK (cardinality(amounts_minor) BETWEEN 2 AND 6 AND array_lower(amounts_minor, 1) = 1
        AND amounts_minor[1] + amounts_minor[2] + coalesce(amounts_minor[3], 0)
            + coalesce(amounts_minor[4], 0) + coalesce(amounts_minor[5], 0)
            + coalesce(amounts_minor[6], 0) IS NOT DISTINCT FROM 0)
);
-- Rows come in the order of their times: a few bytes for many pages find the latest.
CREATE INDEX posting_by_time ON posting USING brin (at) WITH (autosummarize = on);

-- The conservation of money (invariant 4) in one place, as of one moment: for each currency of an
-- event captured - refunded = sold + retained + undecided, where undecided is captured money that
-- no confirmed reservation has and that is not back yet. Of it refunding is what the provider took
-- on to send back, which may take a bank days; undecided_since is of the rest, NULL while the
-- answer to it is on its way between two actors. unbalanced is what should be zero: by how much
-- the reservations, the payments and the postings contradict each other. States are numbered in
-- actors/event/event.h and actors/payment/payment.h, accounts in schemas/account.h.
CREATE FUNCTION event_money(event uuid) RETURNS TABLE (
    currency char(3), reservations bigint, sold_minor bigint, captured_minor bigint,
    refunded_minor bigint, retained_minor bigint, organizer_minor bigint, fees_minor bigint,
    tax_minor bigint, refund_due_minor bigint, undecided_minor bigint, refunding_minor bigint,
    undecided_since timestamptz, unbalanced_minor bigint) LANGUAGE sql STABLE PARALLEL SAFE AS $$
WITH line AS (
    SELECT l.currency, l.account, sum(l.amount) AS amount
    FROM (SELECT p.currency, unnest(p.accounts) AS account, unnest(p.amounts_minor) AS amount
          FROM posting p WHERE p.event_id = $1) AS l
    GROUP BY l.currency, l.account
), book AS (
    SELECT currency, sum(amount) FILTER (WHERE account = 1) AS clearing,
        -sum(amount) FILTER (WHERE account = 2) AS undecided,
        -sum(amount) FILTER (WHERE account = 3) AS organizer,
        -sum(amount) FILTER (WHERE account = 4) AS fees,
        -sum(amount) FILTER (WHERE account = 5) AS tax,
        -sum(amount) FILTER (WHERE account = 6) AS retained,
        -sum(amount) FILTER (WHERE account = 7) AS refund_due
    FROM line GROUP BY currency
), paid AS (
    SELECT p.currency, p.state, p.captured_minor AS captured, p.refunded_minor AS refunded,
        p.kept_minor AS kept, p.captured_minor - p.refunded_minor - p.kept_minor AS open,
        p.id, r.total_minor AS sold, p.state = 9 AND p.refund_id <> '' AS refunding
    FROM payment p
    LEFT JOIN reservation r ON r.event_id = p.event_id AND r.id = p.reservation_id
        AND r.payment_id = p.id AND r.state = 2
    WHERE p.event_id = $1 AND p.captured_minor > 0
), waiting AS (
    -- From its capture, or from the decision to give it back, whichever it waits behind.
    SELECT p.currency, min(g.at) AS since
    FROM posting g JOIN paid p ON p.id = g.payment_id
    WHERE g.event_id = $1 AND p.sold IS NULL AND p.open > 0 AND p.state <> 7 AND NOT p.refunding
        AND CASE p.state WHEN 6 THEN 2 ELSE 7 END = ANY (g.accounts)
        AND g.amounts_minor[array_position(g.accounts,
                                           CASE p.state WHEN 6 THEN 2 ELSE 7 END::int2)] < 0
    GROUP BY p.currency
), money AS (
    SELECT currency, count(sold) AS reservations, sum(sold) AS sold, sum(captured) AS captured,
        sum(refunded) AS refunded, sum(kept) AS kept,
        sum(open) FILTER (WHERE sold IS NULL) AS undecided,
        sum(open) FILTER (WHERE sold IS NULL AND refunding) AS refunding,
        -- A confirmed reservation has its price, not more, not less, and nothing of it goes back.
        sum(abs(captured - sold)) + coalesce(sum(captured) FILTER (
            WHERE sold IS NOT NULL AND state NOT IN (6, 7)), 0) AS wrong,
        sum(captured) FILTER (WHERE state = 6) AS must_undecided,
        sum(captured) FILTER (WHERE state = 7 AND kept = 0) AS must_sold,
        sum(captured - kept) FILTER (WHERE state IN (8, 9, 11)) AS must_due
    FROM paid GROUP BY currency
), unpaid AS (
    SELECT e.currency, count(*) AS reservations, sum(r.total_minor) AS sold
    FROM event e JOIN reservation r ON r.event_id = e.id AND r.state = 2 AND r.total_minor > 0
    LEFT JOIN payment p ON p.event_id = r.event_id AND p.id = r.payment_id
        AND p.captured_minor > 0 AND p.currency = e.currency
    WHERE e.id = $1 AND p.id IS NULL GROUP BY e.currency
), known AS (
    SELECT currency FROM book UNION SELECT currency FROM money UNION
    SELECT currency FROM event WHERE id = $1
)
SELECT k.currency,
    coalesce(m.reservations, 0) + coalesce(u.reservations, 0),
    (coalesce(m.sold, 0) + coalesce(u.sold, 0))::bigint,
    coalesce(m.captured, 0)::bigint, coalesce(m.refunded, 0)::bigint, coalesce(m.kept, 0)::bigint,
    coalesce(b.organizer, 0)::bigint, coalesce(b.fees, 0)::bigint, coalesce(b.tax, 0)::bigint,
    coalesce(b.refund_due, 0)::bigint, coalesce(m.undecided, 0)::bigint,
    coalesce(m.refunding, 0)::bigint, w.since,
    (coalesce(u.sold, 0) + coalesce(m.wrong, 0)
     + abs(coalesce(b.clearing, 0) - coalesce(m.captured - m.refunded, 0))
     + abs(coalesce(b.undecided, 0) - coalesce(m.must_undecided, 0))
     + abs(coalesce(b.organizer, 0) + coalesce(b.fees, 0) + coalesce(b.tax, 0)
           - coalesce(m.must_sold, 0))
     + abs(coalesce(b.retained, 0) - coalesce(m.kept, 0))
     + abs(coalesce(b.refund_due, 0) - coalesce(m.must_due, 0)))::bigint
FROM known k
LEFT JOIN book b USING (currency) LEFT JOIN money m USING (currency)
LEFT JOIN unpaid u USING (currency) LEFT JOIN waiting w USING (currency)
ORDER BY k.currency
$$;

CREATE TABLE fact (
    actor   uuid NOT NULL,
    seq     bigint NOT NULL,
    at      timestamptz NOT NULL,
    kind    smallint NOT NULL,                  -- the oneof field number of the payload
    payload bytea NOT NULL,
    hash    bytea NOT NULL,                     -- BLAKE2b-256(previous hash, seq, kind, payload)
    PRIMARY KEY (actor, seq)
) WITH (autovacuum_analyze_scale_factor = 0.5);
ALTER TABLE fact
    ALTER COLUMN payload SET STATISTICS 0, ALTER COLUMN hash SET STATISTICS 0;
-- Payments that an event refused (cavea.v1.EventFact, field 14) are looked up when it is loaded.
CREATE INDEX fact_refusal ON fact (actor, seq) WHERE kind = 14;

CREATE TABLE stream_incarnation (
    stream      text NOT NULL,
    incarnation bigint NOT NULL,                -- the stream's creation time, unix nanoseconds
    ordinal     bigint GENERATED ALWAYS AS IDENTITY,
    first_seen  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (stream, incarnation)
);

CREATE TABLE host (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    lock_key     bigint NOT NULL,               -- session advisory lock of the writer connection
    backend_pid  integer NOT NULL,              -- the writer's backend, named exactly by its pid
    backend_start timestamptz NOT NULL,         -- and its start: a reused pid is somebody else's
    registered_at timestamptz NOT NULL DEFAULT clock_timestamp(),  -- by this backend
    kinds        integer NOT NULL,              -- bit 1 << actor_kind
    ttl_ms       integer NOT NULL,
    stopping     boolean NOT NULL DEFAULT false,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 50);

-- Unlogged on purpose: the row lives exactly as long as the server's advisory locks do. A crash or
-- a promotion empties the table; an orderly restart shows in postmaster_start. Until a host's time
-- to live has passed since then, a missing lock proves nothing about the host (store/lease.h).
CREATE UNLOGGED TABLE server_life (
    one              boolean PRIMARY KEY DEFAULT true CHECK (one),
    since            timestamptz NOT NULL DEFAULT clock_timestamp(),
    postmaster_start timestamptz NOT NULL DEFAULT pg_postmaster_start_time()
);

CREATE TABLE actor_lease (
    actor                 uuid PRIMARY KEY,
    kind                  smallint NOT NULL,
    slot                  smallint NOT NULL,           -- of an event's tag; 0 for other kinds
    epoch                 bigint NOT NULL,
    holder                uuid,
    incarnation           bigint NOT NULL DEFAULT 0,
    cursor_seq            bigint NOT NULL DEFAULT 0,
    last_seq              bigint NOT NULL DEFAULT 0,   -- last fact
    last_hash             bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
    claimed               integer NOT NULL DEFAULT 0,  -- seats held or sold
    senders               bytea NOT NULL DEFAULT '',
    published_incarnation bigint NOT NULL DEFAULT 0,
    published_seq         bigint NOT NULL DEFAULT 0,
    active_at             timestamptz NOT NULL DEFAULT clock_timestamp()  -- of the last commit
) WITH (fillfactor = 50);
-- Identifiers and bit maps: trying to compress them is wasted.
ALTER TABLE actor_lease ALTER COLUMN senders SET STORAGE EXTERNAL;
-- A partition's events that ever did something; neither column changes, so cursors stay HOT.
CREATE INDEX actor_lease_by_slot ON actor_lease (slot, actor) WHERE kind = 1;
