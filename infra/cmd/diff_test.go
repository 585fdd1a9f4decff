package cmd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chaosworkshop/infra/room/diff"
	"chaosworkshop/shared/config"
)

func TestPrint(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "before"), filepath.Join(dir, "after")
	for folder, text := range map[string]string{from: "one\ntwo\n", to: "one\n\tzwei\ndrei\n"} {
		if err := errors.Join(os.Mkdir(folder, 0o755), os.WriteFile(filepath.Join(folder, "main.go"), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := diff.Between(from, to, diff.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := files[0].Changed(), 3; got != want {
		t.Errorf("changed lines: got %d, want %d", got, want)
	}
	var unified, side strings.Builder
	if err := printUnified(&unified, files, from, to); err != nil {
		t.Fatal(err)
	}
	if want := "--- before/main.go\n+++ after/main.go\n@@ -1,2 +1,3 @@\n one\n-two\n+\tzwei\n+drei\n"; unified.String() != want {
		t.Errorf("unified: got\n%swant\n%s", unified.String(), want)
	}
	printSideBySide(&side, files, from, to, 43)
	want := "before/main.go         after/main.go\n" +
		"one                    one\n" +
		"two                  |     zwei\n" +
		"                     > drei\n\n"
	if side.String() != want {
		t.Errorf("side by side: got\n%swant\n%s", side.String(), want)
	}
}

// Side by side, no line is cut and none is wider than the terminal.
func TestSideBySideShowsEveryLineWhole(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	blank := regexp.MustCompile(`\s`)
	for number := 1; number < 5; number++ {
		from, to := filepath.Join(root, fmt.Sprint("exercise", number)), filepath.Join(root, fmt.Sprint("exercise", number+1))
		files, err := diff.Between(from, to, diff.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, width := range []int{80, 120} {
			column := (width - 3) / 2
			var side strings.Builder
			printSideBySide(&side, files, from, to, width)
			var right strings.Builder
			for line := range strings.Lines(side.String()) {
				runes := []rune(strings.TrimRight(line, "\n"))
				if len(runes) > width {
					t.Errorf("%d columns: %q has %d", width, line, len(runes))
				}
				right.WriteString(string(runes[min(len(runes), column+3):]))
			}
			shown := blank.ReplaceAllString(right.String(), "")
			for _, file := range files {
				for _, line := range file.To {
					if !slices.Contains(file.From, line) && !strings.Contains(shown, blank.ReplaceAllString(line, "")) {
						t.Errorf("%d columns: %s lacks %q", width, file.Name, line)
					}
				}
			}
		}
	}
}
