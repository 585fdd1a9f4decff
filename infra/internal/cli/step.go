package cli

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/term"
)

// Patience is how long something may take before it says so.
const Patience = 2 * time.Second

// Step does something that may take long. If it takes longer than Patience, it says what it is doing on standard error: on a
// terminal with the seconds that pass, elsewhere in one line.
func Step(what string, do func() error) error {
	return step(os.Stderr, term.IsTerminal(int(os.Stderr.Fd())), Patience, what, do)
}

func step(out *os.File, terminal bool, patience time.Duration, what string, do func() error) error {
	done := make(chan error, 1)
	start := time.Now()
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
	}
	if !terminal {
		fmt.Fprintf(out, "%s...\n", what)
		return <-done
	}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		fmt.Fprintf(out, "\r\x1b[K%s... %.0f s", what, time.Since(start).Seconds())
		select {
		case err := <-done:
			fmt.Fprint(out, "\r\x1b[K")
			return err
		case <-ticker.C:
		}
	}
}
