package corpus

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/shared/config"
)

// Every solution is complete: its change still fits its exercise, its habits are habits of the plain app, and there are
// enough of both kinds.
func TestSolutionsFit(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	plain, err := os.ReadFile(filepath.Join("plain", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	settings, err := experiment.LoadSettings()
	if err != nil {
		t.Fatal(err)
	}
	all := experiment.Experiments(settings)
	names, right, wrong := map[string]bool{}, 0, 0
	for _, solution := range Solutions() {
		if solution.Dir == "" {
			if err := solution.edit(root, filepath.Join(t.TempDir(), "exercise")); err != nil {
				t.Errorf("%s: %v", solution, err)
			}
		} else if _, err := os.Stat(solution.Dir); err != nil {
			t.Errorf("%s: %v", solution, err)
		}
		for habit := range strings.SplitSeq(solution.Habits, ",") {
			if !strings.Contains(string(plain), `"`+habit+`"`) {
				t.Errorf("%s: the plain app does not know %q", solution, habit)
			}
		}
		if solution.Right() {
			right++
		} else {
			wrong++
			known := solution.Check == "steady state" || slices.ContainsFunc(all[solution.Red-1].Tolerances, func(tolerance experiment.Tolerance) bool {
				return solution.Check != "" && strings.HasPrefix(tolerance.Name, solution.Check)
			})
			if !known {
				t.Errorf("%s: E%d has no check %q, which must catch it", solution, solution.Red, solution.Check)
			}
		}
		if names[solution.String()] || solution.Red > solution.Stage || solution.Stage < 1 || solution.Stage > 5 {
			t.Errorf("%s: got the experiment %d, want one of its stage, and a name of its own", solution, solution.Red)
		}
		names[solution.String()] = true
	}
	if right < 10 || wrong < 15 {
		t.Errorf("got %d right and %d wrong solutions, want 10 and 15 at least", right, wrong)
	}
}

func TestMissing(t *testing.T) {
	for _, test := range []struct{ script, all, want string }{
		{"", "", ""},
		{"nosuchpython3 server.py", "", "nosuchpython3"},
		{"nosuchpython3 server.py", "1", ""},
	} {
		t.Setenv("WORKSHOP_REQUIRE_ALL", test.all)
		if got := (Solution{Script: test.script}).Missing(); got != test.want {
			t.Errorf("script %q, WORKSHOP_REQUIRE_ALL=%q: got %q, want %q", test.script, test.all, got, test.want)
		}
	}
}
