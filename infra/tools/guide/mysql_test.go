//go:build unix

package guide

import (
	"strings"
	"testing"

	"chaosworkshop/infra/internal/mariadb"
	"chaosworkshop/shared/config"
)

// TestBlocksForMySQL runs the blocks that `make guide` leaves out for lack of a server, against a MariaDB of this test.
func TestBlocksForMySQL(t *testing.T) {
	const documented = "root:secret@tcp(127.0.0.1:3316)"
	addr, password := mariadb.Start(t)
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	script, err := Script(root, "mysql")
	if err != nil {
		t.Fatal(err)
	}
	session, err := newSession(root, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(script, documented) {
		t.Errorf("no block names %s: %s", documented, script)
	}
	script = strings.ReplaceAll(script, documented, "root:"+password+"@tcp("+addr+")")
	if _, err := session.run(t.Context(), script); err != nil {
		t.Errorf("%s: %v", script, err)
	}
}
