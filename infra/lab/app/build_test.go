package app

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// A folder that git refuses to look at, such as one of another owner, builds all the same.
func TestBuildWithoutGit(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: it needs a shell script in place of git")
	}
	dir, tools := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(dir, "go.mod"):  "module example\n\ngo 1.24\n",
		filepath.Join(dir, "main.go"): "package main\n\nfunc main() {}\n",
		filepath.Join(tools, "git"):   "#!/bin/sh\necho 'fatal: detected dubious ownership in repository' >&2\nexit 128\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools+string(filepath.ListSeparator)+os.Getenv("PATH"))
	binary, err := Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(binary); err != nil {
		t.Error(err)
	}
}
