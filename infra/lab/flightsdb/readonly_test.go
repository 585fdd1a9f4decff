package flightsdb

import (
	"strings"
	"testing"
)

func TestWritesAreRefused(t *testing.T) {
	db := sample(t)
	db.SetMaxOpenConns(1)
	before := ask(t, db, "SELECT COUNT(*), MIN(rid), MAX(equipment) FROM routes")
	for _, statement := range []string{
		"INSERT INTO locales VALUES ('xx', 'X')",
		"REPLACE INTO locales VALUES ('xx', 'X')",
		"INSERT INTO locales SELECT * FROM locales",
		"UPDATE routes SET stops = 1",
		"UPDATE routes JOIN airlines USING (alid) SET stops = 1",
		"DELETE FROM routes",
		"TRUNCATE TABLE routes",
		"CREATE TABLE t (a INT)",
		"CREATE TEMPORARY TABLE t (a INT)",
		"CREATE TABLE t AS SELECT * FROM routes",
		"CREATE INDEX i ON routes (stops)",
		"CREATE VIEW v AS SELECT 1",
		"CREATE DATABASE d",
		"CREATE USER u",
		"CREATE PROCEDURE p() SELECT 1",
		"CREATE TRIGGER g BEFORE INSERT ON routes FOR EACH ROW SET NEW.stops = 1",
		"DROP TABLE routes",
		"DROP DATABASE flights",
		"DROP INDEX routes_alid ON routes",
		"ALTER TABLE routes ADD COLUMN c INT",
		"ALTER DATABASE flights COLLATE utf8mb4_bin",
		"RENAME TABLE routes TO r",
		"GRANT ALL ON *.* TO root",
		"LOAD DATA INFILE '/etc/hostname' INTO TABLE locales",
		"LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE locales",
		"SELECT 1 INTO OUTFILE '/tmp/flights'",
		"SELECT 1 INTO DUMPFILE '/tmp/flights'",
		"SELECT * FROM (SELECT 1 UNION SELECT 2) t INTO OUTFILE '/tmp/flights'",
		"SET GLOBAL max_connections = 1",
		"SET PERSIST max_connections = 1",
		"SET @@GLOBAL.max_connections = 1",
		"ANALYZE TABLE routes",
		"FLUSH TABLES",
		"CALL p()",
		"PREPARE s FROM 'DELETE FROM routes'",
		"EXPLAIN DELETE FROM routes",
	} {
		_, err := db.Exec(statement)
		if got := number(t, err); got != 1290 {
			t.Errorf("%s: error %v, want 1290", statement, err)
		}
	}
	if _, err := db.Prepare("DELETE FROM routes"); number(t, err) != 1290 {
		t.Errorf("prepare a DELETE: error %v, want 1290", err)
	}
	if got, want := ask(t, db, "SELECT COUNT(*), MIN(rid), MAX(equipment) FROM routes"), before; got[0] != want[0] {
		t.Errorf("after the writes: %s, want %s", got, want)
	}
	if got, want := strings.Join(ask(t, db, "SHOW TABLES"), " "), "airlines airports countries locales routes"; got != want {
		t.Errorf("tables after the writes: %s, want %s", got, want)
	}
}

func TestSessionStatementsAreAllowed(t *testing.T) {
	db := sample(t)
	db.SetMaxOpenConns(1)
	for _, statement := range []string{
		"USE flights", "SET NAMES utf8mb4", "SET SESSION sql_mode = ''", "SET @a = 1", "SELECT 1 INTO @a",
		"BEGIN", "COMMIT", "START TRANSACTION READ ONLY", "ROLLBACK", "SAVEPOINT s",
		"LOCK TABLES routes READ", "UNLOCK TABLES",
		"PREPARE s FROM 'SELECT ?'", "EXECUTE s USING @a", "DEALLOCATE PREPARE s", "SET time_zone = '+05:30'", "SET time_zone = 'SYSTEM'", "SET sql_mode = 'ANSI_QUOTES'",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// TestNoHostFile reads a file that every host has: the test's own program.
func TestNoHostFile(t *testing.T) {
	db := sample(t)
	for _, query := range []string{"SELECT LOAD_FILE('/proc/self/exe')", "SELECT LOAD_FILE('readonly_test.go')"} {
		if got := ask(t, db, query); got[0] != "NULL" {
			t.Errorf("%s: %.20q, want NULL", query, got[0])
		}
	}
}
