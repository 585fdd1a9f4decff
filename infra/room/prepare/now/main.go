// Now prepares the workshop before anything of it is compiled: `make prepare` runs it, and any first command with the argument workshop.
// It imports only the standard library.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"

	"chaosworkshop/infra/room/prepare"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The Makefile starts it in infra.
	root, err := filepath.Abs("..")
	if err == nil {
		prepared, out := prepare.Run, os.Stdout
		if len(os.Args) > 1 && os.Args[1] == "workshop" {
			prepared, out = prepare.Workshop, os.Stderr // What follows may print JSON.
		}
		err = prepared(ctx, prepare.Options{Root: root, Out: out, Terminal: prepare.Terminal(out)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
