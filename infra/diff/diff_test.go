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

func TestPrint(t *testing.T) {
	from, to := folders(t, map[string]string{"main.go": "one\ntwo\n"}, map[string]string{"main.go": "one\n\tzwei\ndrei\n"})
	files, err := Between(from, to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := files[0].Changed(), 3; got != want {
		t.Errorf("changed lines: got %d, want %d", got, want)
	}
	var unified, side strings.Builder
	if err := PrintUnified(&unified, files, from, to); err != nil {
		t.Fatal(err)
	}
	if want := "--- before/main.go\n+++ after/main.go\n@@ -1,2 +1,3 @@\n one\n-two\n+\tzwei\n+drei\n"; unified.String() != want {
		t.Errorf("unified: got\n%swant\n%s", unified.String(), want)
	}
	PrintSideBySide(&side, files, from, to, 43)
	want := "before/main.go         after/main.go\n" +
		"one                    one\n" +
		"two                  |     zwei\n" +
		"                     > drei\n\n"
	if side.String() != want {
		t.Errorf("side by side: got\n%swant\n%s", side.String(), want)
	}
}

func TestMissingFolderIsExplained(t *testing.T) {
	_, err := Between("exercise9", t.TempDir(), Options{})
	if err == nil || !strings.Contains(err.Error(), "name two folders") {
		t.Errorf("got %v, want what to do", err)
	}
}
