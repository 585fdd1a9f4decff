package openflights

import (
	"bufio"
	"bytes"
	"errors"
	"io"
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

// lineReader splits a .dat file into lines of fields. Fields are parted by commas; one in double quotes may hold commas,
// and quotes written \" or "". \N outside quotes is null.
type lineReader struct {
	in     *bufio.Reader
	number int
	fields []field
}

func newLineReader(in io.Reader) *lineReader {
	// Two bytes more than the longest line, for its CR and LF.
	return &lineReader{in: bufio.NewReaderSize(in, maxLine+2)}
}

// next returns the fields of the next line, which are valid until the next call, or the reason why the line cannot be
// split. The error is io.EOF after the last line, or what reading failed with.
func (r *lineReader) next() (fields []field, reason string, err error) {
	raw, err := r.in.ReadSlice('\n')
	if len(raw) == 0 && err != nil {
		return nil, "", err
	}
	r.number++
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, "line too long", r.skipLine()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	raw = bytes.TrimSuffix(bytes.TrimSuffix(raw, []byte("\n")), []byte("\r"))
	if r.number == 1 {
		// An editor on Windows may have put a byte order mark there.
		raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	}
	switch {
	case len(raw) == 0:
		return nil, "empty line", nil
	case len(raw) > maxLine:
		return nil, "line too long", nil
	case !utf8.Valid(raw):
		return nil, "not UTF-8", nil
	}
	r.fields, reason = split(r.fields[:0], string(raw))
	return r.fields, reason, nil
}

// skipLine reads on behind the next line end.
func (r *lineReader) skipLine() error {
	for {
		_, err := r.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			// The end is reported by the next call: this line still counts.
			return nil
		}
		return err
	}
}

// split appends the fields of the line, or returns the reason why the line is malformed.
func split(fields []field, line string) (_ []field, reason string) {
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

// unquote reads a quoted field, its first quote already taken, and returns its text and the rest of the line: nothing,
// or what begins with a comma.
func unquote(line string) (text, rest string, reason string) {
	var unescaped []byte
	from := 0
	for i := 0; i < len(line); i++ {
		switch {
		case line[i] == '\\' && i+1 < len(line), strings.HasPrefix(line[i:], `""`):
			// The sign after a backslash or after a first quote is meant as it stands.
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
