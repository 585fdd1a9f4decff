package start

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Each exercise starts as a folder that builds alone, has the task but no part of the solution, and is never overwritten.
func TestCopy(t *testing.T) {
	root := t.TempDir()
	for _, folder := range []string{"exercise1", "exercise2", "exercise3", "exercise4", "exercise5", "shared"} {
		if err := os.CopyFS(filepath.Join(root, folder), os.DirFS(filepath.Join("..", "..", "..", folder))); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(filepath.Join(root, "go.work"), []byte(read(t, filepath.Join("..", "..", "..", "go.work")))); err != nil {
		t.Fatal(err)
	}
	solutions := map[int]string{2: "timeout", 3: "retrypolicy", 4: "circuitbreaker", 5: "/health"}
	for number, solution := range solutions {
		if err := Copy(root, number); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(root, Folder(number))
		code, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range code {
			if text := read(t, path); strings.Contains(text, solution) {
				t.Errorf("%s holds %q, a piece of the solution", path, solution)
			}
		}
		if readme := read(t, filepath.Join(dir, "README.md")); !strings.Contains(readme, "Your app must do this:\n\n- ") || !strings.Contains(readme, " requires:\n\n- ") || strings.Contains(readme, "## ") {
			t.Errorf("exercise %d: got the task %q, want the rules and the numbers alone", number, readme)
		}
		build := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-o", os.DevNull, ".")
		if _, err := os.Stat(filepath.Join(dir, "vendor")); err == nil {
			// In a bundle every folder has its own copy of all packages, which would take minutes to compile.
			build = exec.CommandContext(t.Context(), "go", "list", "-deps", ".")
		}
		build.Dir = dir
		if output, err := build.CombinedOutput(); err != nil {
			t.Errorf("exercise %d does not build: %v: %s", number, err, output)
		}
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Copy(root, number); err == nil || !strings.Contains(err.Error(), "left as it is") {
			t.Errorf("a second time: got %v, want a refusal", err)
		}
		if got := read(t, filepath.Join(dir, "main.go")); got != "mine" {
			t.Error("a second time: the learner's work is overwritten")
		}
	}
}

// In a bundle the copy builds from the vendored modules. Where nothing can be written, it gives advice.
func TestCopyTakesVendoredModulesAlong(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"go.work": "go 1.26.0\n", "exercise1/main.go": "package main\n", "exercise2/README.md": "Your app must do this:\n\n- bound\n",
		"exercise2/go.mod": "module chaosworkshop/exercise2\nreplace chaosworkshop/shared => ../shared\n", "exercise2/go.sum": "",
		"exercise2/vendor/modules.txt": "# chaosworkshop/shared v0.0.0 => ../shared\n# chaosworkshop/shared => ../shared\n",
	} {
		if err := write(filepath.Join(root, filepath.FromSlash(path)), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	work := filepath.Join(root, "work")
	if err := write(work, nil); err != nil {
		t.Fatal(err)
	}
	if err := Copy(root, 2); err == nil || !strings.Contains(err.Error(), "move the workshop into your home folder") {
		t.Errorf("where no folder can be made: got %v, want advice", err)
	}
	if err := os.Remove(work); err != nil {
		t.Fatal(err)
	}
	if err := Copy(root, 2); err != nil {
		t.Fatal(err)
	}
	if got := read(t, filepath.Join(root, Folder(2), "vendor", "modules.txt")); strings.Count(got, "=> ../../shared") != 2 || !strings.HasPrefix(got, "## workspace\n") {
		t.Errorf("modules.txt: got %q, want both paths one level deeper, for a workspace", got)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
