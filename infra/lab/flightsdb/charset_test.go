package flightsdb

import (
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/lab/openflights"
)

// TestCharacterSets asks in Latin 1, which the client announces in its first packet or later, and is answered in it.
func TestCharacterSets(t *testing.T) {
	db := connectAs(t, start(t, openflights.Sample()).Addr(), "root", password, func(config *driver.Config) {
		config.Collation, config.MultiStatements = "latin1_swedish_ci", true
	})
	db.SetMaxOpenConns(1)
	for _, step := range []struct {
		query     string
		arguments []any
		want      string
	}{
		{"SELECT '\xe9', CHAR_LENGTH('\xe9'), @@character_set_client, @@character_set_results", nil, "\xe9|1|latin1|latin1"},
		{"SELECT DISTINCT city FROM airports WHERE city = 'Z\xfcrich'", nil, "Zurich"},
		{"SELECT ?, CONCAT('\xe9', ?)", []any{"\xfc", "\xdf"}, "\xfc|\xe9\xdf"},
		{"SET @x = '\xe9'; SELECT '\xe9', @x", nil, "\xe9|\xe9"},
		{"SELECT @x", nil, "\xe9"},
		{"SET NAMES utf8mb4", nil, ""},
		{"SELECT 'é', CHAR_LENGTH('é'), @x", nil, "é|1|é"},
		{"SET NAMES latin1", nil, ""},
		{"SELECT '\xe9' = @x", nil, "1"},
	} {
		if got := strings.Join(ask(t, db, step.query, step.arguments...), "\n"); got != step.want {
			t.Errorf("%q: %q, want %q", step.query, got, step.want)
		}
	}
}
