// Package diff finds what differs between the folders of two exercises.
package diff

import (
	"bytes"
	"cmp"
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
	// From and To are its lines, each with its line end; nil in a folder that lacks the file.
	From, To []string
}

// Options say what Between leaves out.
type Options struct {
	// CodeOnly leaves out tests and go.mod.
	CodeOnly bool
}

// Between lists the files that differ between the folders from and to: code first, then go.mod, then tests. It leaves out
// go.sum and prose.
func Between(from, to string, options Options) ([]File, error) {
	names := map[string]bool{}
	for _, dir := range []string{from, to} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("compare: %w; name two folders, such as exercise2 and exercise3", err)
		}
		for _, entry := range entries {
			name := entry.Name()
			lesson := filepath.Ext(name) == ".go" || name == "go.mod"
			if entry.Type().IsRegular() && lesson && (!options.CodeOnly || kind(name) == 0) {
				names[name] = true
			}
		}
	}
	var files []File
	for name := range names {
		file, err := File{Name: name}, error(nil)
		if file.From, err = lines(filepath.Join(from, name)); err != nil {
			return nil, err
		}
		if file.To, err = lines(filepath.Join(to, name)); err != nil {
			return nil, err
		}
		if !slices.Equal(file.From, file.To) {
			files = append(files, file)
		}
	}
	slices.SortFunc(files, func(a, b File) int {
		return cmp.Or(kind(a.Name)-kind(b.Name), strings.Compare(a.Name, b.Name))
	})
	return files, nil
}

// Unified is the file's difference as a unified diff, in the format of patch.
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

// lines are the lines of a file; nil when there is no such file.
func lines(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("compare: %w", err)
	}
	// A checkout on Windows may have other line ends, which are not part of the lesson.
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
