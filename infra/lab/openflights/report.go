package openflights

import (
	"fmt"
	"strconv"
	"strings"
)

// maxRejections is how many rejections a FileReport lists. It counts all.
const maxRejections = 100

// Report says what Load read, what it kept, and why it did not keep the rest.
type Report struct {
	// Files are in the order in which they were read.
	Files []FileReport `json:"files"`
}

// FileReport is the part of a Report about one file.
type FileReport struct {
	// Name of the file, such as airports.dat.
	Name string `json:"name"`
	// Read is the number of rows in the file, Kept the number of those in the Dataset.
	Read int `json:"read"`
	Kept int `json:"kept"`
	// Unresolved is the number of kept rows that name an airline or an airport that is in no table.
	Unresolved int `json:"unresolved"`
	// Rejections are the first 100 rows that were not kept.
	Rejections []Rejection `json:"rejections,omitempty"`
}

// Rejection is one row that was not kept, and why.
type Rejection struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// Rejected is the number of rows in the file that were not kept.
func (f FileReport) Rejected() int { return f.Read - f.Kept }

// String is the counts in one line.
func (f FileReport) String() string {
	text := fmt.Sprintf("%s: %s of %s rows", f.Name, thousands(f.Kept), thousands(f.Read))
	if f.Rejected() > 0 {
		text += fmt.Sprintf(", %s rejected", thousands(f.Rejected()))
	}
	if f.Unresolved > 0 {
		text += fmt.Sprintf(", %s with an unresolved airline or airport", thousands(f.Unresolved))
	}
	return text
}

// Rejected is the number of rows in all files that were not kept.
func (r Report) Rejected() int {
	sum := 0
	for _, file := range r.Files {
		sum += file.Rejected()
	}
	return sum
}

// Summary is one line per file: its counts.
func (r Report) Summary() string {
	lines := make([]string, len(r.Files))
	for i, file := range r.Files {
		lines[i] = file.String()
	}
	return strings.Join(lines, "\n")
}

// thousands writes a count with a comma between groups of three digits.
func thousands[N int | int64](count N) string {
	text := strconv.FormatInt(int64(count), 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
