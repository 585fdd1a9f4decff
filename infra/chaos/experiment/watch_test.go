package experiment

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whatever changes an app makes it run again, and nothing else does.
func TestWatchRunsAgainOnChange(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my app")
	write := func(name string) {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("package main\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go")
	ctx, end := context.WithCancel(t.Context())
	runs, watched := make(chan context.Context), make(chan struct{})
	go func() {
		defer close(watched)
		Watch(ctx, dir, func(run context.Context) { runs <- run; <-run.Done() })
	}()
	next := func(after string) context.Context {
		t.Helper()
		select {
		case run := <-runs:
			return run
		case <-time.After(10 * time.Second):
			t.Fatalf("it did not run after: %s", after)
			return nil
		}
	}
	last := next("the start")
	for _, name := range []string{"notes.txt", ".main.go.swp", "main.go~", "4913", ".#main.go", ".git/x.go", "vendor/x.go", "node_modules/x.go"} {
		write(name)
	}
	select {
	case <-last.Done():
		t.Error("a file that is no part of the app ended the run")
	case <-time.After(4 * settle):
	}
	for _, step := range []struct {
		what   string
		change func()
	}{
		{"a save", func() { write("main.go") }},
		{"a new package", func() { write("store/deep/store.go") }},
		{"a save in it", func() { write("store/deep/store.go") }},
		{"a removed package", func() { os.RemoveAll(filepath.Join(dir, "store")) }},
		{"a replaced folder", func() {
			os.Rename(dir, dir+" before")
			write("main.go")
		}},
		{"a save in it", func() { write("main.go") }},
	} {
		step.change()
		run := next(step.what)
		if last.Err() == nil {
			t.Errorf("%s: the run before continues", step.what)
		}
		last = run
	}
	end()
	<-watched
}

// A folder in another language is watched as a whole.
func TestSourcesOfAnotherLanguage(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"server.py", "go.mod", "server.py.swp", ".env"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := Sources(dir); len(got) != 2 || filepath.Base(got[1]) != "server.py" {
		t.Errorf("got %v, want go.mod and server.py", got)
	}
}
