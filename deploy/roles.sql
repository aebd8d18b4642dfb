-- The roles of ess_ray in one database, each with no more than its job needs. By an administrator, as often as you like:
--
--   psql -v ON_ERROR_STOP=1 -d DATABASE -f deploy/roles.sql
--
-- It makes the roles without passwords; then, in psql, \password collector (and so on) asks for one and sends its hash.
-- Other names: -v collector=… -v exporter=… -v reader=… . Run it before the collector's first start, and again after it:
-- the tables that the collector makes later are for the reader at once, for the exporter after the next run of this file.
-- If it ends with "tuple concurrently updated", TimescaleDB was compressing a chunk just then: nothing is changed, run it
-- again.
--
--   collector   owns the tables: the main job, job=check, job=report, job=restore
--   exporter    job=export: reads all, keeps the ledger (export_until, export_object), cannot change a sample
--   reader      job=report, Grafana, people: reads the data and books, writes nothing
\if :{?collector}
\else
  \set collector collector
\endif
\if :{?exporter}
\else
  \set exporter exporter
\endif
\if :{?reader}
\else
  \set reader reader
\endif
SELECT current_database() AS database \gset
BEGIN;
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'collector', :'exporter', :'reader']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- Whoever may log in may not do anything else by that alone.
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO :"collector", :"exporter", :"reader";
GRANT TEMPORARY ON DATABASE :"database" TO :"collector";  -- job=restore
GRANT USAGE ON SCHEMA public TO :"collector", :"exporter", :"reader";
GRANT CREATE ON SCHEMA public TO :"collector";

-- TimescaleDB is an administrator's to install; without it the tables are plain.
SELECT 'CREATE EXTENSION IF NOT EXISTS timescaledb'
WHERE current_setting('timescaledb.disable_load', true) = 'off' \gexec

-- Tables that somebody else made, the administrator before there were roles, become the collector's.
SELECT format('ALTER TABLE %s OWNER TO %I', c.oid::regclass, :'collector')
FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  AND EXISTS (SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname = 'database_identity')
  AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
  AND c.relowner <> (SELECT oid FROM pg_roles WHERE rolname = :'collector') \gexec

-- What there is, and what the collector will make, may be read.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"exporter", :"reader";
ALTER DEFAULT PRIVILEGES FOR ROLE :"collector" IN SCHEMA public GRANT SELECT ON TABLES TO :"exporter", :"reader";

-- The exporter's ledger, once it is there.
SELECT format('GRANT INSERT, UPDATE ON %s TO %I', c.oid::regclass, :'exporter')
FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ('export_until', 'export_object') \gexec
COMMIT;
