package cmd

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// quotedMake finds the commands of make in a document: in a sentence, in a table such as an instructor's plan, and in a block.
var (
	quotedMake = regexp.MustCompile("(?m)`(make [a-z][^`\n]*)`|^ *(?:[A-Z_]+=\\S+ )*(make [a-z][^\n#|&;]*)")
	shellWord  = regexp.MustCompile(`(?:[^\s"']|"[^"]*"|'[^']*')+`)
)

// Every command of make that a document names exists, and uses every variable that it is given.
func TestDocumentsNameCommandsThatExist(t *testing.T) {
	var documents []string
	for _, pattern := range []string{"README.md", "exercise*/README.md", "infra/docs/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(pattern)))
		if err != nil || found == nil {
			t.Fatalf("%s: found %v, %v", pattern, found, err)
		}
		documents = append(documents, found...)
	}
	seen := map[string]bool{}
	for _, path := range documents {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range quotedMake.FindAllStringSubmatch(string(text), -1) {
			line := strings.TrimSpace(found[1] + found[2])
			if seen[line] || strings.Contains(line, "...") || strings.Contains(line, "exerciseN") || line == "make doctor" || line == "make prepare" {
				continue // Seen, not meant to be typed like this, or of the real folder alone.
			}
			seen[line] = true
			words := shellWord.FindAllString(line, -1)[1:]
			for i := range words {
				words[i] = strings.NewReplacer(`"`, "", `'`, "").Replace(words[i])
			}
			got, _, _ := strings.Cut(runMake(t, nil, words...), "\n") // make test goes on with other commands.
			arguments := strings.Split(strings.Trim(strings.TrimSuffix(got, " DSN=<>"), "<>"), "><")
			variables := slices.DeleteFunc(slices.Clone(words[1:]), func(word string) bool {
				return strings.HasPrefix(word, "DSN=") || strings.HasPrefix(word, "DOC=") || strings.HasPrefix(word, "SERVICE=") // No flags.
			})
			flags := slices.DeleteFunc(slices.Clone(arguments), func(word string) bool { return !strings.HasPrefix(word, "--") })
			if len(flags) != len(variables) {
				t.Errorf("%s: %s gives the command %q, want one flag for each variable", filepath.Base(path), line, arguments)
				continue
			}
			command, rest, err := New().Find(arguments)
			if err != nil || command.Name() != arguments[0] {
				continue // One of the maintainers' tools, or of make alone.
			}
			if err := command.ParseFlags(rest); err != nil {
				t.Errorf("%s: %s: %v", filepath.Base(path), line, err)
			}
		}
	}
	if len(seen) < 100 {
		t.Errorf("found %d commands, want at least 100", len(seen))
	}
}
