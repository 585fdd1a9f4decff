// Package regex takes the place of github.com/dolthub/go-icu-regex in this program, by a replace in infra/go.mod.
//
// The original compiles ICU, a library in WebAssembly, whenever a program starts: a quarter of a second and 20 MB before
// main, for every command. This one is Go's regexp, whose matching takes linear time whatever the pattern; what it
// cannot do, back references and lookaround, is an invalid pattern.
package regex

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"unicode/utf8"
)

// RegexFlags change how a pattern matches; they are combined by |.
type RegexFlags uint32

// The flags of MySQL's match types.
const (
	// RegexFlags_None changes nothing.
	RegexFlags_None RegexFlags = 0
	// RegexFlags_Unix_Lines makes \n the only line terminator, which it is always.
	RegexFlags_Unix_Lines RegexFlags = 1
	// RegexFlags_Case_Insensitive ignores the case of letters.
	RegexFlags_Case_Insensitive RegexFlags = 2
	// RegexFlags_Multiline makes ^ and $ match at every line.
	RegexFlags_Multiline RegexFlags = 8
	// RegexFlags_Dot_All makes . match line terminators.
	RegexFlags_Dot_All RegexFlags = 32
)

// Regex is a pattern and a text to match. Positions count characters from 1, occurrences from 1.
type Regex interface {
	// SetRegexString sets the pattern; the error says what is wrong with it.
	SetRegexString(ctx context.Context, pattern string, flags RegexFlags) error
	// SetMatchString sets the text.
	SetMatchString(ctx context.Context, text string) error
	// Matches tells whether the text has that occurrence of the pattern after start characters.
	Matches(ctx context.Context, start, occurrence int) (bool, error)
	// IndexOf is the position of an occurrence, or the one behind it when end is true; 0 is none.
	IndexOf(ctx context.Context, start, occurrence int, end bool) (int, error)
	// Substring is the text of an occurrence; ok is false when there is none.
	Substring(ctx context.Context, start, occurrence int) (match string, ok bool, err error)
	// Replace is the text with the replacement for an occurrence, or for all when it is 0; $1 is the first group.
	Replace(ctx context.Context, replacement string, start, occurrence int) (string, error)
	// Close does nothing.
	Close() error
}

// CreateRegex makes a Regex without pattern and text.
func CreateRegex(uint32) Regex { return &matcher{} }

// SetRegexLeakHandler does nothing: there is nothing to leak.
func SetRegexLeakHandler(func()) {}

type matcher struct {
	pattern *regexp.Regexp
	text    string
}

var errNoPattern = errors.New("no regular expression is set")

func (m *matcher) SetRegexString(_ context.Context, pattern string, flags RegexFlags) error {
	if flags&RegexFlags_Case_Insensitive != 0 {
		pattern = "(?i)" + pattern
	}
	if flags&RegexFlags_Multiline != 0 {
		pattern = "(?m)" + pattern
	}
	if flags&RegexFlags_Dot_All != 0 {
		pattern = "(?s)" + pattern
	}
	compiled, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("the given regular expression is invalid: %w", err)
	}
	m.pattern = compiled
	return nil
}

func (m *matcher) SetMatchString(_ context.Context, text string) error {
	m.text = text
	return nil
}

func (m *matcher) Matches(_ context.Context, start, occurrence int) (bool, error) {
	match, err := m.find(start+1, occurrence)
	return match != nil, err
}

func (m *matcher) IndexOf(_ context.Context, start, occurrence int, end bool) (int, error) {
	match, err := m.find(start, occurrence)
	if err != nil || match == nil {
		return 0, err
	}
	at := match[0]
	if end {
		at = match[1]
	}
	return utf8.RuneCountInString(m.text[:at]) + 1, nil
}

func (m *matcher) Substring(_ context.Context, start, occurrence int) (string, bool, error) {
	match, err := m.find(start, occurrence)
	if err != nil || match == nil {
		return "", false, err
	}
	return m.text[match[0]:match[1]], true, nil
}

// groupNumber is a group in a replacement. Go takes the letters behind the number for a part of its name.
var groupNumber = regexp.MustCompile(`\$(\d+)`)

func (m *matcher) Replace(_ context.Context, replacement string, start, occurrence int) (string, error) {
	matches, err := m.findAll(start, occurrence)
	if err != nil {
		return "", err
	}
	if occurrence > 0 {
		matches = matches[min(occurrence-1, len(matches)):]
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

func (m *matcher) Close() error { return nil }

// find is the byte offsets of an occurrence, counted from a position, or nil.
func (m *matcher) find(start, occurrence int) ([]int, error) {
	occurrence = max(occurrence, 1)
	matches, err := m.findAll(start, occurrence)
	if err != nil || len(matches) < occurrence {
		return nil, err
	}
	return matches[occurrence-1], nil
}

// findAll is the byte offsets of the first occurrences from a position; 0 is all of them.
func (m *matcher) findAll(start, count int) ([][]int, error) {
	if m.pattern == nil {
		return nil, errNoPattern
	}
	if count <= 0 {
		count = -1
	}
	from := offset(m.text, start)
	matches := m.pattern.FindAllStringSubmatchIndex(m.text[from:], count)
	for _, match := range matches {
		for i := range match {
			if match[i] >= 0 {
				match[i] += from
			}
		}
	}
	return matches, nil
}

// offset is the byte at which the character with that position starts, counted from 1.
func offset(text string, position int) int {
	for at := range text {
		if position <= 1 {
			return at
		}
		position--
	}
	return len(text)
}
