package guide

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"chaosworkshop/infra/tools/stages"
)

// setting is one environment variable, as the code documents it.
type setting struct {
	name, standard, meaning string
	// readers say who reads it.
	readers string
}

// settings are the variables of shared/config and of the exercises' policies, from their source: the names and defaults
// from the fields' tags, the meaning from their doc comments.
func settings(root string) ([]setting, error) {
	readers := map[string]string{"Infra": "infrastructure", "App": "every app", "Database": "every app"}
	all, err := fields(filepath.Join(root, "shared", "config", "config.go"), readers)
	if err != nil {
		return nil, err
	}
	var numbers []string
	for i := range stages.Names {
		numbers = append(numbers, strconv.Itoa(i+1))
	}
	for i, stage := range stages.Names[1:] {
		readers := map[string]string{"policies": "exercises " + strings.Join(numbers[i+1:], ", ")}
		more, err := fields(filepath.Join(root, stage, "resilience.go"), readers)
		if err != nil {
			return nil, err
		}
		all = merged(all, more)
	}
	return merged(nil, all), nil
}

// merged appends more to all. A variable that is there already stays as it is, and gets the readers in addition when they
// are others.
func merged(all, more []setting) []setting {
	for _, one := range more {
		known := false
		for i, other := range all {
			if other.name != one.name {
				continue
			}
			known = true
			if !strings.HasPrefix(one.readers, "exercise") && !strings.Contains(other.readers, one.readers) {
				all[i].readers += ", " + one.readers
			}
		}
		if !known {
			all = append(all, one)
		}
	}
	return all
}

// fields are the variables of the file's structs that readers names.
func fields(path string, readers map[string]string) ([]setting, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	var all []setting
	for _, declaration := range file.Decls {
		types, isTypes := declaration.(*ast.GenDecl)
		if !isTypes || types.Tok != token.TYPE {
			continue
		}
		spec := types.Specs[0].(*ast.TypeSpec)
		structure, isStruct := spec.Type.(*ast.StructType)
		if isStruct && readers[spec.Name.Name] != "" {
			all = append(all, structFields(structure, readers[spec.Name.Name])...)
		}
	}
	return all, nil
}

// structFields are the variables of one struct. A field without a comment shares that of the field before it, as fields
// that stand together do in Go.
func structFields(structure *ast.StructType, readers string) []setting {
	var all []setting
	variables := map[string]string{}
	for _, field := range structure.Fields.List {
		if field.Tag == nil || len(field.Names) != 1 {
			continue
		}
		text, _ := strconv.Unquote(field.Tag.Value) // The parser accepted it.
		tag := reflect.StructTag(text)
		name := tag.Get("env")
		if name == "" || name == "-" {
			continue
		}
		variables[field.Names[0].Name] = name
		meaning := sentence(field.Names[0].Name, field.Doc.Text())
		if meaning == "" && len(all) > 0 {
			meaning = "See `" + all[len(all)-1].name + "`."
		}
		all = append(all, setting{name, tag.Get("envDefault"), meaning, readers})
	}
	for i := range all {
		for field, variable := range variables {
			all[i].meaning = regexp.MustCompile(`\b`+field+`\b`).ReplaceAllString(all[i].meaning, "`"+variable+"`")
		}
	}
	return all
}

// sentence is a doc comment without the field's name at its head, as one line.
func sentence(field, doc string) string {
	text := strings.Join(strings.Fields(doc), " ")
	rest, named := strings.CutPrefix(text, field+" ")
	if !named {
		return text
	}
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "is "), "are ")
	first := []rune(rest)
	if len(first) > 0 {
		first[0] = unicode.ToUpper(first[0])
	}
	return string(first)
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
		switch {
		case added == "":
			lines = append(lines, fmt.Sprintf("| `%s` | %s | %s | %s |", one.name, standard, one.readers, one.meaning))
		case strings.HasPrefix(one.readers, "exercises "+added+","):
			lines = append(lines, fmt.Sprintf("| `%s` | %s | %s |", one.name, standard, one.meaning))
		}
	}
	return lines
}
