package stages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

func TestExercisesFollowTheManifest(t *testing.T) {
	wrong, err := checkOrder(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range wrong {
		t.Error(line)
	}
}

// Each way to break the order of the exercises is found and explained.
func TestCheckFinds(t *testing.T) {
	for _, test := range []struct {
		name, file, old, new, want string
	}{
		{"a fix in one stage only", "exercise3/store.go", "limit = 100", "limit = 50",
			"exercise3/store.go differs from exercise2's, and the step may change only resilience.go: make the change in the earliest exercise and carry it forward: cp exercise2/store.go exercise3/"},
		{"a test in one stage only", "exercise4/retry_test.go", "t.Errorf(", "t.Logf(", "exercise4/retry_test.go differs"},
		{"an import of another exercise", "exercise2/main.go", `"chaosworkshop/shared/config"`, `"chaosworkshop/exercise1"`, "exercise2/main.go imports chaosworkshop/exercise1"},
		{"another version", "exercise5/go.mod", "gin v1.", "gin v1.9", "exercise5/go.mod requires github.com/gin-gonic/gin v1.9"},
		{"the engine", "exercise1/go.mod", "gorm.io/gorm v", "github.com/dolthub/go-mysql-server v", "belongs to infra"},
		{"its own name", "exercise1/main.go", "// A flights API", "// exercise1: a flights API", "exercise1/main.go names an exercise"},
		{"too much code", "exercise2/resilience.go", "\n// policies", strings.Repeat("\n// more", 61) + "\n// policies", "and the budget is 60"},
		{"too long a file", "exercise1/main.go", "\n// run", strings.Repeat("\n// more", 60) + "\n// run", "and 60 is the most"},
		{"the pattern is missing", "exercise5/main.go", "\tchecked := newHealthCheck(find, breaker)\n\trouter := newRouter(checked.find)\n\tchecked.serve(router)\n", "\trouter := newRouter(find)\n", "exercise5/main.go equals exercise4's"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := copyStages(t)
			path := filepath.Join(dir, test.file)
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			broken := strings.ReplaceAll(string(text), test.old, test.new)
			if broken == string(text) {
				t.Fatalf("%s does not hold %q any more", test.file, test.old)
			}
			if err := os.WriteFile(path, []byte(broken), 0o644); err != nil {
				t.Fatal(err)
			}
			wrong, err := checkOrder(dir)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(wrong, "\n"); !strings.Contains(got, test.want) {
				t.Errorf("got:\n%s\nwant a line with: %s", got, test.want)
			}
		})
	}
}

func TestCheckFindsAFileTooMany(t *testing.T) {
	dir := copyStages(t)
	if err := os.WriteFile(filepath.Join(dir, "exercise3", "extra.go"), []byte("package main\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	wrong, err := checkOrder(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(wrong, "\n")
	for _, want := range []string{"exercise3/extra.go is new", "exercise4/extra.go is missing, and exercise3 has it: cp exercise3/extra.go exercise4/"} {
		if !strings.Contains(got, want) {
			t.Errorf("got:\n%s\nwant a line with: %s", got, want)
		}
	}
}

// copyStages copies the exercises into a new folder.
func copyStages(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, stage := range Names {
		if err := os.CopyFS(filepath.Join(dir, stage), os.DirFS(filepath.Join(root, stage))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
