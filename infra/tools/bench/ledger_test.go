package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestMeets(t *testing.T) {
	reference := &Reference{"MariaDB", 100}
	for _, test := range []struct {
		name  string
		row   Row
		bound *Bound
		want  bool
	}{
		{"no bound", Row{Value: 5}, nil, true},
		{"at the most", Row{Value: 5}, atMost(5), true},
		{"above the most", Row{Value: 5.1}, atMost(5), false},
		{"at the least", Row{Value: 75}, atLeast(75), true},
		{"below the least", Row{Value: 74.9}, atLeast(75), false},
		{"ratio within", Row{Value: 400, Reference: reference}, atMost(4), true},
		{"ratio above", Row{Value: 401, Reference: reference}, atMost(4), false},
		{"nothing was measured", Row{Value: math.NaN()}, atMost(5), false},
		{"nothing to compare with", Row{Value: 1, Reference: &Reference{"MariaDB", 0}}, atMost(4), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.row.Meets(test.bound); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// ledger has a figure that meets its target, one that misses it, one far outside, and a section that was not measured.
func ledger() Ledger {
	return Ledger{
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 90 * time.Second,
		Machine:  Machine{OS: "linux", Arch: "amd64", CPU: "a processor", Cores: 2},
		Versions: []Version{{"Go", "go1.26.0"}},
		Sections: []Section{
			{Name: "query", Title: "Query", Rows: []Row{
				{Name: "kept", Value: 300, Unit: "µs", Reference: &Reference{"MariaDB", 150}, Target: atMost(4), Wide: atMost(12), Command: "make bench"},
				{Name: "memory", Value: 301, Unit: "MB", Target: atMost(300), Wide: atMost(600), Command: "make bench"},
				{Name: "success", Value: 20, Unit: "%", Target: atLeast(75), Wide: atLeast(55), Command: "make bench"},
			}},
			{Name: "startup", Title: "Start-up", Missing: "make is missing"},
		},
	}
}

func TestMissedAndBroken(t *testing.T) {
	missed, broken := ledger().Missed(), ledger().Broken()
	if len(missed) != 2 || !strings.HasPrefix(missed[0], "memory: 301 MB, required at most 300 MB") {
		t.Errorf("missed: got %q, want memory and success", missed)
	}
	if len(broken) != 1 || !strings.HasPrefix(broken[0], "success: 20 %, required at least 55 %") {
		t.Errorf("broken: got %q, want success alone", broken)
	}
}

func TestWriteMarkdown(t *testing.T) {
	page := &strings.Builder{}
	if err := ledger().WriteMarkdown(page); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"- 2026-01-02, 1m30s long\n",
		"- linux/amd64, 2 cores, a processor\n",
		"| kept | 300 µs | MariaDB: 150 µs | 2 | at most 4 times | met |  | `make bench` |\n",
		"| memory | 301 MB |  |  | at most 300 MB | **missed** |  | `make bench` |\n",
		"Not measured: make is missing.\n",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestNumber(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 20: "20", 1234.5: "1234", 12.345: "12.3", 1.2345: "1.23", 0.98765: "0.988", 0.00412: "0.00412", -1.5: "-1.50",
	} {
		if got := number(value); got != want {
			t.Errorf("number(%v): got %s, want %s", value, got, want)
		}
	}
}
