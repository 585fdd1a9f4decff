package diff

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// folders makes two folders of files.
func folders(t *testing.T, from, to map[string]string) (string, string) {
	t.Helper()
	dir := t.TempDir()
	for name, files := range map[string]map[string]string{"before": from, "after": to} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return filepath.Join(dir, "before"), filepath.Join(dir, "after")
}

func TestBetweenShowsCodeFirstAndNoProse(t *testing.T) {
	from, to := folders(t,
		map[string]string{"main.go": "a\n", "same.go": "s\n", "go.sum": "1\n", "README.md": "x\n", "a_test.go": "t\n", "go.mod": "m\n"},
		map[string]string{"main.go": "b\n", "same.go": "s\r\n", "go.sum": "2\n", "README.md": "y\n", "a_test.go": "u\n", "go.mod": "n\n", "new.go": "n\n"})
	for _, test := range []struct {
		options Options
		want    []string
	}{
		{Options{}, []string{"main.go", "new.go", "go.mod", "a_test.go"}},
		{Options{CodeOnly: true}, []string{"main.go", "new.go"}},
	} {
		files, err := Between(from, to, test.options)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, file := range files {
			got = append(got, file.Name)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %q, want %q", test.options, got, test.want)
		}
	}
}

func TestMissingFolderIsExplained(t *testing.T) {
	_, err := Between("exercise9", t.TempDir(), Options{})
	if err == nil || !strings.Contains(err.Error(), "name two folders") {
		t.Errorf("got %v, want what to do", err)
	}
}
