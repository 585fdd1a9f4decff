package flightsdb

import (
	"io"
	"sync"

	"github.com/dolthub/go-mysql-server/sql"
	"github.com/dolthub/vitess/go/vt/log"
	"github.com/sirupsen/logrus"
)

// version is what the server calls itself: clients choose their dialect by it.
const version = "8.0.33"

// setUpLibrary sets what the MySQL library keeps for the whole process.
var setUpLibrary = sync.OnceFunc(func() {
	dropLogs()
	setVariables()
	dropSessionStatus()
})

// dropLogs silences the library: it would log every refused login and failed query, and the client gets the errors that
// matter.
func dropLogs() {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
	drop, dropf := func(...any) {}, func(string, ...any) {}
	log.Info, log.Warning, log.Error = drop, drop, drop
	log.Infof, log.Warningf, log.Errorf = dropf, dropf, dropf
}

// setVariables makes the system variables describe this server.
func setVariables() {
	// The names and types are the library's own: a test reads them back.
	_ = sql.SystemVariables.AssignValues(map[string]any{
		"version":                 version,
		"version_comment":         "flights database of the chaos workshop, read-only",
		"read_only":               int8(1),
		"super_read_only":         int8(1),
		"max_allowed_packet":      int64(maxPacket),
		"max_connections":         int64(defaultLimits.connections),
		"max_prepared_stmt_count": int64(maxPrepared),
		"secure_file_priv":        "NULL",
		"collation_server":        collation.Name(),
		"collation_database":      collation.Name(),
		"collation_connection":    collation.Name(),
	})
}
