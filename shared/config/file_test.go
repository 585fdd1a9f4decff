package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"chaosworkshop/shared/mutants"

	"github.com/joho/godotenv"
)

// A value is read as written, whatever editor and system wrote the file.
func TestFileIsReadAsWritten(t *testing.T) {
	for line, want := range map[string]string{
		`A=plain`:                      "plain",
		`A=pa$word`:                    "pa$word",
		`A=pa$WORD${X}$(id)`:           "pa$WORD${X}$(id)",
		`A=it's`:                       "it's",
		`A=say"hi"`:                    `say"hi"`,
		`A=pa#ss`:                      "pa#ss",
		`A=#1`:                         "#1",
		`A=back\slash\$`:               `back\slash\$`,
		`A=a=b:c`:                      "a=b:c",
		`A=  two words  `:              "two words",
		`A=5 # a comment`:              "5",
		`A=5 # a # comment`:            "5",
		`export A=x`:                   "x",
		`  A = x`:                      "x",
		`A=`:                           "",
		`A=''`:                         "",
		`A='pa$word #1 "x" \ '`:        `pa$word #1 "x" \ `,
		`A='x' # a comment`:            "x",
		`A="pa$word #1 'x' \d"`:        `pa$word #1 'x' \d`,
		`A="\"quoted\" \\ \$HOME"`:     `"quoted" \ $HOME`,
		`A="ends in \\"`:               `ends in \`,
		`A="two\nlines"`:               "two\nlines",
		`A=żółć 🛫`:                     "żółć 🛫",
		"A=\u3000":                     "\u3000",
		`MYSQL_ROOT_PASSWORD='a #b'`:   "a #b",
		`MYSQL_ROOT_PASSWORD=a#b$c'd"`: `a#b$c'd"`,
	} {
		for name, text := range map[string]string{
			"alone": line, "BOM": "\uFEFF" + line + "\n", "CRLF": "# first\r\n\r\n" + line + "\r\nB=2\r\n", "LF": line + "\nB=2",
		} {
			values, err := ParseFile([]byte(text))
			name, _, _ = strings.Cut(line, "=")
			name = strings.TrimSpace(strings.TrimPrefix(name, "export "))
			if got := values[name]; err != nil || got != want {
				t.Errorf("%s: %s: got %q, %v, want %q", line, name, got, err, want)
			}
		}
	}
}

// What cannot be read is refused in one line that names the file, the line and the cause, and quotes nothing.
func TestFileIsRefused(t *testing.T) {
	wide := func(order string) string {
		text := order
		for _, unit := range utf16.Encode([]rune("\uFEFFA=s3cret\r\n")) {
			high, low := byte(unit>>8), byte(unit)
			if order == "big" {
				text += string([]byte{high, low})
			} else {
				text += string([]byte{low, high})
			}
		}
		return strings.TrimPrefix(text, order)
	}
	for text, want := range map[string]string{
		wide("little"):                        "it is not UTF-8 but UTF-16",
		wide("big"):                           "it is not UTF-8 but UTF-16",
		"A=s3\x00cret":                        "it is not UTF-8 but UTF-16",
		"B=1\nA=s3cret\xe4\n":                 "line 2 is not UTF-8",
		"A=s3cret\rB=1":                       "line 1 holds a carriage return",
		"B=1\n\n# x\nA s3cret":                "line 4 is not NAME=value",
		"B=1\r\ns3cret":                       "line 2 is not NAME=value",
		"=s3cret":                             "line 1 is not NAME=value",
		"1A=s3cret":                           "line 1 is not NAME=value",
		"A='s3cret":                           "line 1 begins with a quote that is not closed",
		"A=\"s3cret\\\"":                      "line 1 begins with a quote that is not closed",
		"A='s3'cret":                          "line 1 continues after the closing quote",
		"A=\"s3\"cret\"":                      "line 1 continues after the closing quote",
		"B=1 # fine\nDB_PASSWORD=s3cret #not": "line 2 has a # after a space",
	} {
		dir := alone(t)
		write(t, filepath.Join(dir, ".env"), text)
		_, err := Load[App]()
		if err == nil {
			t.Errorf("%q: got no error", text)
			continue
		}
		got := err.Error()
		if !strings.HasPrefix(got, "read "+filepath.Join(dir, ".env")+": "+want) || strings.Contains(got, "s3") || strings.Contains(got, "\n") {
			t.Errorf("%q: got %q, want one line that says %q and quotes nothing", text, got, want)
		}
	}
	dir := alone(t)
	if err := os.Mkdir(filepath.Join(dir, ".env"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load[App](); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, ".env")+": ") {
		t.Errorf("a folder: got %v, want an error that names it", err)
	}
}

// FuzzParseFile: no text panics or is quoted in an error; a value in single quotes is itself; and a plain line means to us what
// it means to godotenv.
func FuzzParseFile(f *testing.F) {
	mutants.Add(f, []any{"A=1"}, []any{"\uFEFFA='x'\r\n"}, []any{`A="\"\\\$\n"`}, []any{"export A=b # c"}, []any{"A"}, []any{"\xff\xfeA\x00"})
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := ParseFile([]byte("SECRET=" + text)); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error has several lines: %v", text, err)
		}
		_, _ = ParseFile([]byte(text)) // It must not panic.
		if strings.ContainsAny(text, "\x00\r\n'") || strings.ToValidUTF8(text, "") != text {
			return
		}
		values, err := ParseFile(fmt.Appendf(nil, "A='%s'", text))
		if err != nil || values["A"] != text {
			t.Errorf("%q in single quotes: got %q, %v", text, values["A"], err)
		}
		if strings.ContainsAny(text, "\\$\"#\u0085\u00a0\f\v\u2028\u2029") {
			return
		}
		want, err := godotenv.Unmarshal("A=" + text)
		if got, failed := ParseFile([]byte("A=" + text)); (err == nil) != (failed == nil) || !maps.Equal(got, want) {
			t.Errorf("%q: got %q, %v, godotenv has %q, %v", text, got, failed, want, err)
		}
	})
}
