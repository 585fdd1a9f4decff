package guide

import (
	"slices"
	"strings"
	"testing"

	"chaosworkshop/shared/config"
)

// TestDocuments checks all that can be checked in the workshop's documents without a run: `make guide` does the rest.
func TestDocuments(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	names, err := Documents(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"README.md", "exercise1/README.md", "exercise5/README.md"} {
		if !slices.Contains(names, want) {
			t.Errorf("got documents %v, want %s among them", names, want)
		}
	}
	for _, name := range names {
		problems, err := CheckText(root, name)
		if err != nil {
			t.Error(err)
		}
		for _, problem := range problems {
			t.Errorf("%s: %s", problem.Where, problem.What)
		}
	}
}

// TestLessonsHaveOneShape checks that the five lessons have the same headings.
func TestLessonsHaveOneShape(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	var first []string
	for _, name := range []string{"exercise1/README.md", "exercise2/README.md", "exercise3/README.md", "exercise4/README.md", "exercise5/README.md"} {
		doc, err := read(root, name)
		if err != nil {
			t.Fatal(err)
		}
		var headings []string
		prose := doc.prose()
		for i := range doc.lines {
			if strings.HasPrefix(prose[i], "## ") {
				headings = append(headings, prose[i])
			}
		}
		if first == nil {
			first = headings
		}
		if !slices.Equal(headings, first) {
			t.Errorf("%s has the headings %q, want those of exercise 1, %q", name, headings, first)
		}
	}
}

func TestSettings(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := settings(root)
	if err != nil {
		t.Fatal(err)
	}
	table := settingsTable(all, "")
	for _, want := range []string{
		"| `BIND` | `127.0.0.1` | infrastructure, every app | The address that everything listens on. |",
		"| `MYSQL_PASSWORD` |  | infrastructure | The password of `MYSQL_USER`. |",
		"| `TIMEOUT` | `1s` | exercises 2, 3, 4, 5 | Bounds one attempt at the query. |",
		"| `RETRY_MAX_DELAY` | `200ms` | exercises 3, 4, 5 | See `RETRY_BASE_DELAY`. |",
	} {
		if !slices.Contains(table, want) {
			t.Errorf("the table lacks %s; it is\n%s", want, strings.Join(table, "\n"))
		}
	}
	added := settingsTable(all, "4")
	if len(added) != 4 || !strings.HasPrefix(added[2], "| `BREAKER_FAILURES` |") {
		t.Errorf("exercise 4 adds %q, want the breaker's two variables", added)
	}
}

func TestSchemaPicture(t *testing.T) {
	lines, err := schemaPicture()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"    airlines |o--o{ routes : alid",
		"    airports |o--o{ routes : src_apid",
		"    countries |o--o{ airports : country_code",
		"        string country_code FK",
		"        int rid PK",
		"        tinyint stops",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("the picture lacks %q; it is\n%s", want, strings.Join(lines, "\n"))
		}
	}
}
