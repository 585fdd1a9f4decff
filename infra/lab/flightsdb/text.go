package flightsdb

import (
	"regexp"
	"strings"
)

// asRead is the statement in a form that the library's parser reads as MySQL reads the original. In MySQL \_ in a text is two
// letters, since it stands for itself in a pattern of LIKE, and -- begins a comment only before a blank. A second pass changes nothing.
func asRead(query string) string {
	if !strings.Contains(query, `\_`) && !strings.Contains(query, `\%`) && !strings.Contains(query, "--") {
		return query
	}
	var kept strings.Builder
	for at := 0; at < len(query); {
		length := partLength(query[at:])
		part := query[at : at+length]
		at += length
		if part[0] != '\'' && part[0] != '"' {
			kept.WriteString(part)
			if part == "-" && strings.HasPrefix(query[at:], "-") {
				kept.WriteByte(' ')
			}
			continue
		}
		for i := 0; i < len(part); i++ {
			if part[i] == '\\' && i+1 < len(part) {
				if part[i+1] == '_' || part[i+1] == '%' {
					kept.WriteByte('\\')
				}
				kept.WriteByte(part[i])
				i++
			}
			kept.WriteByte(part[i])
		}
	}
	return kept.String()
}

// partLength is the length of the first part of a statement: a text or a name in quotes, a comment, or a single letter.
func partLength(query string) int {
	end := func(from int, mark string) int {
		if at := strings.Index(query[from:], mark); at >= 0 {
			return from + at + len(mark)
		}
		return len(query)
	}
	switch {
	case query[0] == '`':
		return end(1, "`")
	case query[0] == '#', isComment(query):
		return end(1, "\n")
	case strings.HasPrefix(query, "/*") && !strings.HasPrefix(query, "/*!"):
		return end(2, "*/")
	case query[0] != '\'' && query[0] != '"':
		return 1
	}
	for i := 1; i < len(query); i++ {
		switch query[i] {
		case '\\':
			i++
		case query[0]:
			return i + 1
		}
	}
	return len(query)
}

// isComment tells whether the text begins with -- and a blank, a control character or its end.
func isComment(query string) bool {
	return strings.HasPrefix(query, "--") && (len(query) == 2 || query[2] <= ' ' || query[2] == 0x7f)
}

// unparsed are parts of MySQL's syntax that the library's parser does not know.
var unparsed = map[string]*regexp.Regexp{
	"= ANY, = ALL and their kin": regexp.MustCompile(`(?i)[=<>]\s*(ANY|ALL|SOME)\s*\(`),
	"EXPLAIN FORMAT":             regexp.MustCompile(`(?i)\b(EXPLAIN|DESCRIBE|DESC)\s+FORMAT\s*=`),
	"WITH ROLLUP":                regexp.MustCompile(`(?i)\bWITH\s+ROLLUP\b`),
}

// syntaxError is the parser's error, or a plain one if the statement has a part that the parser does not know.
func syntaxError(query string, err error) error {
	if err == nil {
		return nil
	}
	for name, syntax := range unparsed {
		if syntax.MatchString(query) {
			return unsupported(name)
		}
	}
	return err
}
