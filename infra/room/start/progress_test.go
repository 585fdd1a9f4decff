package start

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A verdict counts for the code that it was for, and nothing that was noted is lost.
func TestProgress(t *testing.T) {
	root := t.TempDir()
	save := func(text string) {
		t.Helper()
		if err := write(filepath.Join(root, Folder(3), "main.go"), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	note := func(number int, verdict string) {
		t.Helper()
		err := Note(root, Entry{
			Time: time.Now(), Exercise: number, Code: Fingerprint(filepath.Join(root, Folder(3))),
			Verdicts: map[string]string{"E1": "passed", "E3": verdict},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	standing := func() Standing {
		t.Helper()
		all, err := Progress(root)
		if err != nil || len(all) != 4 || all[1].Exercise != 3 {
			t.Fatalf("got %v, %v, want exercises 2 to 5", all, err)
		}
		return all[1]
	}
	if got := standing(); got.Exists || got.Last != nil {
		t.Errorf("at first: got %+v, want nothing", got)
	}
	save("package main")
	if got := standing(); !got.Exists || got.Last != nil || got.Done() {
		t.Errorf("before a judgement: got %+v, want the folder alone", got)
	}
	for _, step := range []struct {
		what          string
		do            func()
		verdict       string // Of E3.
		changed, done bool
	}{
		{"failed", func() { note(3, "failed") }, "failed", false, false},
		{"judged as another exercise", func() { note(2, "passed") }, "failed", false, false},
		{"inconclusive", func() { note(3, "inconclusive") }, "failed", false, false},
		{"passed", func() { note(3, "passed") }, "passed", false, true},
		{"a test added", func() {
			if err := write(filepath.Join(root, Folder(3), "main_test.go"), []byte("package main")); err != nil {
				t.Fatal(err)
			}
		}, "passed", false, true},
		{"changed", func() { save("package main // new") }, "passed", true, false},
		{"the change failed", func() { note(3, "failed") }, "failed", false, false},
		{"changed back", func() { save("package main") }, "passed", false, true},
		{"a line cut off", func() {
			file, err := os.OpenFile(progressFile(root), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if _, err := file.WriteString(`{"exercise":3,"ver`); err != nil {
				t.Fatal(err)
			}
		}, "passed", false, true},
	} {
		step.do()
		got := standing()
		if got.Last == nil || got.Last.Verdicts["E3"] != step.verdict || got.Changed != step.changed || got.Done() != step.done {
			t.Errorf("%s: got %+v with %+v, want E3 %s, changed %t, done %t", step.what, got, got.Last, step.verdict, step.changed, step.done)
		}
	}
}
