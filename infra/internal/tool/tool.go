// Package tool runs the Go tool chain and its friends over the workshop's modules.
package tool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"chaosworkshop/shared/config"
)

// Modules are the folders of the workspace's modules below the root, as go.work lists them.
func Modules(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, fmt.Errorf("list the modules: %w", err)
	}
	// The go command writes one module a line, and every folder as a path from its own.
	var dirs []string
	for _, word := range strings.Fields(string(text)) {
		if strings.HasPrefix(word, "./") {
			dirs = append(dirs, word)
		}
	}
	return dirs, nil
}

// Run is one command to run in a folder of the workshop.
type Run struct {
	// Dir is the folder below the workshop's root; empty for the root.
	Dir string
	// Env is added to the environment, as NAME=value.
	Env []string
	// Args are the program and its arguments.
	Args []string
	// Output gets what the program says.
	Output io.Writer
	// Complaints get its standard error; without them it goes to Output too.
	Complaints io.Writer
}

// Do runs the command. The error is an *exec.ExitError inside when the program refused.
func (r Run) Do(ctx context.Context) error {
	root, err := config.Root()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, r.Args[0], r.Args[1:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Dir = filepath.Join(root, r.Dir)
	command.Env = append(os.Environ(), r.Env...)
	command.Stdout, command.Stderr = r.Output, r.Output
	if r.Complaints != nil {
		command.Stderr = r.Complaints
	}
	err = command.Run()
	if ctx.Err() != nil {
		return ctx.Err() // We ended the program; what it says about that is not news.
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("run %s: it is not installed or not in the PATH", r.Args[0])
	}
	return err
}
