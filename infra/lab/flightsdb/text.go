package flightsdb

import (
	"regexp"
	"strings"

	"github.com/dolthub/vitess/go/mysql"
)

// asRead is the statement in a form that the library's parser reads as MySQL reads the original. In MySQL \_ in a text is two
// letters, since it stands for itself in a pattern of LIKE, -- begins a comment only before a blank, what is for newer versions is a comment, DATE before a text makes a date, and N nothing. A second
// pass changes nothing.
func asRead(query string) (string, error) {
	if err := checkLength(query); err != nil {
		return "", err
	}
	if !special.MatchString(query) {
		return query, nil
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
				kept.WriteString(mark)
			}
			continue
		}
		word := strings.ToUpper(literal.FindString(query[max(quoted, at-length-12) : at-length+1]))
		word = strings.Trim(word, " \t\r\n'\"(,=<>+-*/")
		quoted = at
		switch word {
		case "N":
			national := strings.TrimSuffix(strings.TrimSuffix(kept.String(), "n"), "N")
			kept.Reset()
			kept.WriteString(national)
		case "DATE", "TIMESTAMP", "TIME":
			if err := checkLiteral(word, part[1:max(1, len(part)-1)]); err != nil {
				return "", err
			}
		}
		isMoment := word == "DATE" || word == "TIMESTAMP" || word == "TIME"
		if isMoment {
			kept.WriteString("(" + mark)
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
		if isMoment {
			kept.WriteByte(')')
		}
	}
	return kept.String(), nil
}

// mark is a comment at what asRead adds.
const mark = "/*=*/"

// marked matches a text in parentheses that asRead has added.
var marked = regexp.MustCompile(`\(/\*=\*/('(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")\)`)

// asTyped is a part of a statement without what asRead has added, but for \\_ and \\% in its texts.
func asTyped(part string) string {
	return strings.ReplaceAll(marked.ReplaceAllString(part, "$1"), mark, "")
}

// special matches what asRead looks at, and literal a word that tells what the text after it is.
var (
	special = regexp.MustCompile(`(?i)\\[_%]|--|/\*!|(?:^|[^\w@.$])(?:(?:DATE|TIME|TIMESTAMP)\s*['"]|N')`)
	literal = regexp.MustCompile(`(?i)(?:^|[^\w@.$])(?:(?:DATE|TIME|TIMESTAMP)\s*['"]|N')$`)
)

// time of TIME before a text.
var timeText = regexp.MustCompile(`^\s*-?(?:\d+ )?\d{1,3}(?::[0-5]?\d){0,2}(?:\.\d*)?\s*$`)

// checkLiteral returns an error if the text after DATE, TIME or TIMESTAMP is none.
func checkLiteral(word, written string) error {
	ok := timeText.MatchString(written)
	if word != "TIME" {
		var err error
		if _, _, ok, err = readMoment(written); err != nil {
			return err
		}
	}
	if !ok {
		return mysql.NewSQLError(1525, mysql.SSUnknownSQLState, "Incorrect %s value: '%.100s'", strings.Replace(word, "STAMP", "", 1), written)
	}
	return nil
}

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
	regexp.MustCompile(`(?i)@\S+\s*(:=)`), regexp.MustCompile(`(?i)\b(SUBSTR(?:ING)?|MID)\s*\(.*\sFROM\s`), regexp.MustCompile(`(?i)\b(TRIM)\s*\(\s*(?:BOTH|LEADING|TRAILING)\s+FROM\s`), regexp.MustCompile(`(?i)\b(INTERVAL)\s*\([^()]*,`),
	regexp.MustCompile(`([=<>!]+\s*[\w.'"]+\s*[=<>!]+)`),
	regexp.MustCompile(`(?i)^\s*((?:EXPLAIN|DESCRIBE|DESC)\s+(?:FORMAT|FOR\s+CONNECTION|ANALYZE\s+FORMAT))\b`),
	regexp.MustCompile(`(?i)^\s*((?:DESCRIBE|DESC)\s+\S+\s+\S+)\s*$`),
	regexp.MustCompile(`(?i)\b(WITH\s+ROLLUP|SOUNDS\s+LIKE|PROCEDURE\s+ANALYSE|MEMBER\s+OF|(?:USE|FORCE|IGNORE)\s+(?:INDEX|KEY))\b`),
	regexp.MustCompile(`(?i)\bSELECT\s+(DISTINCTROW|HIGH_PRIORITY|SQL_(?:SMALL|BIG|BUFFER)_RESULT)\b`),
	regexp.MustCompile(`(?i)\b(ROW)\s*\(`), regexp.MustCompile(`(?i)(\{\s*(?:d|t|ts|fn|oj))\s`), regexp.MustCompile(`(?i)\b(IS\s+(?:NOT\s+)?UNKNOWN)\b`), regexp.MustCompile(`(?i)\b(0b[01]+)\b`),
	regexp.MustCompile(`(?i)\b((?:YEAR|DAY|HOUR|MINUTE|SECOND)_(?:MONTH|HOUR|MINUTE|SECOND|MICROSECOND))\b`),
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
