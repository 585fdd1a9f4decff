// Package start gives learners a folder of their own, with the app of the previous exercise and the task.
package start

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/shared/config"
)

// Folder is the folder of an exercise's own copy, from the workshop's root.
func Folder(number int) string { return filepath.Join("work", fmt.Sprintf("exercise%d", number)) }

// Copy makes the folder for the exercise, 2 to 5, below the workshop's root: the code of the previous exercise, the
// modules of this one, and a README with the task. It never overwrites anything.
func Copy(root string, number int) error {
	before, after := filepath.Join(root, fmt.Sprintf("exercise%d", number-1)), filepath.Join(root, fmt.Sprintf("exercise%d", number))
	target := filepath.Join(root, Folder(number))
	if _, err := os.Lstat(target); err == nil {
		return fmt.Errorf("%s already exists and is left as it is; to start over, rename it first", Folder(number))
	}
	task, err := task(after, number)
	if err != nil {
		return err
	}
	files := map[string]string{"README.md": task}
	code, err := filepath.Glob(filepath.Join(before, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range append(code, filepath.Join(after, "go.mod"), filepath.Join(after, "go.sum"), filepath.Join(root, "go.work")) {
		if strings.HasSuffix(path, "_test.go") {
			continue // The tests of the previous exercise, and of code that is about to change.
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("start exercise %d: %w", number, err)
		}
		files[filepath.Base(path)] = string(text)
	}
	files["go.mod"] = oneDeeper(files["go.mod"])
	// The workshop's go.work does not know this folder, so the go command and editors would refuse it without one of its own.
	version, _, _ := strings.Cut(files["go.work"], "\n")
	files["go.work"] = version + "\n\nuse .\n"
	if err := os.MkdirAll(target, 0o755); err != nil {
		return fmt.Errorf("start exercise %d: %w; move the workshop into your home folder, or make yourself its owner (chown)", number, err)
	}
	if err := copyVendor(after, target); err != nil {
		return fmt.Errorf("start exercise %d: %w", number, err)
	}
	for name, text := range files {
		if err := write(filepath.Join(target, name), []byte(text)); err != nil {
			return fmt.Errorf("start exercise %d: %w", number, err)
		}
	}
	return nil
}

// oneDeeper adjusts the relative path of the shared module to a folder that is one level deeper.
func oneDeeper(text string) string {
	return strings.Replace(text, "=> ../shared", "=> ../../shared", 1)
}

// copyVendor copies the vendored modules of an exercise, which only a bundle has.
func copyVendor(from, to string) error {
	vendor := filepath.Join(from, "vendor")
	if _, err := os.Stat(vendor); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := os.CopyFS(filepath.Join(to, "vendor"), os.DirFS(vendor)); err != nil {
		return err
	}
	list := filepath.Join(to, "vendor", "modules.txt")
	text, err := os.ReadFile(list)
	if err != nil {
		return err
	}
	// The go command uses this vendor folder for the folder's own go.work if the list says so.
	return os.WriteFile(list, []byte("## workspace\n"+strings.ReplaceAll(string(text), "=> ../shared", "=> ../../shared")), 0o644)
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// task is the README of the folder, with the requirements from the lesson in the folder after.
func task(after string, number int) (string, error) {
	lesson, err := os.ReadFile(filepath.Join(after, "README.md"))
	if err != nil {
		return "", fmt.Errorf("read the task: %w", err)
	}
	const head = "Your app must do this:\n"
	_, rest, found := strings.Cut(strings.ReplaceAll(string(lesson), "\r\n", "\n"), head)
	if !found {
		return "", fmt.Errorf("read the task: exercise%d/README.md has no line %q", number, strings.TrimSpace(head))
	}
	rules, _, _ := strings.Cut(rest, "\n## ")
	return fmt.Sprintf("# Your exercise %d\n\nThis is the app of exercise %d. Change it until every experiment passes.\n\n%s%s\n\n%s\n"+
		"Judge it: `make verify EX=%d`. Run it by hand: start `make infra`, then `go run .` in this folder.\n"+
		"`make progress` shows what you have passed. The lesson, with the solution, is ../../exercise%d/README.md.\n",
		number, number-1, head, strings.TrimRight(rules, "\n"), requirements(number), number, number), nil
}

// requirements are what the judge will require of the exercise, in numbers, at the default settings.
func requirements(number int) string {
	var text strings.Builder
	e := experiment.Experiments(config.Defaults[experiment.Settings]())[number-1]
	fmt.Fprintf(&text, "The judge injects faults between your app and its database, and measures what your users get. %s requires:\n\n", e.ID)
	used := ""
	for _, one := range e.Tolerances {
		fmt.Fprintf(&text, "- %s: `%s` in \"%s\"\n", one.Name, one.Expect, strings.Join(one.Phases, "\", \""))
		used += one.Expect.String() + "\n"
	}
	text.WriteString("\nThe names in quotes are phases of the experiment. ../../infra/docs/at-work.md explains the measures.\n")
	bound := "DEADLINE"
	if number == 2 {
		bound = "TIMEOUT"
	}
	for _, term := range [][2]string{
		{"bound", "`" + bound + "`"},
		{"backoff", "the sum of the longest pauses between all attempts"},
		{"dials_for_nobody", "the number of connections that your app opens while no user waits"},
		{"open_waits", "how many times `BREAKER_DELAY` fits into the phase"},
	} {
		if regexp.MustCompile(`\b` + term[0] + `\b`).MatchString(used) {
			fmt.Fprintf(&text, "`%s` is %s.\n", term[0], term[1])
		}
	}
	text.WriteString("\nThe experiments before it, from E1 on, must pass as well.\n")
	return text.String()
}
