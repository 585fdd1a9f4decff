package app

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// A bundle's program is taken, without Go, until what it was built from changes.
func TestBuildTakesTheBundlesProgramWhileTheSourcesAreTheSame(t *testing.T) {
	root := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(root, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.work", "go 1.26.0\nuse ./exercise1\n")
	write("exercise1/go.mod", "module chaosworkshop/exercise1\ngo 1.26.0\n")
	write("exercise1/main.go", "package main\n\nfunc main() { undefined() }\n") // Whoever compiles it fails.
	write("shared/server.go", "package shared\n")
	t.Chdir(root)
	binary := Prebuilt(root, "exercise1", runtime.GOOS, runtime.GOARCH)
	fingerprint, err := Fingerprint(root, "exercise1")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{binary, binary + ".sources"} {
		at, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		write(filepath.ToSlash(at), fingerprint+"\n")
	}
	same := func(after string) {
		t.Helper()
		if got, err := Build(t.Context(), "exercise1"); err != nil || got != binary {
			t.Errorf("%s: got %q, %v, want the bundle's program", after, got, err)
		}
	}
	same("unpacked")
	write("exercise1/README.md", "prose")
	write("exercise1/main_test.go", "package main\n")
	write("exercise1/vendor/modules.txt", "")
	same("prose, a test and vendored packages")
	for path, text := range map[string]string{"exercise1/more.go": "package main\n", "shared/server.go": "package shared // Changed.\n"} {
		before, _ := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		write(path, text)
		if got, err := Build(t.Context(), "exercise1"); err == nil {
			t.Errorf("%s: got %q, want a build", path, got)
		} else if _, refused := errors.AsType[*BuildError](err); !refused {
			t.Errorf("%s: got %v, want what the compiler says", path, err)
		}
		if before == nil {
			if err := os.Remove(filepath.Join(root, filepath.FromSlash(path))); err != nil {
				t.Fatal(err)
			}
		} else {
			write(path, string(before))
		}
		same(path + " as before")
	}
}
