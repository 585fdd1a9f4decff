package guide

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"chaosworkshop/infra/tools/stages"
)

// setting is one environment variable, as the code documents it.
type setting struct {
	field, name, standard, meaning string
	// readers say who reads it; added is the number of the exercise that adds it, empty for the workshop's own.
	readers, added string
}

// settings are the variables of shared/config, of shared/tracing and of the exercises' policies, from their source: names and defaults from
// the fields' tags, meanings from their doc comments.
func settings(root string) ([]setting, error) {
	all, err := structFields(filepath.Join(root, "shared", "config", "config.go"),
		map[string]string{"Infra": "infrastructure", "App": "every app", "Database": "every app"})
	if err != nil {
		return nil, err
	}
	traces, err := structFields(filepath.Join(root, "shared", "tracing", "tracing.go"), map[string]string{"Settings": "every app"})
	if err != nil {
		return nil, err
	}
	all = append(all, traces...)
	for i, stage := range stages.Names[1:] {
		var numbers []string
		for number := i + 2; number <= len(stages.Names); number++ {
			numbers = append(numbers, strconv.Itoa(number))
		}
		more, err := structFields(filepath.Join(root, stage, "resilience.go"),
			map[string]string{"policies": "exercises " + strings.Join(numbers, ", ")})
		if err != nil {
			return nil, err
		}
		for _, one := range more {
			one.added = numbers[0]
			all = append(all, one)
		}
	}
	// A variable of several structs is in the table once, where it comes first.
	var once []setting
	at := map[string]int{}
	for _, one := range all {
		first, known := at[one.name]
		switch {
		case !known:
			at[one.name] = len(once)
			once = append(once, one)
		case one.added == "" && !strings.Contains(once[first].readers, one.readers):
			once[first].readers += ", " + one.readers
		}
	}
	return once, nil
}

var (
	structLine  = regexp.MustCompile(`^type (\w+) struct {`)
	commentLine = regexp.MustCompile(`^\t// (.*)$`)
	fieldLine   = regexp.MustCompile("^\t(\\w+) +\\S+ +`env:\"(\\w+)\"(?: envDefault:\"([^\"]*)\")?")
)

// structFields are the variables of the file's structs that readers names. A field without a comment shares that of the
// field before it, as fields that stand together do in Go.
func structFields(path string, readers map[string]string) ([]setting, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	var all []setting
	structure, doc, first := "", "", 0
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\r", "")) {
		line = strings.TrimSuffix(line, "\n")
		if found := structLine.FindStringSubmatch(line); found != nil {
			structure, doc, first = found[1], "", len(all)
		} else if found := commentLine.FindStringSubmatch(line); found != nil {
			doc += " " + found[1]
		} else {
			if found := fieldLine.FindStringSubmatch(line); found != nil && readers[structure] != "" {
				meaning := sentence(found[1], strings.TrimSpace(doc))
				if meaning == "" && len(all) > first {
					meaning = "See " + all[len(all)-1].field + "."
				}
				all = append(all, setting{field: found[1], name: found[2], standard: found[3], meaning: meaning, readers: readers[structure]})
			}
			doc = ""
		}
		if line == "}" {
			structure = ""
			nameVariables(all[first:])
		}
	}
	return all, nil
}

// nameVariables names the variables in the meanings, where the comments name the fields.
func nameVariables(fields []setting) {
	for i := range fields {
		for _, other := range fields {
			field := regexp.MustCompile(`\b` + other.field + `\b`)
			fields[i].meaning = field.ReplaceAllString(fields[i].meaning, "`"+other.name+"`")
		}
	}
}

// sentence is a doc comment without the field's name at its head.
func sentence(field, doc string) string {
	rest, named := strings.CutPrefix(doc, field+" ")
	if !named {
		return doc
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	return strings.ToUpper(rest[:1]) + rest[1:]
}

// settingsTable is the table of the variables; of those alone that the exercise adds, when one is given.
func settingsTable(all []setting, added string) []string {
	lines := []string{"| Variable | Default | Read by | Meaning |", "| --- | --- | --- | --- |"}
	if added != "" {
		lines = []string{"| Variable | Default | Meaning |", "| --- | --- | --- |"}
	}
	for _, one := range all {
		standard := ""
		if one.standard != "" {
			standard = "`" + one.standard + "`"
		}
		switch added {
		case "":
			lines = append(lines, fmt.Sprintf("| `%s` | %s | %s | %s |", one.name, standard, one.readers, one.meaning))
		case one.added:
			lines = append(lines, fmt.Sprintf("| `%s` | %s | %s |", one.name, standard, one.meaning))
		}
	}
	return lines
}
