package stages

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

func TestNothingImportsUpwards(t *testing.T) {
	wrong, err := checkLayers(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range wrong {
		t.Error(line)
	}
}

func TestUpwardsFindsWhatIsAbove(t *testing.T) {
	for _, test := range []struct {
		from, path string
		wrong      bool
	}{
		{"chaosworkshop/shared/config", "chaosworkshop/shared/model", false},
		{"chaosworkshop/shared/config", "chaosworkshop/infra/internal/port", true},
		{"chaosworkshop/infra/internal/tool", "chaosworkshop/infra/lab/toxi", true},
		{"chaosworkshop/infra/lab/stack", "chaosworkshop/infra/lab/toxi", false},
		{"chaosworkshop/infra/lab/stack", "chaosworkshop/infra/chaos/load", true},
		{"chaosworkshop/infra/chaos/experiment", "chaosworkshop/infra/room/diff", true},
		{"chaosworkshop/infra/room/doctor", "chaosworkshop/infra/cmd", true},
		{"chaosworkshop/infra/cmd", "chaosworkshop/infra/room/doctor", false},
		{"chaosworkshop/infra/cmd", "chaosworkshop/infra/tools/guide", true},
		{"chaosworkshop/infra", "chaosworkshop/infra/cmd", false},
		{"chaosworkshop/infra/cmd", "chaosworkshop/infra", true},
		{"chaosworkshop/infra/lab/stack", "net/http", false},
	} {
		if got := len(upwards(test.from, []string{test.path})) > 0; got != test.wrong {
			t.Errorf("%s imports %s: got wrong %t, want %t", test.from, test.path, got, test.wrong)
		}
	}
}

// What attendees build has no dependency on the maintainers' tools.
func TestAttendeesBuildNoTools(t *testing.T) {
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{.Path}}{{end}}", ".")
	command.Dir = filepath.Join(root, "infra")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	built := strings.Fields(string(output))
	if !slices.Contains(built, "github.com/dolthub/go-mysql-server") {
		t.Fatalf("got %v, want the modules of the workshop", built)
	}
	text, err := os.ReadFile(filepath.Join(root, "infra", "tools", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	tools, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range tools.Tool {
		for _, path := range built {
			if strings.HasPrefix(tool.Path, path+"/") {
				t.Errorf("the workshop is built with %s, a module of the tool %s", path, tool.Path)
			}
		}
	}
	for _, path := range []string{"chaosworkshop/infra/tools", "golang.org/x/perf", "github.com/sony/gobreaker/v2"} {
		if slices.Contains(built, path) {
			t.Errorf("the workshop is built with %s, which only tools need", path)
		}
	}
}
