// Package regex takes the place of github.com/dolthub/go-icu-regex in this program, by a replace in infra/go.mod.
//
// The original compiles ICU, a library in WebAssembly, whenever a program starts. That takes a quarter of a second and 20 MB
// before main, for every command. This one is Go's regexp, which matches in linear time whatever the pattern. A pattern that
// needs more, such as back references or lookaround, is invalid.
package regex

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// RegexFlags change how a pattern matches; they are combined by |.
type RegexFlags uint32

// The flags of MySQL's match types: \n is the only line terminator anyway.
const (
	RegexFlags_None             RegexFlags = 0
	RegexFlags_Unix_Lines       RegexFlags = 1
	RegexFlags_Case_Insensitive RegexFlags = 2
	RegexFlags_Multiline        RegexFlags = 8
	RegexFlags_Dot_All          RegexFlags = 32
)

// errTimeout is MySQL's error 3699: the pattern is too large for a text of that length.
var errTimeout = errors.New("Timeout exceeded in regular expression match")

// maxSteps bounds the steps of a match, which nothing can stop: that many take some tenths of a second. A step is an instruction of the pattern
// for a byte of the text.
const maxSteps = 10_000_000

// maxPattern bounds the length of a pattern in bytes: compiling a megabyte takes seconds.
const maxPattern = 64 << 10

// Regex is a pattern and a text to match. Positions count characters from 1, occurrences from 1.
type Regex = *matcher

type matcher struct {
	pattern *regexp.Regexp
	text    string
	// size is the number of instructions of the pattern, 0 before the first long text; looksBack says that a match depends on what
	// precedes it.
	size      int
	looksBack bool
}

// CreateRegex makes a Regex without pattern and text.
func CreateRegex(uint32) Regex { return &matcher{} }

// SetRegexLeakHandler does nothing: there is nothing to leak.
func SetRegexLeakHandler(func()) {}

// Close does nothing.
func (m *matcher) Close() error { return nil }

// SetRegexString sets the pattern; the error says what is wrong with it.
func (m *matcher) SetRegexString(_ context.Context, pattern string, flags RegexFlags) (err error) {
	if len(pattern) > maxPattern {
		return errTimeout
	}
	var letters strings.Builder
	for letter, flag := range map[string]RegexFlags{
		"i": RegexFlags_Case_Insensitive, "m": RegexFlags_Multiline, "s": RegexFlags_Dot_All,
	} {
		if flags&flag != 0 {
			letters.WriteString("(?" + letter + ")")
		}
	}
	if m.pattern, err = regexp.Compile(letters.String() + pattern); err != nil {
		return fmt.Errorf("the given regular expression is invalid: %w", err)
	}
	m.size, m.looksBack = 0, false
	return nil
}

// SetMatchString sets the text.
func (m *matcher) SetMatchString(_ context.Context, text string) error {
	m.text = text
	return nil
}

// Matches tells whether the text has that occurrence of the pattern after start characters.
func (m *matcher) Matches(ctx context.Context, start, occurrence int) (bool, error) {
	match, err := m.find(ctx, start+1, occurrence)
	return match != nil, err
}

// IndexOf is the position of an occurrence, or the position after it when end is true; 0 if there is none.
func (m *matcher) IndexOf(ctx context.Context, start, occurrence int, end bool) (int, error) {
	match, err := m.find(ctx, start, occurrence)
	switch {
	case match == nil:
		return 0, err
	case end:
		return utf8.RuneCountInString(m.text[:match[1]]) + 1, nil
	}
	return utf8.RuneCountInString(m.text[:match[0]]) + 1, nil
}

// Substring is the text of an occurrence; ok is false when there is none.
func (m *matcher) Substring(ctx context.Context, start, occurrence int) (match string, ok bool, err error) {
	found, err := m.find(ctx, start, occurrence)
	if found == nil {
		return "", false, err
	}
	return m.text[found[0]:found[1]], true, nil
}

// groupNumber is a group in a replacement. Go treats the letters after the number as part of its name.
var groupNumber = regexp.MustCompile(`\$(\d+)`)

// Replace is the text with the replacement for an occurrence, or for all when it is 0; $1 is the first group.
func (m *matcher) Replace(ctx context.Context, replacement string, start, occurrence int) (string, error) {
	matches, err := m.findAll(ctx, start, -1)
	if err != nil {
		return "", err
	}
	if occurrence > 0 {
		matches = matches[min(occurrence-1, len(matches)):min(occurrence, len(matches))]
	}
	replacement = groupNumber.ReplaceAllString(replacement, `$${$1}`)
	var replaced []byte
	at := 0
	for _, match := range matches {
		replaced = append(replaced, m.text[at:match[0]]...)
		replaced = m.pattern.ExpandString(replaced, replacement, m.text, match)
		at = match[1]
	}
	return string(append(replaced, m.text[at:]...)), nil
}

// find is the byte offsets of an occurrence, counted from a position, or nil.
func (m *matcher) find(ctx context.Context, start, occurrence int) ([]int, error) {
	occurrence = max(occurrence, 1)
	matches, err := m.findAll(ctx, start, occurrence)
	if occurrence > len(matches) {
		return nil, err
	}
	return matches[occurrence-1], err
}

// findAll is the byte offsets of the first occurrences from a position, each with those of its groups; a count of -1 is
// all of them.
func (m *matcher) findAll(ctx context.Context, start, count int) ([][]int, error) {
	from := 0
	for ; start > 1 && from < len(m.text); start-- {
		_, size := utf8.DecodeRuneInString(m.text[from:])
		from += size
	}
	// Matches that do not depend on each other are found one by one, and end with the statement.
	long := len(m.text)-from > 1000
	if long {
		if err := m.check(len(m.text)-from, count); err != nil {
			return nil, err
		}
	}
	if !long || m.looksBack || count == 1 {
		return shifted(m.pattern.FindAllStringSubmatchIndex(m.text[from:], count), from), nil
	}
	var matches [][]int
	for ended := -1; count < 0 || len(matches) < count; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		match := m.pattern.FindStringSubmatchIndex(m.text[from:])
		if match == nil {
			break
		}
		match = shifted([][]int{match}, from)[0]
		// An empty match right after another does not count.
		if match[1] > match[0] || match[0] != ended {
			matches = append(matches, match)
		}
		ended, from = match[1], match[1]
		if match[1] == match[0] {
			if from == len(m.text) {
				break
			}
			_, size := utf8.DecodeRuneInString(m.text[from:])
			from += size
		}
	}
	return matches, nil
}

// shifted adds an offset to those of the matches.
func shifted(matches [][]int, from int) [][]int {
	for _, match := range matches {
		for i := range match {
			if match[i] >= 0 {
				match[i] += from
			}
		}
	}
	return matches
}

// check refuses a search in a text of that length that could take too many steps.
func (m *matcher) check(length, count int) error {
	if m.size == 0 {
		parsed, err := syntax.Parse(m.pattern.String(), syntax.Perl)
		if err != nil {
			return err
		}
		program, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			return err
		}
		m.size = len(program.Inst)
		for _, instruction := range program.Inst {
			m.looksBack = m.looksBack || instruction.Op == syntax.InstEmptyWidth
		}
	}
	searches := 1
	if m.looksBack {
		searches = count
		if count < 0 || count > length {
			searches = length + 1
		}
	}
	if float64(searches)*float64(length)*float64(m.size) > maxSteps {
		return errTimeout
	}
	return nil
}
