package seed

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"chaosworkshop/infra/lab/openflights"
)

// TestExercises runs the tests of every exercise, and then the proof matrix, on a real MariaDB behind Toxiproxy that was
// filled by Run. It takes minutes and the whole computer, so it runs only if WORKSHOP_MARIADB is 1.
func TestExercises(t *testing.T) {
	if os.Getenv("WORKSHOP_MARIADB") != "1" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: set WORKSHOP_MARIADB=1, and -timeout=60m")
	}
	root := start(t)
	seedInto(t, root, openflights.Sample())
	_, port, err := net.SplitHostPort(root.Addr)
	if err != nil {
		t.Fatal(err)
	}
	const selects = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'COM_SELECT'"
	for _, run := range [][]string{
		{"go", "test", "-count=1", "./exercise1/...", "./exercise2/...", "./exercise3/...", "./exercise4/...", "./exercise5/..."},
		{"go", "run", "./infra", "matrix", "--html", filepath.Join(t.TempDir(), "matrix.html")},
	} {
		before := count(t, root, selects)
		command := exec.Command(run[0], run[1:]...)
		command.Dir = filepath.Join("..", "..", "..")
		command.Env = append(os.Environ(), "LAB_MYSQL_PORT="+port, "MYSQL_ROOT_PASSWORD="+root.Passwd)
		output := &bytes.Buffer{}
		command.Stdout, command.Stderr = output, output
		if err := command.Run(); err != nil {
			t.Errorf("%s: %v", strings.Join(run, " "), err)
		}
		asked := count(t, root, selects) - before
		t.Logf("%s: MariaDB answered %d queries\n%s", strings.Join(run[:3], " "), asked, output)
		if asked < 10 {
			t.Errorf("MariaDB answered %d queries, so something else did", asked)
		}
	}
}
