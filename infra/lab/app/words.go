package app

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// tail keeps the end of an app's output.
type tail struct {
	mutex sync.Mutex
	text  []byte
}

// tailSize is how much is kept, in bytes.
const tailSize = 4 << 10

func (t *tail) Write(piece []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, piece...)
	if len(t.text) > tailSize {
		t.text = t.text[len(t.text)-tailSize:]
	}
	return len(piece), nil
}

// complaint is a line that names an error, in most languages: what follows it is a stack trace.
var complaint = regexp.MustCompile(`^(panic|fatal error|error|[\w.]*(Error|Exception))\b.*: `)

// String is the line of the output that says most about an app's end: the last one, or the last that names an error.
func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	words := ""
	for line := range strings.Lines(strings.ToValidUTF8(string(t.text), "")) {
		if line = strings.TrimSpace(line); line != "" && (!complaint.MatchString(words) || complaint.MatchString(line)) {
			words = line
		}
	}
	if words == "" {
		return "it printed nothing"
	}
	const longest = 300
	if len(words) > longest {
		words = strings.ToValidUTF8(words[:longest], "") + "..."
	}
	return fmt.Sprintf("its last output: %s", strings.TrimPrefix(words, "error: "))
}
