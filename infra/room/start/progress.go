package start

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"chaosworkshop/infra/chaos/experiment"
)

// Entry is one judgement of a learner's own folder.
type Entry struct {
	Time     time.Time `json:"time"`
	Exercise int       `json:"exercise"`
	// Code is the fingerprint of the code that was judged.
	Code string `json:"code"`
	// Verdicts are by experiment: E1 is passed, failed or inconclusive.
	Verdicts map[string]string `json:"verdicts"`
}

// Passed tells whether every experiment passed.
func (e Entry) Passed() bool { return e.all("passed") }

// inconclusive tells whether nothing failed, but not everything passed.
func (e Entry) inconclusive() bool {
	for _, verdict := range e.Verdicts {
		if verdict == "failed" {
			return false
		}
	}
	return !e.Passed()
}

func (e Entry) all(want string) bool {
	for _, verdict := range e.Verdicts {
		if verdict != want {
			return false
		}
	}
	return len(e.Verdicts) > 0
}

// progressFile holds a line of JSON for each entry, below the workshop's root.
func progressFile(root string) string { return filepath.Join(root, "work", "progress.jsonl") }

// Note adds an entry to the learner's progress; it changes no earlier one.
func Note(root string, entry Entry) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	file, err := os.OpenFile(progressFile(root), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("note the progress: %w", err)
	}
	return nil
}

// Standing is how far the learner is with one exercise.
type Standing struct {
	Exercise int
	// Exists tells whether the learner's folder does.
	Exists bool
	// Last is the last judgement: of the code as it is now, or if there is none, of earlier code; nil if there is none
	// at all.
	Last *Entry
	// Changed tells that Last is about earlier code.
	Changed bool
}

// Done tells whether the code as it is now has passed.
func (s Standing) Done() bool { return s.Exists && s.Last != nil && !s.Changed && s.Last.Passed() }

// Progress is the standing of each exercise that a learner solves: 2 to 5.
func Progress(root string) ([]Standing, error) {
	text, err := os.ReadFile(progressFile(root))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the progress: %w", err)
	}
	var all []Standing
	for number := 2; number <= experiment.Stages; number++ {
		dir := filepath.Join(root, Folder(number))
		_, err := os.Stat(dir)
		standing := Standing{Exercise: number, Exists: err == nil}
		code := Fingerprint(dir)
		for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
			var entry Entry
			if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Exercise != number {
				continue // Not ours, or cut off when the disk was full.
			}
			changed := entry.Code != code
			switch last := standing.Last; {
			case last == nil, standing.Changed && !changed:
			case changed && !standing.Changed: // What is known about the code as it is now counts more.
				continue
			case entry.inconclusive() && !last.inconclusive(): // It says nothing new.
				continue
			}
			standing.Last, standing.Changed = &entry, changed
		}
		all = append(all, standing)
	}
	return all, nil
}

// Fingerprint tells one state of the code in the folder dir from another: tests do not count. A folder without code, or none,
// has an empty one.
func Fingerprint(dir string) string {
	if dir == "" {
		return ""
	}
	hash, found := sha256.New(), false
	for _, path := range experiment.Sources(dir) {
		text, err := os.ReadFile(path)
		if err != nil || strings.HasSuffix(path, "_test.go") {
			continue
		}
		found = true
		below, _ := filepath.Rel(dir, path) // It is below.
		fmt.Fprintf(hash, "%s\n%d\n", filepath.ToSlash(below), len(text))
		hash.Write(text)
	}
	if !found {
		return ""
	}
	return fmt.Sprintf("%x", hash.Sum(nil)[:8])
}
