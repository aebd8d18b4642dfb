#!/bin/sh
# The database's roles, when it is made: run by the image, as its administrator, by the Unix socket. Passwords come from
# the environment and go in by a pipe, so that no command line shows them.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --file=/deploy/roles.sql
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
\getenv collector_password COLLECTOR_PASSWORD
\getenv reader_password READER_PASSWORD
ALTER ROLE collector PASSWORD :'collector_password';
ALTER ROLE reader PASSWORD :'reader_password';
SQL
