// Now prepares the workshop before anything of it is compiled: `make prepare` runs it, and it imports only the standard library.
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
		err = prepare.Run(ctx, prepare.Options{Root: root, Out: os.Stdout, Terminal: prepare.Terminal(os.Stdout)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}
