package openflights

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// maxLine is the longest line accepted, in bytes, without its line end. The longest published has about 200.
const maxLine = 64 << 10

// field is one column of one line: its text without quotes and escapes, or null.
type field struct {
	text string
	null bool
}

// split appends the fields of a line of a .dat file, or returns the reason why the line is malformed. Fields are separated
// by commas; one in double quotes may hold commas, and quotes written \" or "". \N outside quotes is null.
func split(fields []field, raw []byte) (_ []field, reason string) {
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	switch {
	case len(raw) == 0:
		return nil, "empty line"
	case len(raw) > maxLine:
		return nil, "line too long"
	case !utf8.Valid(raw):
		return nil, "not UTF-8"
	}
	line := string(raw)
	for {
		var next field
		if strings.HasPrefix(line, `"`) {
			next.text, line, reason = unquote(line[1:])
			if reason != "" {
				return nil, reason
			}
		} else {
			end := strings.IndexByte(line, ',')
			if end < 0 {
				end = len(line)
			}
			next.text, line = line[:end], line[end:]
			if strings.Contains(next.text, `"`) {
				return nil, "quote inside an unquoted field"
			}
			if next.text == `\N` {
				next = field{null: true}
			}
		}
		fields = append(fields, next)
		if line == "" {
			return fields, ""
		}
		line = line[1:]
	}
}

// unquote reads a quoted field after its first quote, and returns its text and the rest of the line: empty, or starting
// with a comma.
func unquote(line string) (text, rest string, reason string) {
	var unescaped []byte
	from := 0
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line), strings.HasPrefix(line[i:], `""`):
			// The character after a backslash or after a first quote is literal.
			unescaped = append(unescaped, line[from:i]...)
			i++
			from = i
		case line[i] == '"':
			text, rest = line[from:i], line[i+1:]
			if unescaped != nil {
				text = string(append(unescaped, text...))
			}
			if rest != "" && rest[0] != ',' {
				return "", "", "text after a closing quote"
			}
			return text, rest, ""
		}
	}
	return "", "", "missing closing quote"
}
