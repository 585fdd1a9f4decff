package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// assignment is a line of a .env file: a name and its value.
var assignment = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$`)

// comment is the comment after a value.
var comment = regexp.MustCompile(`\s+#.*$`)

// readFile reads a .env file. The error names the file and the line, and quotes nothing: the line may hold a password.
func readFile(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if cause, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s: %w", path, cause.Err)
	}
	if err != nil {
		return nil, err
	}
	values, err := ParseFile(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return values, nil
}

// ParseFile reads the text of a .env file: NAME=value lines, and comments that begin with #. A value is taken as written,
// $ included. In single quotes, everything is taken literally; in double quotes, \" \\ \$ \n and \r are escapes. Outside of
// quotes, spaces around the value and a comment after a space do not count. The error names the line and quotes nothing.
func ParseFile(text []byte) (map[string]string, error) {
	text = bytes.TrimPrefix(text, []byte("\uFEFF"))
	if bytes.HasPrefix(text, []byte("\xFF\xFE")) || bytes.HasPrefix(text, []byte("\xFE\xFF")) || bytes.IndexByte(text, 0) >= 0 {
		return nil, errors.New("it is not UTF-8 but UTF-16, as PowerShell writes with >; save it as UTF-8")
	}
	values := map[string]string{}
	for i, line := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		line = strings.Trim(line, " \t")
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, err := parseLine(line)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", i+1, err)
		}
		values[name] = value
	}
	return values, nil
}

// parseLine reads one line. Its errors continue a sentence that begins with the line.
func parseLine(line string) (name, value string, err error) {
	found := assignment.FindStringSubmatch(line)
	switch {
	case !utf8.ValidString(line):
		return "", "", errors.New("is not UTF-8; save the file as UTF-8")
	case strings.ContainsRune(line, '\r'):
		return "", "", errors.New("holds a carriage return; save the file with Windows or Linux line endings")
	case found == nil:
		return "", "", errors.New("is not NAME=value; fix it or remove it")
	}
	name, value = found[1], found[2]
	if value != "" && (value[0] == '\'' || value[0] == '"') {
		value, err = unquote(value)
		return name, value, err
	}
	if at := comment.FindStringIndex(value); at != nil {
		if strings.Contains(strings.ToUpper(name), "PASSWORD") {
			return "", "", errors.New("has a # after a space: a comment, or part of the password? Put the password in single quotes")
		}
		value = value[:at[0]]
	}
	return name, value, nil
}

// unquote reads a value in quotes. After the closing quote, only a comment may follow.
func unquote(text string) (string, error) {
	var value strings.Builder
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == quote:
			rest := strings.TrimSpace(text[i+1:])
			if rest != "" && rest[0] != '#' {
				return "", errors.New("continues after the closing quote; quote the whole value, with the other kind of quotes if it contains one")
			}
			return value.String(), nil
		case quote == '"' && text[i] == '\\' && i+1 < len(text) && strings.IndexByte(`"\$nr`, text[i+1]) >= 0:
			i++
			value.WriteByte(strings.NewReplacer("n", "\n", "r", "\r").Replace(text[i : i+1])[0])
		default:
			value.WriteByte(text[i])
		}
	}
	return "", errors.New("begins with a quote that is not closed; put the value in the other kind of quotes")
}
