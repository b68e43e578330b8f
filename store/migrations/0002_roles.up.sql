-- Who may do what in the schema that the owner migrates: edges read, actors read and write rows.
-- The roles belong to the whole cluster, so they may exist already (ops/run makes them), or this
-- user may not make them: then whoever may does it later and migrates down to 1 and up again. A
-- role made here cannot log in until it is given a password.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['cavea_edge', 'cavea_actors'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION
                WHEN insufficient_privilege THEN
                    RAISE WARNING 'role % is missing and % may not make it', role, current_user;
                WHEN duplicate_object OR unique_violation THEN
                    NULL;  -- another database of this cluster was faster
            END;
        END IF;
        CONTINUE WHEN NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);
        EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO %I', current_schema(), role);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO %I',
                       current_schema(), role);
    END LOOP;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cavea_actors') THEN
        EXECUTE format('GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO cavea_actors',
                       current_schema());
        EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO cavea_actors',
                       current_schema());
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
                        GRANT INSERT, UPDATE, DELETE ON TABLES TO cavea_actors', current_schema());
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I
                        GRANT USAGE ON SEQUENCES TO cavea_actors', current_schema());
        -- What happened is written once.
        REVOKE UPDATE, DELETE ON fact, posting FROM cavea_actors;
        -- What has been applied is the owner's word.
        REVOKE INSERT, UPDATE, DELETE ON schema_migration FROM cavea_actors;
    END IF;
END
$$;
