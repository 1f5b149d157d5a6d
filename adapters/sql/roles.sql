-- Who may do what. Idempotent; run before the numbered migrations. Roles belong to the whole server, so two
-- databases of one server may meet here: a role that somebody else just created is as good.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'landcycle_owner') THEN
        CREATE ROLE landcycle_owner NOLOGIN;                -- owns every table; the log's functions run as it
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'landcycle_app') THEN
        CREATE ROLE landcycle_app LOGIN;                    -- the running application; no password is set here
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'landcycle_owner', 'MEMBER') THEN
        EXECUTE format('GRANT landcycle_owner TO %I', current_user);
    END IF;
END $$;

GRANT USAGE, CREATE ON SCHEMA public TO landcycle_owner, landcycle_app;
CREATE SCHEMA IF NOT EXISTS generation_a AUTHORIZATION landcycle_owner;     -- the two shelves of read models
CREATE SCHEMA IF NOT EXISTS generation_b AUTHORIZATION landcycle_owner;
GRANT USAGE ON SCHEMA generation_a, generation_b TO landcycle_app;
ALTER DEFAULT PRIVILEGES FOR ROLE landcycle_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO landcycle_app;
ALTER DEFAULT PRIVILEGES FOR ROLE landcycle_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO landcycle_app;
