package diff

import (
	"embed"
	"go/scanner"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/pmezard/go-difflib/difflib"

	"chaosworkshop/infra/chaos/page"
)

// NewHandler serves the difference between the folders from and to as a page, read anew for each request. Policy is its
// content security policy.
func NewHandler(from, to string, options Options) (handler http.Handler, policy string, err error) {
	made, err := page.New(site, nil)
	if err != nil {
		return nil, "", err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		files, err := Between(from, to, options)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		sheets := make([]sheet, len(files))
		for i, file := range files {
			sheets[i] = file.sheet(from, to)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = made.Write(w, map[string]any{ // The browser is gone if this fails.
			"From": shown(from), "To": shown(to), "Files": sheets,
		})
	}), made.Policy, nil
}

// shown is a folder as the page names it: from the current one, where that is shorter.
func shown(folder string) string {
	if here, err := os.Getwd(); err == nil {
		if short, err := filepath.Rel(here, folder); err == nil && len(short) < len(folder) {
			folder = short
		}
	}
	return filepath.ToSlash(folder)
}

//go:embed site
var site embed.FS

// sheet is one file on the page.
type sheet struct {
	Name           string
	Added, Removed int
	// Only is the folder that has the file, if the other has not.
	Only  string
	Parts []part
}

// part is a run of lines that are equal or not, on each side that has some. Equal lines far from any change are folded.
type part struct {
	Equal, Folded bool
	Sides         []side
}

// side is one side of a part: from or to. Start is the number of its first line.
type side struct {
	Name  string
	Start int
	Lines []line
}

// line is the text of a line, with its line end, in runs of one kind.
type line []run

// run is a text of one kind of token: comment, keyword, string, number, or empty. Changed tells it from the rest of its line.
type run struct {
	Kind, Text string
	Changed    bool
}

// A change shows so many equal lines on each side of it; a fold has at least so many lines.
const near, fold = 4, 4

// sheet is the file as the page shows it.
func (f File) sheet(from, to string) sheet {
	s := sheet{Name: f.Name}
	switch {
	case f.From == nil:
		s.Only = shown(to)
	case f.To == nil:
		s.Only = shown(from)
	}
	before, after := newSource(f.Name, f.From), newSource(f.Name, f.To)
	add := func(equal, folded bool, i1, i2, j1, j2 int) {
		one := part{Equal: equal, Folded: folded}
		if i1 < i2 {
			one.Sides = append(one.Sides, side{"from", i1 + 1, before.lines(i1, i2)})
		}
		if j1 < j2 {
			one.Sides = append(one.Sides, side{"to", j1 + 1, after.lines(j1, j2)})
		}
		if len(one.Sides) > 0 {
			s.Parts = append(s.Parts, one)
		}
	}
	codes := difflib.NewMatcher(f.From, f.To).GetOpCodes()
	for i, code := range codes {
		if code.Tag != 'e' {
			s.Removed += code.I2 - code.I1
			s.Added += code.J2 - code.J1
			if code.I2-code.I1 == code.J2-code.J1 {
				for n := range code.I2 - code.I1 {
					markChange(before, after, code.I1+n, code.J1+n)
				}
			}
			add(false, false, code.I1, code.I2, code.J1, code.J2)
			continue
		}
		head, tail := near, near
		if i == 0 {
			head = 0
		}
		if i == len(codes)-1 {
			tail = 0
		}
		if code.I2-code.I1 < head+fold+tail {
			head, tail = 0, code.I2-code.I1
		}
		add(true, false, code.I1, code.I1+head, code.J1, code.J1+head)
		add(true, true, code.I1+head, code.I2-tail, code.J1+head, code.J2-tail)
		add(true, false, code.I2-tail, code.I2, code.J2-tail, code.J2)
	}
	return s
}

// source is a file with a kind for each of its bytes.
type source struct {
	text    string
	starts  []int // Of the lines, and the end.
	kinds   []string
	changed []bool
}

// newSource finds the tokens of a Go file. Of one that does not compile yet, it finds those that there are.
func newSource(name string, lines []string) *source {
	s := &source{text: strings.Join(lines, ""), starts: []int{0}}
	s.kinds, s.changed = make([]string, len(s.text)), make([]bool, len(s.text))
	for _, line := range lines {
		s.starts = append(s.starts, s.starts[len(s.starts)-1]+len(line))
	}
	if filepath.Ext(name) != ".go" {
		return s
	}
	file := token.NewFileSet().AddFile(name, -1, len(s.text))
	var tokens scanner.Scanner
	tokens.Init(file, []byte(s.text), nil, scanner.ScanComments)
	for {
		at, kind, text := tokens.Scan()
		if kind == token.EOF {
			return s
		}
		name := ""
		switch {
		case kind == token.COMMENT:
			name = "comment"
		case kind.IsKeyword():
			name = "keyword"
		case kind == token.STRING, kind == token.CHAR:
			name = "string"
		case kind == token.INT, kind == token.FLOAT, kind == token.IMAG:
			name = "number"
		default:
			continue
		}
		start := file.Offset(at)
		for i := start; i < min(start+len(text), len(s.kinds)); i++ {
			s.kinds[i] = name
		}
	}
}

// lines are the lines from first to before last.
func (s *source) lines(first, last int) []line {
	var all []line
	for number := first; number < last; number++ {
		var runs line
		for start, end := s.starts[number], s.starts[number+1]; start < end; {
			next := start + 1
			for next < end && s.kinds[next] == s.kinds[start] && s.changed[next] == s.changed[start] {
				next++
			}
			runs = append(runs, run{s.kinds[start], s.text[start:next], s.changed[start]})
			start = next
		}
		all = append(all, runs)
	}
	return all
}

// markChange marks what differs between a line and the one that replaces it, in whole words, if they have much in common.
func markChange(before, after *source, from, to int) {
	a, b := before.text[before.starts[from]:before.starts[from+1]], after.text[after.starts[to]:after.starts[to+1]]
	head, tail := 0, 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for head > 0 && (wordAt(a, head) || wordAt(b, head)) {
		head--
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	for tail > 0 && (wordAt(a, len(a)-tail) || wordAt(b, len(b)-tail)) {
		tail--
	}
	if 2*len(strings.TrimSpace(a[:head]+a[len(a)-tail:])) < min(len(a), len(b))-head-tail {
		return
	}
	for i := head; i < len(a)-tail; i++ {
		before.changed[before.starts[from]+i] = true
	}
	for i := head; i < len(b)-tail; i++ {
		after.changed[after.starts[to]+i] = true
	}
}

// wordAt tells whether a place in the text is within a word, or within a character of several bytes.
func wordAt(text string, place int) bool {
	in := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
	}
	return place > 0 && place < len(text) && in(text[place-1]) && in(text[place])
}
