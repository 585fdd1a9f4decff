// Package regex takes the place of github.com/dolthub/go-icu-regex in this program, by a replace in infra/go.mod.
//
// The original compiles ICU, a library in WebAssembly, whenever a program starts. That takes a quarter of a second and 20 MB
// before main, for every command. This one is Go's regexp, which matches in linear time whatever the pattern. A pattern that
// needs more, such as back references or lookaround, is invalid.
package regex

import (
	"context"
	"fmt"
	"regexp"
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

// Regex is a pattern and a text to match. Positions count characters from 1, occurrences from 1.
type Regex = *matcher

type matcher struct {
	pattern *regexp.Regexp
	text    string
}

// CreateRegex makes a Regex without pattern and text.
func CreateRegex(uint32) Regex { return &matcher{} }

// SetRegexLeakHandler does nothing: there is nothing to leak.
func SetRegexLeakHandler(func()) {}

// Close does nothing.
func (m *matcher) Close() error { return nil }

// SetRegexString sets the pattern; the error says what is wrong with it.
func (m *matcher) SetRegexString(_ context.Context, pattern string, flags RegexFlags) (err error) {
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
	return nil
}

// SetMatchString sets the text.
func (m *matcher) SetMatchString(_ context.Context, text string) error {
	m.text = text
	return nil
}

// Matches tells whether the text has that occurrence of the pattern after start characters.
func (m *matcher) Matches(_ context.Context, start, occurrence int) (bool, error) {
	return m.find(start+1, occurrence) != nil, nil
}

// IndexOf is the position of an occurrence, or the position after it when end is true; 0 if there is none.
func (m *matcher) IndexOf(_ context.Context, start, occurrence int, end bool) (int, error) {
	match := m.find(start, occurrence)
	switch {
	case match == nil:
		return 0, nil
	case end:
		return utf8.RuneCountInString(m.text[:match[1]]) + 1, nil
	}
	return utf8.RuneCountInString(m.text[:match[0]]) + 1, nil
}

// Substring is the text of an occurrence; ok is false when there is none.
func (m *matcher) Substring(_ context.Context, start, occurrence int) (match string, ok bool, err error) {
	found := m.find(start, occurrence)
	if found == nil {
		return "", false, nil
	}
	return m.text[found[0]:found[1]], true, nil
}

// groupNumber is a group in a replacement. Go treats the letters after the number as part of its name.
var groupNumber = regexp.MustCompile(`\$(\d+)`)

// Replace is the text with the replacement for an occurrence, or for all when it is 0; $1 is the first group.
func (m *matcher) Replace(_ context.Context, replacement string, start, occurrence int) (string, error) {
	matches := m.findAll(start, -1)
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
func (m *matcher) find(start, occurrence int) []int {
	occurrence = max(occurrence, 1)
	matches := m.findAll(start, occurrence)
	if occurrence > len(matches) {
		return nil
	}
	return matches[occurrence-1]
}

// findAll is the byte offsets of the first occurrences from a position, each with those of its groups; a count of -1 is
// all of them.
func (m *matcher) findAll(start, count int) [][]int {
	from := 0
	for ; start > 1 && from < len(m.text); start-- {
		_, size := utf8.DecodeRuneInString(m.text[from:])
		from += size
	}
	matches := m.pattern.FindAllStringSubmatchIndex(m.text[from:], count)
	for _, match := range matches {
		for i := range match {
			if match[i] >= 0 {
				match[i] += from
			}
		}
	}
	return matches
}
