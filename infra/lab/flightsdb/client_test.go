package flightsdb

import (
	"net"
	"os/exec"
	"strings"
	"testing"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/openflights"
)

// runClient runs one of MariaDB's programs against a server of the sample.
func runClient(t *testing.T, program string, arguments ...string) string {
	t.Helper()
	return runClientInput(t, "", program, arguments...)
}

// runClientInput is runClient with an input for the program.
func runClientInput(t *testing.T, input, program string, arguments ...string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		require.Missing(t, program+" (Debian's package mariadb-client)")
	}
	host, port, err := net.SplitHostPort(start(t, openflights.Sample()).Addr())
	if err != nil {
		t.Fatal(err)
	}
	arguments = append([]string{"--no-defaults", "-h", host, "-P", port, "-u", "root", "-p" + password}, arguments...)
	command := exec.Command(path, arguments...)
	command.Stdin = strings.NewReader(input)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, arguments, err, output)
	}
	return string(output)
}

func TestStockClient(t *testing.T) {
	output := runClient(t, "mariadb", "flights", "-N", "-e",
		"SELECT COUNT(*) > 3000 FROM routes; SHOW TABLES; SELECT @@version_comment\n\\s")
	for _, want := range []string{"1\n", "airlines\nairports\ncountries\nlocales\nroutes\n", "read-only", "Current database:\tflights"} {
		if !strings.Contains(output, want) {
			t.Errorf("the client's output lacks %q:\n%s", want, output)
		}
	}
}

// TestStockClientReadsTables is what the client does for its completion: it reads all columns with COM_FIELD_LIST.
func TestStockClientReadsTables(t *testing.T) {
	output := runClient(t, "mariadb", "--auto-rehash", "-N", "flights", "-e", "SELECT iata FROM airports WHERE icao = 'EGLL'")
	if want := "LHR\n"; output != want {
		t.Errorf("output: %q, want %q", output, want)
	}
}

// TestStockClientDeepStatements sends what would overflow the stack: the client may send several statements at once, for
// which the library has a separate path.
func TestStockClientDeepStatements(t *testing.T) {
	input := "SELECT " + strings.Repeat("!", 900_000) + "1;\nSELECT 1" + strings.Repeat("+1", 500_000) + ";\nSELECT 'still there';\n"
	output := runClientInput(t, input, "mariadb", "--force", "flights", "-N")
	if strings.Count(output, "ERROR 1436") != 2 || !strings.Contains(output, "still there") {
		t.Errorf("output: %.1000s\nwant two errors 1436 and the answer to the third statement", output)
	}
}

// TestStockClientErrorAfterRows is of a client that expects the old end of an answer.
func TestStockClientErrorAfterRows(t *testing.T) {
	input := "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;\nSELECT 'still there', CONNECTION_ID() = @id;\n"
	output := runClientInput(t, "SET @id = CONNECTION_ID();\n"+input, "mariadb", "--force", "flights", "-N")
	if !strings.Contains(output, "ERROR 3636") || !strings.Contains(output, "still there\t1\n") {
		t.Errorf("output: %.1000s\nwant error 3636 and the answer to the next statement on the same connection", output)
	}
}

func TestDump(t *testing.T) {
	output := runClient(t, "mariadb-dump", "flights")
	for _, want := range []string{
		"CREATE TABLE `routes`", "PRIMARY KEY (`rid`)", "KEY `routes_src_ap_dst_ap` (`src_ap`,`dst_ap`)",
		"CONSTRAINT `fk_routes_carrier` FOREIGN KEY (`alid`) REFERENCES `airlines` (`alid`)", "'British Airways'",
		"-- Dump completed",
	} {
		if !strings.Contains(output, want) {
			t.Errorf("the dump lacks %q", want)
		}
	}
}
