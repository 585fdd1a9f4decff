package experiment

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestWatchRunsAgainOnSave(t *testing.T) {
	dir := t.TempDir()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	runs, watched := make(chan context.Context), make(chan error, 1)
	go func() { watched <- Watch(ctx, dir, func(run context.Context) { runs <- run; <-run.Done() }) }()
	next := func() context.Context {
		t.Helper()
		select {
		case run := <-runs:
			return run
		case <-time.After(10 * time.Second):
			t.Fatal("it did not run")
			return nil
		}
	}
	save := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte("package main\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	first := next()
	save("notes.txt")
	select {
	case <-first.Done():
		t.Error("a file that is no Go file ended the run")
	case <-time.After(2 * settle):
	}
	save("main.go")
	second := next()
	if first.Err() == nil {
		t.Error("the first run continues during the second")
	}
	end()
	if err := <-watched; err != nil {
		t.Errorf("the end: %v", err)
	}
	<-second.Done()
}
