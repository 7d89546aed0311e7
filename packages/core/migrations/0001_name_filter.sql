-- `name_filter` looks for a part of a name: an index over trigrams finds it without reading all users. Not every
-- PostgreSQL has the extension, or lets us make it; then the filter reads all users, and the hub says so once.
DO $$
BEGIN
	CREATE EXTENSION IF NOT EXISTS pg_trgm;
	CREATE INDEX "users_name_trigrams" ON "users" USING gin (lower("name") gin_trgm_ops) WITH (fastupdate = off);
EXCEPTION WHEN OTHERS THEN
	RAISE WARNING 'no trigram index on user names: %', SQLERRM;
END
$$;
