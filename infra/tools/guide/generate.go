package guide

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"gorm.io/gorm/schema"

	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/model"
)

// generate is the content of a generated region, by its name.
func generate(root, name string) ([]string, error) {
	kind, argument, _ := strings.Cut(name, " ")
	switch kind {
	case "variables":
		all, err := settings(root)
		if err != nil {
			return nil, err
		}
		return settingsTable(all, argument), nil
	case "schema":
		return schemaPicture()
	case "faults":
		return faultsTable(), nil
	case "commands":
		return commandsTables(root)
	}
	return nil, fmt.Errorf("nothing generates %q; there are variables, variables N, schema, faults and commands", name)
}

// schemaPicture is the flights schema as a Mermaid diagram, from the models.
func schemaPicture() ([]string, error) {
	lines := []string{"```mermaid", "erDiagram"}
	tables := []string{}
	for _, one := range model.All() {
		table, err := schema.Parse(one, &sync.Map{}, schema.NamingStrategy{})
		if err != nil {
			return nil, fmt.Errorf("read the models: %w", err)
		}
		foreign := map[string]bool{}
		for _, relation := range table.Relationships.BelongsTo {
			reference := relation.References[0]
			column := reference.ForeignKey.DBName
			foreign[column] = true
			lines = append(lines, fmt.Sprintf("    %s |o--o{ %s : %s", relation.FieldSchema.Table, table.Table, column))
		}
		tables = append(tables, fmt.Sprintf("    %s {", table.Table))
		for _, field := range table.Fields {
			if field.DBName == "" {
				continue
			}
			column := fmt.Sprintf("        %s %s", columnType(field), field.DBName)
			switch {
			case field.PrimaryKey:
				column += " PK"
			case foreign[field.DBName]:
				column += " FK"
			}
			tables = append(tables, column)
		}
		tables = append(tables, "    }")
	}
	return append(append(lines, tables...), "```"), nil
}

// columnType is a column's type in one word: the model's own where it names one.
func columnType(field *schema.Field) string {
	if named := field.TagSettings["TYPE"]; named != "" {
		word, _, _ := strings.Cut(named, "(")
		return word
	}
	return string(field.DataType)
}

// faultsTable is the catalogue of faults, with both ways to inject each.
func faultsTable() []string {
	lines := []string{"| Fault | What the app meets | With make | With toxiproxy-cli |", "| --- | --- | --- | --- |"}
	for _, fault := range toxi.Faults() {
		lines = append(lines, fmt.Sprintf("| %s | %s | `make chaos FAULT=%s` | `bin/%s` |",
			fault.Name, fault.Summary, fault.Name, fault.CLI(toxi.ProxyName)))
	}
	return lines
}

var (
	groupLine  = regexp.MustCompile(`^### (.*)$`)
	targetLine = regexp.MustCompile(`^([a-z0-9-]+):.*? ## (.*)$`)
)

// commandsTables are the make targets as `make` lists them: a table for each audience.
func commandsTables(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		return nil, fmt.Errorf("list the commands: %w", err)
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\r", "")) {
		line = strings.TrimSpace(line)
		if found := groupLine.FindStringSubmatch(line); found != nil {
			if len(lines) > 0 {
				lines = append(lines, "")
			}
			lines = append(lines, "| "+found[1]+" | |", "| --- | --- |")
		}
		if found := targetLine.FindStringSubmatch(line); found != nil && len(lines) > 0 {
			lines = append(lines, fmt.Sprintf("| `make %s` | %s |", found[1], found[2]))
		}
	}
	return lines, nil
}
