package diff

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"chaosworkshop/shared/config"
)

// The page leaves out nothing and changes nothing: its parts put together are the files, each line once and with its number.
func TestPageHoldsEveryLineOfEveryExercise(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	folded, changed := 0, 0
	for from := 1; from <= 5; from++ {
		for to := 1; to <= 5; to++ {
			before, after := filepath.Join(root, fmt.Sprint("exercise", from)), filepath.Join(root, fmt.Sprint("exercise", to))
			files, err := Between(before, after, Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				texts, numbers := map[string]string{}, map[string]int{}
				for _, part := range file.sheet(before, after).Parts {
					if part.Folded {
						folded++
					}
					if part.Folded && !part.Equal {
						t.Errorf("%s folds a change", file.Name)
					}
					for _, side := range part.Sides {
						if side.Start != numbers[side.Name]+1 {
							t.Errorf("%s: line %d follows line %d", file.Name, side.Start, numbers[side.Name])
						}
						numbers[side.Name] += len(side.Lines)
						for _, line := range side.Lines {
							for _, run := range line {
								texts[side.Name] += run.Text
								if run.Changed {
									changed++
								}
							}
						}
					}
				}
				if texts["from"] != strings.Join(file.From, "") || texts["to"] != strings.Join(file.To, "") {
					t.Errorf("%s from exercise %d to %d: the page's text is not the file's", file.Name, from, to)
				}
			}
		}
	}
	if folded == 0 || changed == 0 {
		t.Errorf("%d folds and %d changes within a line, want some", folded, changed)
	}
}

// A learner's file may not compile, and what it holds is text.
func TestPageShowsCodeAsText(t *testing.T) {
	from, to := folders(t,
		map[string]string{"main.go": "package main\n\nvar policies = With(timeout) // old\n"},
		map[string]string{"main.go": "package main\n\nvar policies = With(retry, timeout) // old\n", "new.go": "func broken( { \"</code><script>alert(1)</script>\nreturn `é\x00\xff"})
	handler, policy, err := NewHandler(from, to, Options{})
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	got := answer.Body.String()
	for _, want := range []string{
		`<span class="keyword">package</span> main`, `With(<mark class="">retry, </mark>timeout) <span class="comment">// old</span>`,
		`&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;`, "only in ", "+1 −1",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got[strings.Index(got, "<main>"):strings.Index(got, "</main>")])
		}
	}
	if strings.Contains(got, "<script>alert") || strings.Contains(policy, "unsafe") {
		t.Errorf("code of the file may run, under the policy %s", policy)
	}

	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	answer = httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest("GET", "/", nil))
	if answer.Code != 500 {
		t.Errorf("without a folder: got %d, want 500, so that the page says so", answer.Code)
	}
}
