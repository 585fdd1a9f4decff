package guide

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"chaosworkshop/infra/room/diff"
	"chaosworkshop/infra/tools/stages"
)

// Problem is one thing in a document that does not hold.
type Problem struct {
	// Where is the document and the line, such as README.md:12.
	Where string
	// What is wrong, in one or more lines.
	What string
}

// Documents are the documents below root, by their paths from there: the guide, the lessons, and what infra says.
func Documents(root string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"README.md", "exercise?/README.md", "infra/docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fmt.Errorf("list the documents: %w", err)
		}
		for _, one := range found {
			name, err := filepath.Rel(root, one)
			if err != nil {
				return nil, fmt.Errorf("list the documents: %w", err)
			}
			names = append(names, filepath.ToSlash(name))
		}
	}
	return names, nil
}

// conditions are the options of blocks that run only where WORKSHOP_<OPTION>=1, each with the reason.
var conditions = map[string]string{
	"docker": "needs Docker: a test in infra/deploy/compose runs it",
	"mysql":  "needs a MySQL or MariaDB server: a test in infra/tools/guide runs it against one",
	"online": "downloads from the internet",
	"slow":   "takes minutes: continuous integration runs it as a step of its own",
}

// known are the languages of blocks, and the options that each may have beside the conditions.
var known = map[string][]string{
	"sh":         {"keep", "beside", "fails"},
	"console":    {"fails"},
	"log":        {},
	"diff":       {},
	"go":         {},
	"mermaid":    {},
	"powershell": {},
}

// CheckText checks what needs no run: that generated regions are as the code has it, that links and make targets exist,
// that quoted code is in the exercises, and that every block says whether it runs.
func CheckText(root, name string) ([]Problem, error) {
	doc, err := read(root, name)
	if err != nil {
		return nil, err
	}
	targets, err := makeTargets(root)
	if err != nil {
		return nil, err
	}
	var problems []Problem
	report := func(index int, format string, values ...any) {
		problems = append(problems, Problem{at(name, index), fmt.Sprintf(format, values...)})
	}
	for _, r := range doc.regions {
		want, err := generate(root, r.name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at(name, r.first-1), err)
		}
		if !slices.Equal(want, doc.lines[r.first:r.last]) {
			report(r.first, "the generated region %q is not what the code says now; run: make guide WRITE=1", r.name)
		}
	}
	for _, b := range doc.blocks {
		options, isKnown := known[b.language]
		if !isKnown {
			report(b.first-1, "nothing checks a block of %s; choose sh, console, log, diff, go, mermaid or powershell", b.language)
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
