package guide

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chaosworkshop/infra/room/diff"
	"chaosworkshop/infra/tools/stages"
	"chaosworkshop/shared/config"
)

// known are the languages of blocks, and the options that each may have beside the conditions.
var known = map[string][]string{
	"sh":         {"keep", "beside", "fails"},
	"console":    {"fails"},
	"log":        {},
	"diff":       {},
	"go":         {},
	"mermaid":    {},
	"powershell": {},
	"text":       {},
	"json":       {},
	// A test of make experiment runs the service and the experiment; those with an option are not whole experiments.
	"python": {},
	"yaml":   {"ci", "snippet"},
	"html":   {},
}

// checkText checks what needs no run: that generated regions are as the code has it, that links and make targets exist,
// that quoted code is in the exercises, and that every block says whether it runs.
func checkText(root, name string) ([]string, error) {
	doc, err := read(root, name)
	if err != nil {
		return nil, err
	}
	targets, err := makeTargets(root)
	if err != nil {
		return nil, err
	}
	var problems []string
	report := func(index int, format string, values ...any) {
		problems = append(problems, at(name, index)+": "+fmt.Sprintf(format, values...))
	}
	for _, r := range doc.regions {
		want, err := generate(root, r.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at(name, r.first-1), err)
		}
		if !slices.Equal(want, doc.lines[r.first:r.last]) {
			report(r.first, "the generated region %q is not what the code says now; run: go run ./infra/tools guide --text --write", r.name)
		}
	}
	for _, b := range doc.blocks {
		options, isKnown := known[b.language]
		if !isKnown {
			report(b.first-1, "nothing checks a block of %s; choose sh, console, log, diff, go, mermaid, powershell, text, json, python, yaml or html", b.language)
		}
		for _, option := range b.options {
			if conditions[option] == "" && !slices.Contains(options, option) {
				report(b.first-1, "a block of %s has no option %q", b.language, option)
			}
		}
		for i, line := range doc.text(b) {
			for _, missing := range missingTargets(line, targets) {
				report(b.first+i, "there is no make target %q", missing)
			}
		}
		missing, err := missingCode(root, doc, b)
		if err != nil {
			return nil, err
		}
		for _, line := range missing {
			report(b.first, "the code does not have this line: %s", line)
		}
	}
	for i, line := range doc.prose() {
		for _, code := range inlineCode.FindAllString(line, -1) {
			for _, missing := range missingTargets(code, targets) {
				report(i, "there is no make target %q", missing)
			}
		}
		for _, link := range links.FindAllStringSubmatch(line, -1) {
			if problem := checkLink(root, doc, link[1]); problem != "" {
				report(i, "%s", problem)
			}
		}
	}
	return problems, nil
}

var (
	inlineCode  = regexp.MustCompile("`[^`]+`")
	links       = regexp.MustCompile(`\]\(([^)]+)\)`)
	makeCommand = regexp.MustCompile("(?:^|[ `])(?:make|go run \\./infra|bin/workshop) ([a-z][a-z0-9-]*)")
	makeTarget  = regexp.MustCompile(`(?m)^([a-z0-9 -]+):`)
)

// makeTargets are the targets of the Makefile, each of which is a command of the workshop too.
func makeTargets(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return nil, fmt.Errorf("list the commands: %w", err)
	}
	var targets []string
	for _, found := range makeTarget.FindAllStringSubmatch(string(text), -1) {
		targets = append(targets, strings.Fields(found[1])...)
	}
	return targets, nil
}

// missingTargets are the make targets and commands in the line that do not exist.
func missingTargets(line string, targets []string) []string {
	var missing []string
	for _, found := range makeCommand.FindAllStringSubmatch(line, -1) {
		if !slices.Contains(targets, found[1]) {
			missing = append(missing, found[1])
		}
	}
	return missing
}

// checkLink says what is wrong with a link inside the workshop. Others are not followed.
func checkLink(root string, doc document, link string) string {
	if strings.Contains(link, "://") {
		return ""
	}
	file, heading, _ := strings.Cut(link, "#")
	to := doc
	if file != "" {
		name := path.Join(path.Dir(doc.name), file)
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(name))); err != nil {
			return fmt.Sprintf("the link %s leads nowhere", link)
		}
		if heading == "" {
			return ""
		}
		var err error
		if to, err = read(root, name); err != nil {
			return fmt.Sprintf("the link %s leads to no document: %v", link, err)
		}
	}
	for _, line := range to.prose() {
		if strings.HasPrefix(line, "#") && anchor(line) == heading {
			return ""
		}
	}
	return fmt.Sprintf("the link %s leads to no heading", link)
}

var notInAnchor = regexp.MustCompile(`[^\p{L}\p{N} _-]`)

// anchor is the name that a heading has in a link.
func anchor(heading string) string {
	text := strings.ToLower(strings.TrimSpace(strings.TrimLeft(heading, "#")))
	return strings.ReplaceAll(notInAnchor.ReplaceAllString(text, ""), " ", "-")
}

// missingCode are the lines of a ```diff or ```go block that are not in the exercise beside the document: for a diff, not
// in what the exercise adds to the one before.
func missingCode(root string, doc document, b block) ([]string, error) {
	folder := path.Dir(doc.name)
	var code []string
	switch b.language {
	case "diff":
		stage := slices.Index(stages.Names, folder)
		if stage < 1 {
			return nil, fmt.Errorf("%s: a diff belongs into the lesson of exercise 2 to %d", at(doc.name, b.first-1), len(stages.Names))
		}
		from, to := filepath.Join(root, stages.Names[stage-1]), filepath.Join(root, folder)
		files, err := diff.Between(from, to, diff.Options{CodeOnly: true})
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := file.Unified(from, to)
			if err != nil {
				return nil, fmt.Errorf("compare %s: %w", file.Name, err)
			}
			code = append(code, strings.Split(text, "\n")...)
		}
	case "go":
		files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
		if err != nil {
			return nil, fmt.Errorf("read the code: %w", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("read the code: %w", err)
			}
			code = append(code, strings.Split(string(text), "\n")...)
		}
	default:
		return nil, nil
	}
	var missing []string
	for _, line := range doc.text(b) {
		if line != "" && line != ellipsis && !strings.HasPrefix(line, "@@") && !slices.Contains(code, line) {
			missing = append(missing, line)
		}
	}
	return missing, nil
}

// prose are the lines outside blocks, each with its index.
func (d document) prose() map[int]string {
	prose := map[int]string{}
	for i, line := range d.lines {
		prose[i] = line
	}
	for _, b := range d.blocks {
		for i := b.first - 1; i <= b.last; i++ {
			delete(prose, i)
		}
	}
	return prose
}

// TestDocuments checks all that can be checked in the workshop's documents without a run; `make guide` does the rest.
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
		problems, err := checkText(root, name)
		if err != nil {
			t.Error(err)
		}
		for _, problem := range problems {
			t.Error(problem)
		}
	}
}

// TestLessonsHaveOneShape checks that the five lessons have the same headings. Exercise 1 adds no pattern, so there is
// nothing to solve in it.
func TestLessonsHaveOneShape(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	shape := []string{"## The failure", "## Your turn", "## Run it", "## Break it", "## What you should see", "## The diff", "## Why these values",
		"## What it costs", "## What this pattern does not fix", "## Explore", "## Sources"}
	for number := 1; number <= 5; number++ {
		want := shape
		if number == 1 {
			want = slices.DeleteFunc(slices.Clone(shape), func(heading string) bool { return heading == "## Your turn" })
			want[slices.Index(want, "## What this pattern does not fix")] = "## What this app does not survive"
		}
		doc, err := read(root, fmt.Sprintf("exercise%d/README.md", number))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		prose := doc.prose()
		for i := range doc.lines {
			if strings.HasPrefix(prose[i], "## ") {
				got = append(got, prose[i])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("exercise %d has the headings %q, want %q", number, got, want)
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
		"| `RETRY_MAX_DELAY` | `100ms` | exercises 3, 4, 5 | See `RETRY_BASE_DELAY`. |",
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

// Each way in which a document can be wrong without a run is found.
func TestCheckTextFinds(t *testing.T) {
	for _, test := range []struct{ what, text, want string }{
		{"a block that nobody checks", "```ruby\nputs\n```\n", "README.md:1: nothing checks a block of ruby"},
		{"an unknown option", "```sh later\ntrue\n```\n", `no option "later"`},
		{"an unknown target", "Say `make goodbye`.\n", `README.md:1: there is no make target "goodbye"`},
		{"a link to nowhere", "See [there](there.md).\n", "leads nowhere"},
		{"a link to no heading", "# Here\nSee [there](#there) and [here](#here).\n", "the link #there leads to no heading"},
		{"an old table", "<!-- generated: faults -->\nnone\n<!-- end generated -->\n", `the generated region "faults" is not what the code says now`},
		{"nothing wrong", "# Here\n```sh fails\nmake hello\n```\nSee [here](#here).\n", ""},
	} {
		root := workshopOf(t, test.text)
		problems, err := checkText(root, "README.md")
		if err != nil {
			t.Error(err)
		}
		if got := strings.Join(problems, "\n"); (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.what, got, test.want)
		}
	}
}

// workshopOf is a folder with a README of the text and a Makefile.
func workshopOf(t *testing.T, text string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{"README.md": text, "Makefile": "### Greet\n\nhello: ## Say hello\n\t@echo hello\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCommandsTables(t *testing.T) {
	got, err := commandsTables(workshopOf(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"| Greet | |", "| --- | --- |", "| `make hello` | Say hello |"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
