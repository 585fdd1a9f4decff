// Package diff shows what one exercise adds to another, and checks that it adds nothing else.
package diff

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
)

// File is one file in two folders.
type File struct {
	// Name is the file's path in both folders.
	Name string
	// From and To are its lines, each with its line end; nil where the file is not there.
	From, To []string
}

// Options say what Between leaves out.
type Options struct {
	// CodeOnly leaves out tests and go.mod.
	CodeOnly bool
}

// Between lists the files that differ between the folders from and to: code first, then what surrounds it. go.sum and
// prose are left out.
func Between(from, to string, options Options) ([]File, error) {
	names := map[string]bool{}
	for _, dir := range []string{from, to} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("compare: %w; name two folders, such as exercise2 and exercise3", err)
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() && shown(entry.Name(), options) {
				names[entry.Name()] = true
			}
		}
	}
	var files []File
	for name := range names {
		before, err := lines(filepath.Join(from, name))
		if err != nil {
			return nil, err
		}
		after, err := lines(filepath.Join(to, name))
		if err != nil {
			return nil, err
		}
		if !slices.Equal(before, after) {
			files = append(files, File{Name: name, From: before, To: after})
		}
	}
	slices.SortFunc(files, func(a, b File) int {
		if byKind := kind(a.Name) - kind(b.Name); byKind != 0 {
			return byKind
		}
		return strings.Compare(a.Name, b.Name)
	})
	return files, nil
}

// Unified is the file's difference as a unified diff, which patch and every code review read.
func (f File) Unified(from, to string) (string, error) {
	return difflib.GetUnifiedDiffString(difflib.UnifiedDiff{
		A: f.From, B: f.To, Context: 3,
		FromFile: f.Side(from, f.From), ToFile: f.Side(to, f.To),
	})
}

// Changed counts the lines added and removed.
func (f File) Changed() int {
	changed := 0
	for _, code := range difflib.NewMatcher(f.From, f.To).GetOpCodes() {
		if code.Tag != 'e' {
			changed += code.I2 - code.I1 + code.J2 - code.J1
		}
	}
	return changed
}

// shown tells whether a file is part of the lesson.
func shown(name string, options Options) bool {
	if filepath.Ext(name) != ".go" && name != "go.mod" {
		return false
	}
	return !options.CodeOnly || kind(name) == 0
}

// kind orders files: code, go.mod, tests.
func kind(name string) int {
	switch {
	case strings.HasSuffix(name, "_test.go"):
		return 2
	case name == "go.mod":
		return 1
	}
	return 0
}

// lines are the lines of a file; nil when it is not there.
func lines(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	// A checkout on Windows may end its lines otherwise: that is no lesson.
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return slices.Collect(strings.Lines(string(text))), nil
}

// Side is how a diff names the file in the folder dir, where it has these lines.
func (f File) Side(dir string, lines []string) string {
	if lines == nil {
		return os.DevNull
	}
	return filepath.ToSlash(filepath.Join(filepath.Base(dir), f.Name))
}
