package stages

import (
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"chaosworkshop/infra/room/diff"

	"golang.org/x/mod/modfile"
)

// checkOrder compares the exercises below root with the manifest and returns what is wrong, one line each: which file of
// which exercise, why, and how to fix it. The error says that a file could not be read.
func checkOrder(root string) ([]string, error) {
	var wrong []string
	for i, step := range manifest {
		problems, err := checkStep(root, Names[i], Names[i+1], step)
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, problems...)
	}
	for _, check := range []func(string) ([]string, error){checkFiles, checkModules} {
		problems, err := check(root)
		if err != nil {
			return nil, err
		}
		wrong = append(wrong, problems...)
	}
	return wrong, nil
}

// checkStep checks one exercise against the one before.
func checkStep(root, from, to string, step step) ([]string, error) {
	before, err := read(filepath.Join(root, from))
	if err != nil {
		return nil, err
	}
	after, err := read(filepath.Join(root, to))
	if err != nil {
		return nil, err
	}
	var wrong []string
	for name := range before {
		if _, there := after[name]; !there {
			wrong = append(wrong, fmt.Sprintf("%s/%s is missing, and %s has it: cp %s/%s %s/", to, name, from, from, name, to))
		}
	}
	for name, text := range after {
		old, there := before[name]
		switch {
		case slices.Contains(own, name):
		case !there && !slices.Contains(step.added, name):
			wrong = append(wrong, fmt.Sprintf("%s/%s is new, and the step may add only %s: put it into the earliest exercise that needs it, or into the manifest",
				to, name, strings.Join(step.added, " and ")))
		case there && text != old && !slices.Contains(step.changed, name):
			wrong = append(wrong, fmt.Sprintf("%s/%s differs from %s's, and the step may change only %s: make the change in the earliest exercise and carry it forward: cp %s/%s %s/",
				to, name, from, strings.Join(step.changed, ", "), from, name, to))
		case there && text == old && slices.Contains(step.changed, name):
			wrong = append(wrong, fmt.Sprintf("%s/%s equals %s's, and the step should change it: the pattern is missing, or the manifest names it in vain", to, name, from))
		}
	}
	for _, name := range slices.Concat(step.added, own) {
		if _, there := after[name]; !there {
			wrong = append(wrong, fmt.Sprintf("%s/%s is missing: the step adds it", to, name))
		}
	}
	files, err := diff.Between(filepath.Join(root, from), filepath.Join(root, to), diff.Options{CodeOnly: true})
	if err != nil {
		return nil, err
	}
	changed := 0
	for _, file := range files {
		changed += file.Changed()
	}
	if changed > step.budget {
		wrong = append(wrong, fmt.Sprintf("%s to %s changes %d lines of code, and the budget is %d: `make diff FROM=%s TO=%s CODE=1` shows them",
			from, to, changed, step.budget, strings.TrimPrefix(from, "exercise"), strings.TrimPrefix(to, "exercise")))
	}
	slices.Sort(wrong)
	return wrong, nil
}

// checkFiles checks each file by itself: its length, what it imports, and that it does not name its own exercise.
func checkFiles(root string) ([]string, error) {
	var wrong []string
	for _, stage := range Names {
		files, err := read(filepath.Join(root, stage))
		if err != nil {
			return nil, err
		}
		for name, text := range files {
			if filepath.Ext(name) != ".go" {
				continue
			}
			at := stage + "/" + name
			most := 80
			if own, ok := longest[name]; ok {
				most = own
			}
			if lines := strings.Count(text, "\n"); !strings.HasSuffix(name, "_test.go") && lines > most {
				wrong = append(wrong, fmt.Sprintf("%s has %d lines, and %d is the most: a learner reads it from a screen", at, lines, most))
			}
			if strings.Contains(text, "exercise") {
				wrong = append(wrong, fmt.Sprintf("%s names an exercise: the same bytes stand in several", at))
			}
			file, err := parser.ParseFile(token.NewFileSet(), at, text, parser.ImportsOnly)
			if err != nil {
				return nil, fmt.Errorf("check %s: %w", at, err)
			}
			for _, imported := range file.Imports {
				path, _ := strconv.Unquote(imported.Path.Value) // The parser has accepted it.
				if strings.HasPrefix(path, "chaosworkshop/") && !strings.HasPrefix(path, "chaosworkshop/shared/") {
					wrong = append(wrong, fmt.Sprintf("%s imports %s: an exercise stands alone and uses shared only", at, path))
				}
			}
		}
	}
	slices.Sort(wrong)
	return wrong, nil
}

// checkModules checks that the exercises depend on the same versions, and not on the database's engine.
func checkModules(root string) ([]string, error) {
	var wrong []string
	versions, first := map[string]string{}, map[string]string{}
	for _, stage := range Names {
		path := filepath.Join(root, stage, "go.mod")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		module, err := modfile.Parse(path, text, nil)
		if err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		if want := "chaosworkshop/" + stage; module.Module.Mod.Path != want {
			wrong = append(wrong, fmt.Sprintf("%s/go.mod names the module %s: it is %s", stage, module.Module.Mod.Path, want))
		}
		for _, required := range module.Require {
			name, version := required.Mod.Path, required.Mod.Version
			if strings.Contains(name, "dolthub") {
				wrong = append(wrong, fmt.Sprintf("%s/go.mod requires %s: the database's engine belongs to infra", stage, name))
			}
			if known, ok := versions[name]; ok && known != version {
				wrong = append(wrong, fmt.Sprintf("%s/go.mod requires %s %s, and %s has %s: use one version in all", stage, name, version, first[name], known))
			}
			versions[name], first[name] = version, stage
		}
	}
	return wrong, nil
}

// read are the files of a folder, by name. Built binaries are none.
func read(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || !slices.Contains([]string{".go", ".md", ".mod", ".sum"}, filepath.Ext(entry.Name())) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		files[entry.Name()] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	return files, nil
}
