package flightsdb

import (
	"testing"

	"github.com/dolthub/go-mysql-server/sql"
)

func TestStatusIsThatOfTheServer(t *testing.T) {
	db := sample(t)
	// The first is a variable of the server alone, the second one of the server and of a session.
	for query, wrong := range map[string]string{
		"SHOW STATUS LIKE 'Threads_connected'":  "Threads_connected|0",
		"SHOW SESSION STATUS LIKE 'Com_select'": "",
	} {
		if got := ask(t, db, query); len(got) != 1 || got[0] == wrong {
			t.Errorf("%s: got %q, want one line that is not %q", query, got, wrong)
		}
	}
}

func TestConnectionAllocatesLittle(t *testing.T) {
	setUpLibrary()
	allocations := testing.AllocsPerRun(100, func() { sql.NewBaseSessionWithClientServer("", sql.Client{}, 1) })
	if most := 100.0; allocations > most {
		t.Errorf("allocations of a session: got %.0f, want at most %.0f; are its status variables back?", allocations, most)
	}
}
