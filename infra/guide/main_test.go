package guide

import (
	"os"
	"os/signal"
	"testing"
)

// TestMain catches Ctrl-C, so that the programs that tests start can be ended by it: a shell that runs the tests in the
// background has it ignored, and a child inherits what is ignored, but not what is caught.
func TestMain(m *testing.M) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	go func() {
		<-interrupted
		os.Exit(1)
	}()
	os.Exit(m.Run())
}
