package flightsdb

import (
	"io"
	"sync"

	"github.com/dolthub/vitess/go/vt/log"
	"github.com/sirupsen/logrus"
)

// silenceLibrary drops the lines of the MySQL library: every refused login and failed query is one, and what matters
// comes back to the client as an error. The loggers are the whole process's, so they are set once.
var silenceLibrary = sync.OnceFunc(func() {
	logrus.SetOutput(io.Discard)
	logrus.SetLevel(logrus.PanicLevel)
	drop, dropf := func(...any) {}, func(string, ...any) {}
	log.Info, log.Warning, log.Error = drop, drop, drop
	log.Infof, log.Warningf, log.Errorf = dropf, dropf, dropf
})
