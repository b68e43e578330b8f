-- What actors and the operator's command seal their messages with (schemas/seal.h). Whoever reads
-- this can confirm reservations and refund payments: edges may not, though they read every table.
CREATE TABLE seal_key (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- Of three times 122 bits of the server's strong randomness, which no extension is needed for.
    key        bytea NOT NULL UNIQUE CHECK (octet_length(key) = 32) DEFAULT sha256(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
        || uuid_send(gen_random_uuid())),
    -- From then on it seals; it opens as soon as a program has read it.
    valid_from timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Before the earliest of these nobody is asked for a seal.
    asked_from timestamptz NOT NULL DEFAULT clock_timestamp()
);
REVOKE ALL ON seal_key FROM PUBLIC;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cavea_edge') THEN
        REVOKE ALL ON seal_key FROM cavea_edge;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cavea_actors') THEN
        REVOKE INSERT, UPDATE, DELETE ON seal_key FROM cavea_actors;
    END IF;
END
$$;
-- Hosts that are at work know nothing of seals: time to start them again one after the other.
INSERT INTO seal_key (asked_from) SELECT clock_timestamp()
    + CASE WHEN EXISTS (SELECT FROM host) THEN interval '1 hour' ELSE interval '0' END;
