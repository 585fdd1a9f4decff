package experiment

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"chaosworkshop/infra/internal/spelling"
)

//go:embed schema.json
var schemaText []byte

// Schema is the JSON Schema (draft 2020-12) of experiment files: for editors, and for Read itself.
func Schema() []byte { return slices.Clone(schemaText) }

// Problem is a mistake in an experiment file. Line and Column count from 1.
type Problem struct {
	File         string
	Line, Column int
	// Text says what is wrong and what was expected.
	Text string
}

func (p *Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Text)
}

// problem is a mistake at a node of the file.
func problem(node *yaml.Node, format string, values ...any) *Problem {
	return &Problem{Line: max(node.Line, 1), Column: max(node.Column, 1), Text: fmt.Sprintf(format, values...)}
}

// rule is a schema: the part of JSON Schema that schema.json uses.
type rule struct {
	Ref        string           `json:"$ref"`
	Type       words            `json:"type"`
	Format     string           `json:"format"`
	Properties map[string]*rule `json:"properties"`
	Required   []string         `json:"required"`
	More       *rule            `json:"additionalProperties"`
	Items      *rule            `json:"items"`
	MinItems   int              `json:"minItems"`
	Enum       []string         `json:"enum"`
	Minimum    *float64         `json:"minimum"`
	Maximum    *float64         `json:"maximum"`
	Defs       map[string]*rule `json:"$defs"`
	// Description begins with onlyOurs if the key is not for users.
	Description string `json:"description"`

	never bool // The schema false.
}

const onlyOurs = "The workshop's own experiments only"

// keys are those that users may write.
func (r *rule) keys() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.Properties)), func(name string) bool {
		return strings.HasPrefix(r.Properties[name].Description, onlyOurs)
	})
}

// UnmarshalJSON also reads the schema false.
func (r *rule) UnmarshalJSON(text []byte) error {
	if string(text) == "false" {
		r.never = true
		return nil
	}
	type plain rule // Without this method.
	return json.Unmarshal(text, (*plain)(r))
}

// words are one word, or a list of them.
type words []string

// UnmarshalJSON reads either.
func (w *words) UnmarshalJSON(text []byte) error {
	if text[0] == '"' {
		*w = make(words, 1)
		return json.Unmarshal(text, &(*w)[0])
	}
	return json.Unmarshal(text, (*[]string)(w))
}

// schemaOf is the schema, read once.
var schemaOf = sync.OnceValue(func() *rule {
	schema := &rule{}
	if err := json.Unmarshal(schemaText, schema); err != nil {
		panic(fmt.Sprintf("the embedded schema is invalid: %v", err)) // A test reads it.
	}
	return schema
})

// validate says where a file differs from the schema; nil where it does not.
func validate(file *yaml.Node) *Problem { return schemaOf().check(file, schemaOf(), "the file") }

// examples end the message about a value of the wrong type, by the format of the right one, or by its key.
var examples = map[string]string{
	"duration": " with a unit, such as 2s", "outcome": `, such as served or "502" in quotes`, "expression": ", such as p(99) < 100ms",
	"address": `, such as "127.0.0.1:6380"`, "time": ", such as 200ms", "share": ", such as 0.3 for 30%",
	"configuration": ", such as {TIMEOUT: 1s}", "target": ", such as {url: http://127.0.0.1:8080}", "env": `, such as {REDIS: "127.0.0.1:6380"}`,
	"requests": ", such as [{path: /orders}]", "headers": ", such as {Accept: application/json}", "right": ", such as {status: 200}",
	"title": ", such as Orders survive a slow Redis", "command": ", such as ./shop --quiet", "json": ", such as {$.price: 250}",
	"steady-state-hypothesis": ", such as {title: everybody is served}", "rollbacks": ", such as [every fault is removed]",
	"tolerances": ", such as [{name: quick, phase: fault, expect: max <= 1s}]", "fault": ", such as blackhole or {type: latency, latency: 300ms}; a list is faults",
	"status": ", such as 200; without it, every 2xx is right", "probe": `, such as {send: "PING\r\n"}`, "load": ", such as {rate: 20}",
	"faults": ", such as [blackhole, slow]; a single one is fault: blackhole", "hints": ", such as [Bound every wait.]",
}

// check compares a node, which what names, with the rule.
func (r *rule) check(node *yaml.Node, root *rule, what string) *Problem {
	if r.Ref != "" {
		r = root.Defs[strings.TrimPrefix(r.Ref, "#/$defs/")]
	}
	if node.Kind == yaml.AliasNode || node.Anchor != "" {
		return problem(node, "anchors and aliases (& and *) are not supported; write the value itself")
	}
	if is := kindOf(node); is == "string" && slices.Equal(r.Type, words{"object"}) && joined(node) {
		return problem(node, "%s is text; expected a space after the colon in %q", what, node.Value)
	} else if len(r.Type) > 0 && !slices.ContainsFunc(r.Type, func(kind string) bool { return fits(is, kind) }) {
		return problem(node, "%s is %s; expected %s%s", what, article(is), either(r.Type), examples[cmp.Or(r.Format, what)])
	}
	switch node.Kind {
	case yaml.MappingNode:
		return r.checkMapping(node, root, what)
	case yaml.SequenceNode:
		if len(node.Content) < r.MinItems {
			return problem(node, "%s is empty; expected at least %d entry%s", what, r.MinItems, examples[what])
		}
		for _, item := range node.Content {
			if wrong := r.Items.check(item, root, "an entry of "+what); wrong != nil {
				return wrong
			}
		}
		return nil
	}
	return r.checkScalar(node, what)
}

// checkMapping compares the keys and values.
func (r *rule) checkMapping(node *yaml.Node, root *rule, what string) *Problem {
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return problem(key, "a key of %s is %s; expected a name", what, article(kindOf(key)))
		}
		if seen[key.Value] {
			return problem(key, "%q occurs twice in %s; remove one", key.Value, what)
		}
		if value.Kind == yaml.ScalarNode && value.Value == "" && kindOf(value) == "null" && joined(key) {
			return problem(key, "%q has no value; expected a space after its colon", key.Value)
		}
		seen[key.Value] = true
		next := r.Properties[key.Value]
		if next == nil {
			next = r.More
		}
		if next == nil || next.never {
			if strings.Contains(key.Value, "\u00a0") {
				return problem(key, "a key of %s has a no-break space; type a space in its place", what)
			}
			if i > 0 && node.Style&yaml.FlowStyle != 0 && value.Kind == yaml.ScalarNode && value.Value == "" {
				return problem(key, "%s has no key %q; if the comma belongs to %q, put that value in quotes", what, key.Value, node.Content[i-2].Value)
			}
			return problem(key, "%s has no key %q; %s", what, key.Value, instead(key.Value, r.keys()))
		}
		if wrong := next.check(value, root, key.Value); wrong != nil {
			return wrong
		}
	}
	for _, name := range r.Required {
		if !seen[name] {
			return problem(node, "%s lacks %q%s", what, name, examples[cmp.Or(r.Properties[name].Format, name)])
		}
	}
	return nil
}

// joined tells whether a text may have been meant as a key and a value, without the space that YAML needs between them.
func joined(node *yaml.Node) bool {
	name, value, found := strings.Cut(node.Value, ":")
	return found && node.Style == 0 && name != "" && !strings.HasPrefix(value, "//") && !strings.Contains(node.Value, " ")
}

// checkScalar compares a single value.
func (r *rule) checkScalar(node *yaml.Node, what string) *Problem {
	if len(r.Enum) > 0 && !slices.Contains(r.Enum, node.Value) {
		return problem(node, "%s is %q; %s", what, node.Value, instead(node.Value, r.Enum))
	}
	if r.Minimum == nil && r.Maximum == nil {
		return nil
	}
	least, most := math.Inf(-1), math.Inf(1)
	if r.Minimum != nil {
		least = *r.Minimum
	}
	if r.Maximum != nil {
		most = *r.Maximum
	}
	if number, err := strconv.ParseFloat(node.Value, 64); err != nil || !(number >= least && number <= most) {
		if r.Maximum == nil {
			return problem(node, "%s is %s; expected at least %v", what, node.Value, least)
		}
		return problem(node, "%s is %s; expected %v to %v", what, node.Value, least, most)
	}
	return nil
}

// kindOf is the node's type, as JSON Schema names it.
func kindOf(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "object"
	case yaml.SequenceNode:
		return "array"
	}
	switch node.ShortTag() {
	case "!!int":
		return "integer"
	case "!!float":
		return "number"
	case "!!bool":
		return "boolean"
	case "!!null":
		return "null"
	}
	return "string"
}

// fits tells whether a value of the type is may stand where the type want is expected.
func fits(is, want string) bool { return is == want || is == "integer" && want == "number" }

// article names a type in a sentence.
func article(kind string) string {
	names := map[string]string{
		"object": "a group of keys", "array": "a list", "integer": "a whole number", "number": "a number",
		"boolean": "true or false", "null": "empty", "string": "text",
	}
	return names[kind]
}

// either names types in a sentence.
func either(kinds []string) string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = article(kind)
	}
	return strings.Join(names, " or ")
}

// longest is how many letters a misspelt name has at most: a longer text is no attempt at any name.
const longest = 40

// mixedUp are names that are taken for each other, however unlike they are spelt.
var mixedUp = map[string]string{"type": "fault", "fault": "type", "name": "phase"}

// instead proposes the right spelling, or lists all names.
func instead(got string, names []string) string {
	all := "expected one of " + strings.Join(names, ", ")
	switch {
	case len(names) == 0:
		return "there is none yet"
	case len(got) > longest:
		return all
	}
	if other := mixedUp[got]; slices.Contains(names, other) {
		return fmt.Sprintf("did you mean %q?", other)
	}
	best, least := "", math.MaxInt
	for _, name := range names {
		far := spelling.Distance(strings.ToLower(got), strings.ToLower(name))
		if score := far*100 + spelling.Distance(got, name); far <= max(2, len(got)/3) && far < len(name) && score < least {
			best, least = name, score
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return all
}
