package flightsdb

import (
	"strings"
	"testing"
)

// TestToolStatements runs what drivers and graphical tools ask before the first query of their user.
func TestToolStatements(t *testing.T) {
	db := sample(t)
	db.SetMaxOpenConns(1)
	for _, query := range []string{
		`/* mysql-connector-j-8.0.33 */SELECT @@session.auto_increment_increment AS auto_increment_increment,
			@@character_set_client, @@character_set_connection, @@character_set_results, @@character_set_server,
			@@collation_server, @@collation_connection, @@init_connect, @@interactive_timeout, @@license,
			@@lower_case_table_names, @@max_allowed_packet, @@net_write_timeout, @@performance_schema, @@sql_mode,
			@@system_time_zone, @@time_zone, @@transaction_isolation, @@wait_timeout`,
		"SELECT DATABASE()", "SELECT CONNECTION_ID()", "SELECT USER(), CURRENT_USER()", "SELECT VERSION()",
		"SELECT @@version_comment LIMIT 1", "SELECT @@tx_isolation", "SHOW WARNINGS",
		"SHOW DATABASES", "SHOW SCHEMAS", "SHOW FULL TABLES FROM `flights`", "SHOW TABLE STATUS FROM `flights`",
		"SHOW VARIABLES", "SHOW VARIABLES LIKE 'lower_case_%'", "SHOW SESSION VARIABLES", "SHOW GLOBAL VARIABLES",
		"SHOW STATUS", "SHOW GLOBAL STATUS", "SHOW SESSION STATUS LIKE 'Ssl_cipher'", "SHOW ENGINES", "SHOW PLUGINS",
		"SHOW CHARACTER SET", "SHOW COLLATION", "SHOW PROCESSLIST", "SHOW FULL PROCESSLIST", "SHOW PRIVILEGES",
		"SHOW GRANTS", "SHOW GRANTS FOR CURRENT_USER()", "SHOW TRIGGERS", "SHOW EVENTS",
		"SHOW PROCEDURE STATUS", "SHOW FUNCTION STATUS", "SHOW CREATE DATABASE `flights`",
		"SHOW FULL COLUMNS FROM `routes`", "SHOW KEYS FROM `routes`", "SHOW INDEXES FROM routes FROM flights",
		"DESCRIBE routes", "DESC routes", "EXPLAIN routes", "EXPLAIN SELECT 1", "EXPLAIN SELECT * FROM routes WHERE rid = 1",
		"EXPLAIN SELECT COUNT(*) FROM routes", "EXPLAIN FORMAT=TREE SELECT * FROM routes",
		"SELECT * FROM information_schema.column_statistics",
	} {
		if _, err := answer(db, query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	for _, query := range []string{"SET NAMES utf8mb4", "SET SQL_SELECT_LIMIT=DEFAULT", "SET character_set_results = NULL",
		"SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", "SET autocommit=1",
		"SET sql_mode='STRICT_TRANS_TABLES'", "SET time_zone = '+00:00'", "SET net_write_timeout=600"} {
		if _, err := db.Exec(query); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
}

// TestInformationSchema reads every table there is in information_schema.
func TestInformationSchema(t *testing.T) {
	db := sample(t)
	for _, table := range ask(t, db, "SHOW TABLES FROM information_schema") {
		_, err := answer(db, "SELECT * FROM information_schema."+table)
		// The accounts are in no table.
		if err != nil && number(t, err) != 1049 {
			t.Errorf("%s: %v", table, err)
		}
	}
}

func TestOnlyFlights(t *testing.T) {
	db := sample(t)
	if got, want := strings.Join(ask(t, db, "SHOW DATABASES"), " "), "flights information_schema"; got != want {
		t.Errorf("databases: %s, want %s", got, want)
	}
}

func TestDescribe(t *testing.T) {
	want := `rid|bigint|NO|PRI|NULL|
airline|varchar(8)|NO||NULL|
alid|bigint|YES|MUL|NULL|
src_ap|varchar(8)|NO|MUL|NULL|
src_apid|bigint|YES|MUL|NULL|
dst_ap|varchar(8)|NO||NULL|
dst_apid|bigint|YES|MUL|NULL|
codeshare|varchar(1)|NO||NULL|
stops|tinyint|NO||NULL|
equipment|varchar(255)|NO||NULL|`
	if got := strings.Join(ask(t, sample(t), "DESCRIBE routes"), "\n"); got != want {
		t.Errorf("DESCRIBE routes:\n%s\nwant\n%s", got, want)
	}
}

func TestShowCreateTable(t *testing.T) {
	want := "airports|CREATE TABLE `airports` (\n" +
		"  `apid` bigint NOT NULL,\n" +
		"  `name` varchar(255) NOT NULL,\n" +
		"  `city` varchar(255) NOT NULL,\n" +
		"  `country` varchar(255) NOT NULL,\n" +
		"  `iata` varchar(8) NOT NULL,\n" +
		"  `icao` varchar(8) NOT NULL,\n" +
		"  `x` double NOT NULL,\n" +
		"  `y` double NOT NULL,\n" +
		"  `elevation` bigint NOT NULL,\n" +
		"  `uid` bigint,\n" +
		"  `timezone` float NOT NULL,\n" +
		"  `dst` char(1) NOT NULL,\n" +
		"  `tz_id` varchar(64) NOT NULL,\n" +
		"  `type` varchar(32) NOT NULL,\n" +
		"  `source` varchar(32) NOT NULL,\n" +
		"  `country_code` varchar(8),\n" +
		"  PRIMARY KEY (`apid`),\n" +
		"  KEY `airports_iata` (`iata`),\n" +
		"  KEY `airports_icao` (`icao`),\n" +
		"  KEY `airports_country_code` (`country_code`),\n" +
		"  CONSTRAINT `fk_airports_country_row` FOREIGN KEY (`country_code`) REFERENCES `countries` (`code`)\n" +
		") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
	if got := ask(t, sample(t), "SHOW CREATE TABLE airports"); got[0] != want {
		t.Errorf("SHOW CREATE TABLE airports:\n%s\nwant\n%s", got[0], want)
	}
}

func TestVariablesSayHowTheServerIs(t *testing.T) {
	query := `SELECT @@version, @@version_comment, @@read_only, @@super_read_only, @@max_allowed_packet, @@max_connections,
		@@max_prepared_stmt_count, @@secure_file_priv`
	want := version + "|flights database of the chaos workshop, read-only|1|1|1048576|1000|1000|NULL"
	if got := ask(t, sample(t), query); got[0] != want {
		t.Errorf("variables: %s, want %s", got[0], want)
	}
}
