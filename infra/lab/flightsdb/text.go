package flightsdb

import (
	"regexp"
	"strings"
)

// asRead is the statement in a form that the library's parser reads as MySQL reads the original. In MySQL \_ in a text is two
// letters, since it stands for itself in a pattern of LIKE, -- begins a comment only before a blank, what is for newer versions is a comment, and DATE before a text makes a date. A second pass changes nothing.
func asRead(query string) string {
	if !strings.Contains(query, `\_`) && !strings.Contains(query, `\%`) && !strings.Contains(query, "--") && !strings.Contains(query, "/*!") && !day.MatchString(query) {
		return query
	}
	var kept strings.Builder
	quoted := 0 // Where the last text or name ended.
	for at := 0; at < len(query); {
		length := partLength(query[at:])
		part := query[at : at+length]
		at += length
		if newer.MatchString(part) {
			part = "/* " + part[3:]
		}
		if part[0] != '\'' && part[0] != '"' {
			kept.WriteString(part)
			if part == "-" && strings.HasPrefix(query[at:], "-") {
				kept.WriteByte(' ')
			}
			continue
		}
		isDay := day.MatchString(query[max(quoted, at-length-10) : at-length+1])
		quoted = at
		if isDay {
			kept.WriteByte('(')
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
		if isDay {
			kept.WriteByte(')')
		}
	}
	return kept.String()
}

// day matches DATE before a text.
var day = regexp.MustCompile(`(?i)(^|[^\w@.])DATE\s*['"]`)

// newer matches the beginning of a part that only versions after this server's read, 8.0.33.
var newer = regexp.MustCompile(`^/\*!(8003[4-9]|800[4-9]\d|80[1-9]\d\d|8[1-9]\d{3}|9\d{4}|[1-9]\d{5})`)

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
	case strings.HasPrefix(query, "/*") && !strings.HasPrefix(query, "/*!"), newer.MatchString(query):
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

// unparsed are parts of MySQL's syntax that the library's parser does not know. The first group is what the error calls them.
var unparsed = []*regexp.Regexp{
	regexp.MustCompile(`(?i)([=<>]\s*(?:ANY|ALL|SOME))\s*\(`),
	regexp.MustCompile(`(?i)@\S+\s*(:=)`),
	regexp.MustCompile(`(?i)^\s*((?:EXPLAIN|DESCRIBE|DESC)\s+(?:FORMAT|FOR\s+CONNECTION|ANALYZE\s+FORMAT))\b`),
	regexp.MustCompile(`(?i)^\s*((?:DESCRIBE|DESC)\s+\S+\s+\S+)\s*$`),
	regexp.MustCompile(`(?i)\b(WITH\s+ROLLUP|SOUNDS\s+LIKE|PROCEDURE\s+ANALYSE|MEMBER\s+OF|(?:USE|FORCE|IGNORE)\s+(?:INDEX|KEY))\b`),
	regexp.MustCompile(`(?i)\bSELECT\s+(DISTINCTROW|HIGH_PRIORITY|SQL_(?:SMALL|BIG|BUFFER)_RESULT)\b`),
	regexp.MustCompile(`(?i)\b(ROW)\s*\(`),
	regexp.MustCompile(`(?i)^\s*((?:SHOW|CREATE|DROP|ALTER|SET|GET|EXECUTE|RESET|CHECK|OPTIMIZE|REPAIR|CHECKSUM|CACHE|LOAD\s+INDEX|INSTALL|UNINSTALL|IMPORT|CHANGE)\s+` +
		`(?:FULL\s+|(?:OR\s+REPLACE\s+)?DEFINER\s*=\s*\S+\s+|CREATE\s+|MASTER\s+|COUNT\s*\(\s*\*\s*\)\s+)?` +
		`(?:FUNCTION|PROCEDURE|EVENT|SERVER|SPATIAL|UNDO|RESOURCE|LOGFILE|TABLESPACE|PASSWORD|ROLE|DIAGNOSTICS|IMMEDIATE|QUERY|TABLES?|INDEX|PLUGIN|COMPONENT|MASTER|REPLICATION|` +
		`REPLICA|SLAVE|OPEN|ENGINE|PROFILES?|BINLOG|RELAYLOG|LOGS|HOSTS|USER|TRIGGER|INSTANCE|VIEW|AUTHORS|CONTRIBUTORS|ERRORS|WARNINGS|CURRENT|STACKED))\b`),
	regexp.MustCompile(`(?i)^\s*(DO|HANDLER|XA|HELP|SHUTDOWN|RESTART|CLONE|SIGNAL|RESIGNAL|BINLOG|DECLARE|ANALYZE|STOP|START\s+(?:SLAVE|REPLICA|GROUP_REPLICATION))\b`),
}

// syntaxError is the parser's error, or a plain one if the statement has a part that the parser does not know.
func syntaxError(query string, err error) error {
	if err == nil {
		return nil
	}
	for _, syntax := range unparsed {
		if match := syntax.FindStringSubmatch(query[:min(len(query), 64<<10)]); match != nil {
			return unsupported(strings.ToUpper(strings.Join(strings.Fields(match[1]), " ")))
		}
	}
	return err
}
