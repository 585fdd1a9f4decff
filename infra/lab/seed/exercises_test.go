package seed

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"chaosworkshop/infra/lab/openflights"
)

// TestExercises runs the tests of every exercise on a real MariaDB behind Toxiproxy that was filled by Run; the proof of
// infra/deploy/galera runs the matrix. It takes minutes and the whole computer, so it runs only if WORKSHOP_MARIADB is 1.
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
	before := count(t, root, selects)
	command := exec.Command("go", "test", "-count=1", "./exercise1/...", "./exercise2/...", "./exercise3/...", "./exercise4/...", "./exercise5/...")
	command.Dir = filepath.Join("..", "..", "..")
	command.Env = append(os.Environ(), "LAB_MYSQL_PORT="+port, "MYSQL_ROOT_PASSWORD="+root.Passwd)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	asked := count(t, root, selects) - before
	t.Logf("MariaDB answered %d queries\n%s", asked, output)
	if asked < 10 {
		t.Errorf("MariaDB answered %d queries, so something else did", asked)
	}
}
