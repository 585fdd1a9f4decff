package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"chaosworkshop/infra/internal/port"
)

// Target is the service under test: the one at URL, or the one that Command starts.
type Target struct {
	URL     string            `yaml:"url"`
	Command string            `yaml:"command"`
	Dir     string            `yaml:"dir"`
	Env     map[string]string `yaml:"env"`
	// Ready is a path that answers 2xx as soon as the service is ready; empty means any HTTP answer.
	Ready string `yaml:"ready"`
	// Health is the path of the health endpoint; empty if there is none.
	Health string `yaml:"health"`
	// Start is how long the service may take to be ready; empty means 15 s, and 30 s more for Ready.
	Start text `yaml:"start"`

	wait time.Duration // Start, as a duration.
}

// Request is one of the requests of the load, and what a right answer to it is.
type Request struct {
	Method  string            `yaml:"method"`
	Path    string            `yaml:"path"`
	Headers map[string]string `yaml:"headers"`
	Body    string            `yaml:"body"`
	Right   struct {
		Status int            `yaml:"status"`
		JSON   map[string]any `yaml:"json"`
		File   string         `yaml:"file"`
		Same   bool           `yaml:"same-as-calm"`
	} `yaml:"right"`

	body []byte // Of Right.File.
}

// Proxy is a proxy between the target and one of its dependencies.
type Proxy struct {
	Name     string `yaml:"name"`
	Listen   string `yaml:"listen"`
	Upstream string `yaml:"upstream"`
	Probe    *struct {
		Send string `yaml:"send"`
	} `yaml:"probe"`
}

// text is a value with its place in the file.
type text struct {
	value string
	node  *yaml.Node
}

// UnmarshalYAML keeps the node.
func (t *text) UnmarshalYAML(node *yaml.Node) error {
	t.value, t.node = node.Value, node
	return nil
}

// document is an experiment file.
type document struct {
	Title         text            `yaml:"title"`
	Description   string          `yaml:"description"`
	Exercise      int             `yaml:"exercise"`
	Configuration map[string]text `yaml:"configuration"`
	Target        *Target         `yaml:"target"`
	Requests      []Request       `yaml:"requests"`
	Toxiproxy     struct {
		API text `yaml:"api"`
	} `yaml:"toxiproxy"`
	Proxies []Proxy `yaml:"proxies"`
	Steady  struct {
		Title      string `yaml:"title"`
		Tolerances []text `yaml:"tolerances"`
	} `yaml:"steady-state-hypothesis"`
	Method     []phaseDocument     `yaml:"method"`
	Tolerances []toleranceDocument `yaml:"tolerances"`
	Rollbacks  []string            `yaml:"rollbacks"`
}

type phaseDocument struct {
	Name     text        `yaml:"phase"`
	Fault    yaml.Node   `yaml:"fault"`
	Faults   []yaml.Node `yaml:"faults"`
	Duration text        `yaml:"duration"`
	Load     struct {
		Rate      int  `yaml:"rate"`
		Invalid   int  `yaml:"invalid"`
		NoFlights int  `yaml:"no-flights"`
		Patience  text `yaml:"patience"`
	} `yaml:"load"`
	Changed bool   `yaml:"changed"`
	Health  bool   `yaml:"health"`
	Tail    string `yaml:"tail"`
	Until   text   `yaml:"until"`
	After   text   `yaml:"only-after"`
}

type toleranceDocument struct {
	Name   string    `yaml:"name"`
	Phase  yaml.Node `yaml:"phase"`
	Expect text      `yaml:"expect"`
	Why    string    `yaml:"why"`
	Hints  []string  `yaml:"hints"`
}

// Load reads the experiment in a file. A mistake in it is a *Problem.
func Load(path string) (Experiment, error) {
	const most = 1 << 20
	text, err := os.ReadFile(path)
	if err != nil {
		return Experiment{}, fmt.Errorf("read the experiment: %w", err)
	}
	if len(text) > most {
		return Experiment{}, fmt.Errorf("read the experiment: %s has %d bytes, too many for an experiment", path, len(text))
	}
	e, err := read(path, text, nil)
	if err != nil {
		return e, err
	}
	if e.Exercise > 0 {
		return e, fmt.Errorf("%s is one of the workshop's own; run it with `make verify EX=%d`", path, e.Exercise)
	}
	folder := filepath.Dir(path)
	e.Target.Dir = within(folder, e.Target.Dir)
	if info, err := os.Stat(e.Target.Dir); err != nil || !info.IsDir() {
		return e, e.mistake(fmt.Sprintf("there is no folder %s; dir is relative to the folder of this file", e.Target.Dir), "target", "dir")
	}
	for i, request := range e.Requests {
		if request.Right.File == "" {
			continue
		}
		if e.Requests[i].body, err = os.ReadFile(within(folder, request.Right.File)); err != nil {
			return e, e.mistake(fmt.Sprintf("read the right answer: %v; file is relative to the folder of this file", err), "requests", strconv.Itoa(i), "right", "file")
		}
	}
	return e, nil
}

// ID is the ID of the experiment in a file.
func ID(file string) string { return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) }

// within is a path relative to a folder.
func within(folder, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// read reads an experiment: names are the values of the names that it may use besides those of its configuration. The
// error is a *Problem.
func read(file string, text []byte, names names) (e Experiment, err error) {
	defer func() {
		if wrong, ok := errors.AsType[*Problem](err); ok {
			wrong.File = file
		}
	}()
	root, err := parse(text)
	if err != nil {
		return e, err
	}
	if wrong := validate(root); wrong != nil {
		return e, wrong
	}
	datesAsText(root)
	var d document
	if err := root.Decode(&d); err != nil {
		return e, problem(root, "%v", err) // The schema leaves nothing that does not fit.
	}
	r := reader{document: d, names: maps.Clone(names), root: root}
	return r.experiment(file)
}

// parse reads YAML. The error is a *Problem.
func parse(text []byte) (*yaml.Node, error) {
	found, err := documents(string(text))
	if wrong, ok := errors.AsType[*yaml.ParserError](err); ok {
		return nil, notYAML(string(text), wrong)
	}
	switch {
	case err != nil:
		return nil, problem(placeOf(string(text), err), "this is not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	case len(found) > 1:
		return nil, problem(&found[1], "expected one experiment in a file; put the next one in a file of its own")
	case len(found) == 0 || len(found[0].Content) == 0:
		return nil, problem(&yaml.Node{}, "the file is empty; `make experiment NEW=1 FILE=my.yaml` creates one to start from")
	}
	return found[0].Content[0], nil
}

// unknown is the complaint about an alias without an anchor, which names no place.
var unknown = regexp.MustCompile(`unknown anchor '(\w+)'`)

// placeOf is where an alias is that the error names; otherwise the beginning.
func placeOf(text string, err error) *yaml.Node {
	if found := unknown.FindStringSubmatch(err.Error()); found != nil {
		if before, _, ok := strings.Cut(text, "*"+found[1]); ok {
			line := before[strings.LastIndex(before, "\n")+1:]
			return &yaml.Node{Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(line) + 1}
		}
	}
	return &yaml.Node{}
}

// documents are those of a text in YAML, the first two at most.
func documents(text string) (found []yaml.Node, err error) {
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for len(found) < 2 {
		var next yaml.Node
		if err := decoder.Decode(&next); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		found = append(found, next)
	}
	return found, nil
}

// notYAML is the problem of a text that is not YAML, on the first line from which on it is none: the parser may name the beginning
// of what surrounds the mistake instead, counts some lines from 0, and all columns.
func notYAML(text string, wrong *yaml.ParserError) *Problem {
	const most = 2000 // Lines; more would take seconds.
	lines := strings.SplitAfter(text, "\n")
	line := min(max(wrong.Line, 1), len(lines))
	if len(lines) <= most {
		for line = len(lines); line > 1; line-- {
			if _, err := documents(strings.Join(lines[:line-1], "")); err == nil {
				break
			}
		}
	}
	here := []rune(lines[line-1] + "\n")
	column := slices.IndexFunc(here, func(letter rune) bool { return letter != ' ' })
	if max(wrong.Line, 1) == line || wrong.Line == line-1 && strings.HasPrefix(wrong.Message, "did not find expected") {
		column = min(wrong.Column, len(here)-1)
	}
	for _, hidden := range []struct{ begins, has, advice string }{{"//", "//", "a comment begins with #"}, {"", "\u00a0", "it has a no-break space; type a space in its place"}} {
		for at := max(0, line-2); at < line; at++ { // A comment may also continue on the next line, where the parser stops.
			if text := strings.TrimSpace(lines[at]); strings.HasPrefix(text, hidden.begins) && strings.Contains(text+lines[at], hidden.has) {
				place := utf8.RuneCountInString(lines[at][:strings.Index(lines[at], hidden.has)])
				return problem(&yaml.Node{Line: at + 1, Column: place + 1}, "this is not YAML: %s", hidden.advice)
			}
		}
	}
	switch letter := string(here[column]); {
	case letter == "\t":
		wrong.Message += "; indent with spaces, not with a tab"
	case letter == ":":
		wrong.Message += "; check the indentation and the space after each colon, and put a text that has both in quotes"
	case strings.Contains("@`%>|&*!", letter):
		wrong.Message += fmt.Sprintf("; put a text that begins with %s in quotes", letter)
	case strings.Contains(wrong.Message, "end of stream"):
		wrong.Message += "; a quote or a bracket has no end"
	case strings.HasSuffix(wrong.Message, "':'"):
		wrong.Message += "; is there a space after the colon?"
	}
	return problem(&yaml.Node{Line: line, Column: column + 1}, "this is not YAML: %s", wrong.Message)
}

// datesAsText makes each date below a node the text that it is in JSON.
func datesAsText(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!timestamp" {
		node.Tag = "!!str"
	}
	for _, child := range node.Content {
		datesAsText(child)
	}
}

// reader turns a document into an experiment.
type reader struct {
	document
	names names
	root  *yaml.Node
}

// experiment is the document as an experiment. The error is a *Problem.
func (r *reader) experiment(file string) (e Experiment, err error) {
	d := r.document
	e = Experiment{
		ID: ID(file), Exercise: d.Exercise, Title: d.Title.value,
		Hypothesis: cmp.Or(d.Description, d.Title.value), SteadyState: d.Steady.Title, Rollback: strings.Join(d.Rollbacks, "; "),
		Requests: d.Requests, Proxies: d.Proxies, API: d.Toxiproxy.API.value,
	}
	if e.Rollback == "" {
		e.Rollback = "every fault is removed, however the run ends"
	}
	if e.SteadyState == "" {
		e.SteadyState = "without a fault, every request is served"
	}
	if err := r.configure(); err != nil {
		return e, err
	}
	if d.Exercise == 0 {
		if err := r.target(&e); err != nil {
			return e, err
		}
	}
	if err := r.method(&e); err != nil {
		return e, err
	}
	for _, one := range d.Steady.Tolerances {
		expression, err := r.expression(one, e)
		if err != nil {
			return e, err
		}
		e.steady = append(e.steady, expression)
	}
	for _, one := range d.Tolerances {
		made, err := r.tolerance(one, e)
		if err != nil {
			return e, err
		}
		e.Tolerances = append(e.Tolerances, made)
	}
	e.names, e.file, e.root = r.names, file, r.root
	under := func(name string) bool {
		return slices.ContainsFunc(e.Method, func(p Phase) bool { return len(p.Faults) > 0 && (name == "" || p.Name == name) })
	}
	for _, name := range slices.Sorted(maps.Keys(d.Configuration)) {
		if !uses(r.root, name) && d.Exercise == 0 {
			e.Warnings = append(e.Warnings, e.mistake(fmt.Sprintf("nothing uses %q", name), "configuration", name).Error())
		}
	}
	switch looks := func(t Tolerance) bool { return slices.ContainsFunc(t.Phases, under) }; {
	case d.Exercise > 0:
	case !under(""):
		return e, problem(find(r.root, "method"), "no phase has a fault, so nothing is tested; add one to a phase between the first and the last, such as fault: blackhole")
	case !slices.ContainsFunc(e.Tolerances, looks):
		e.Warnings = append(e.Warnings, e.mistake("no tolerance covers a phase with a fault, so the verdict ignores what users get during the fault; add a tolerance for such a phase", "tolerances").Error())
	}
	return e, nil
}

// uses tells whether a value below a node has a name in it, outside the configuration itself.
func uses(node *yaml.Node, name string) bool {
	if node.Kind == yaml.ScalarNode {
		return slices.Contains(anyWord.FindAllString(node.Value, -1), name)
	}
	for i, child := range node.Content {
		if node.Kind == yaml.MappingNode && (i%2 == 0 || node.Content[i-1].Value == "configuration") {
			continue
		}
		if uses(child, name) {
			return true
		}
	}
	return false
}

// configure adds the names of the configuration.
func (r *reader) configure() error {
	if r.names == nil {
		r.names = names{}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Configuration)) {
		value := r.Configuration[name]
		if _, taken := measures[name]; taken || letters.FindString(name) != name {
			return problem(value.node, "%q cannot be a name; use letters, digits and _, but not the name of a measure", name)
		}
		made, err := parseQuantity(value.value, nil)
		if err != nil {
			return value.wrong(err)
		}
		r.names[name] = made
	}
	return nil
}

// wrong is the problem of a mistake in the text.
func (t text) wrong(err error) *Problem {
	found := problem(t.node, "%v", err)
	if at, ok := errors.AsType[*mistake](err); ok && t.node.Style&(yaml.FoldedStyle|yaml.LiteralStyle) == 0 && !strings.Contains(t.value[:at.at], "\n") {
		found.Column += utf8.RuneCountInString(t.value[:at.at])
		if t.node.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			found.Column++
		}
	}
	return found
}

// duration is a time of up to half an hour.
func (r *reader) duration(t text) (time.Duration, error) {
	const longest = 30 * time.Minute
	value, err := parseQuantity(t.value, r.names)
	most := float64(longest.Milliseconds())
	if r.Exercise > 0 && !(value.value >= 1 && value.value <= most) {
		value.value = min(max(value.value, 1), most) // The settings of the apps are the user's: no mistake of the file.
	}
	switch {
	case err != nil:
		return 0, t.wrong(err)
	case !value.duration:
		return 0, problem(t.node, "%s is a number; expected a duration with a unit, such as 10s", t.value)
	case !(value.value >= 1 && value.value <= most):
		return 0, problem(t.node, "%s is out of range; expected 1ms to %s", t.value, longest)
	}
	return time.Duration(value.value * float64(time.Millisecond)), nil
}

// method reads the phases.
func (r *reader) method(e *Experiment) error {
	for i, one := range r.Method {
		phase := Phase{Name: one.Name.value, Rate: one.Load.Rate, Invalid: one.Load.Invalid, NoFlights: one.Load.NoFlights, Changed: one.Changed, Health: one.Health, Tail: one.Tail, Until: Outcome(one.Until.value), After: Outcome(one.After.value)}
		last := i == len(r.Method)-1
		var err error
		if phase.For, err = r.duration(one.Duration); err != nil {
			return err
		}
		if one.Load.Patience.node != nil {
			if phase.Patience, err = r.duration(one.Load.Patience); err != nil {
				return err
			}
		}
		for _, outcome := range []text{one.Until, one.After} {
			if outcome.node != nil {
				if err := checkOutcome(outcome.value); err != nil {
					return outcome.wrong(err)
				}
			}
		}
		faults := one.Faults
		if one.Fault.Kind != 0 {
			faults = append(faults, one.Fault)
		}
		for _, node := range faults {
			fault, err := r.fault(&node, *e)
			if err != nil {
				return err
			}
			for _, other := range phase.Faults {
				if (other.own() && fault.own() || other.Type == "" || fault.Type == "") && slices.ContainsFunc(proxyNames(*e), func(name string) bool { return other.hits(name) && fault.hits(name) }) {
					return problem(&node, "%s and %s cannot be active at the same time on one proxy; give each a phase of its own", other.Name, fault.Name)
				}
			}
			phase.Faults = append(phase.Faults, fault)
		}
		switch {
		case one.Fault.Kind != 0 && len(one.Faults) > 0:
			return problem(&one.Fault, "%q has both fault and faults; list every fault in faults", phase.Name)
		case slices.ContainsFunc(e.Method, func(p Phase) bool { return p.Name == phase.Name }):
			return problem(one.Name.node, "two phases are called %q; give each a name of its own, which tolerances can use", phase.Name)
		case (i == 0 || last) && len(faults) > 0:
			return problem(one.Name.node, "%q is the first or the last phase; expected no fault, because it shows the steady state", phase.Name)
		case (i == 0 || last) && (phase.Rate == 0 || one.After.node != nil):
			return problem(one.Name.node, "%q is the first or the last phase; expected a load and no only-after, because it shows the steady state", phase.Name)
		case (phase.Invalid+phase.NoFlights > 0 || phase.Changed || phase.Tail != "") && e.Exercise == 0:
			return problem(one.Name.node, "%q has invalid, no-flights, changed or tail, reserved for the workshop's own experiments; remove it", phase.Name)
		case phase.Health && e.Exercise == 0 && e.Target.Health == "":
			return problem(one.Name.node, "%q asks the health endpoint; name its path in target: health", phase.Name)
		case phase.Rate == 0 && !phase.Health && phase.Until != "":
			return problem(one.Until.node, "%q has no load, so no answer can end it", phase.Name)
		}
		e.Method = append(e.Method, phase)
	}
	return nil
}

// fault reads a fault, which is a name or has its own numbers.
func (r *reader) fault(node *yaml.Node, e Experiment) (Fault, error) {
	if node.Kind == yaml.ScalarNode {
		node = &yaml.Node{Kind: yaml.MappingNode, Line: node.Line, Column: node.Column, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Value: "type", Line: node.Line, Column: node.Column}, node,
		}}
		if wrong := schemaOf().Defs["fault"].check(node, nil, "fault"); wrong != nil {
			wrong.Text = strings.Replace(wrong.Text, "type is", "fault is", 1)
			return Fault{}, wrong
		}
	}
	var fault Fault
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == "type" {
			fault = faultOf(node.Content[i+1].Value)
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if (fault.own() || fault.Type == "") && (key.Value == "toxicity" || key.Value == "stream") {
			return fault, problem(key, "%s is for every connection; remove %q", fault.Name, key.Value)
		}
		switch key.Value {
		case "type":
		case "toxicity":
			fault.Toxicity, _ = strconv.ParseFloat(value.Value, 64) // A number, by the schema.
		case "stream":
			fault.Stream = value.Value
		case "proxies":
			for _, item := range value.Content {
				if !slices.ContainsFunc(e.Proxies, func(p Proxy) bool { return p.Name == item.Value }) {
					return fault, problem(item, "there is no proxy %q; %s", item.Value, instead(item.Value, proxyNames(e)))
				}
				fault.Proxies = append(fault.Proxies, item.Value)
			}
		default:
			if known := attributes[fault.Type]; len(known) == 0 {
				return fault, problem(key, "%s takes no numbers; remove %q", fault.Name, key.Value)
			} else if !slices.Contains(known, key.Value) {
				return fault, problem(key, "%s has no %q; expected %s, such as {type: %s, %s}", fault.Name, key.Value, strings.Join(known, " or "), fault.Name, numbers[fault.Type])
			}
			number, err := attributeOf(fault.Type, key.Value, value)
			if err != nil {
				return fault, err
			}
			fault.Attributes[key.Value] = number
		}
	}
	if fault.own() && e.API != "" {
		return fault, problem(node, "%s needs the experiment's own Toxiproxy; remove toxiproxy", fault.Type)
	}
	if e.Exercise == 0 && len(e.Proxies) == 0 {
		return fault, problem(node, "a fault needs a proxy; add proxies, each with name, listen and upstream")
	}
	if err := fault.check(); err != nil {
		return fault, problem(node, "%v", err)
	}
	return fault, nil
}

// proxyNames are the names of the proxies.
func proxyNames(e Experiment) []string {
	var known []string
	for _, proxy := range e.Proxies {
		known = append(known, proxy.Name)
	}
	return known
}

// attributeOf is an attribute's value in Toxiproxy's unit: times are numbers in that unit, or durations.
func attributeOf(kind, name string, node *yaml.Node) (int64, error) {
	const longest = 600_000 // Milliseconds, or what it is in another unit.
	number, err := strconv.ParseInt(node.Value, 10, 64)
	if err == nil && (number < 0 || number > longest*1000) {
		return 0, problem(node, "%s is %s; expected 0 to %d", name, node.Value, longest)
	}
	if err == nil || kindOf(node) == "integer" {
		return number, err
	}
	value, err := parseQuantity(node.Value, nil)
	if err != nil {
		return 0, text{node.Value, node}.wrong(err)
	}
	if !value.duration || !(value.value >= 0 && value.value <= longest) {
		return 0, problem(node, "%s is %q; expected a duration from 0 to 10m, such as 300ms", name, node.Value)
	}
	if kind == "slicer" {
		value.value *= 1000
	}
	return int64(value.value), nil
}

// target checks the service, its requests and its proxies.
func (r *reader) target(e *Experiment) error {
	if r.Target == nil {
		return problem(r.root, "the file lacks \"target\": the url of a running service, or the command that starts one")
	}
	e.Target = *r.Target
	at := func(path ...string) *yaml.Node { return find(r.root, path...) }
	t := e.Target
	switch {
	case t.URL == "" && t.Command == "":
		return problem(at("target"), "target needs either url or command")
	case t.URL != "" && t.Command != "":
		return problem(at("target"), "target has both url, of a service that is already running, and command, which starts one; remove one of them")
	case t.URL != "" && (t.Dir != "" || len(t.Env) > 0):
		return problem(at("target"), "dir and env belong to a command, not to a url")
	case t.Env["PORT"] != "" && t.Env["PORT"] != "0" && !isPort(t.Env["PORT"]):
		return problem(at("target", "env", "PORT"), "PORT is %s; expected 1 to 65535, or no PORT to get one that is free", t.Env["PORT"])
	case t.URL != "" && !isHTTP(t.URL):
		return problem(at("target", "url"), "%q is not a URL; expected one such as http://127.0.0.1:8080", t.URL)
	case e.API != "" && !(isHTTP(e.API) && strings.HasPrefix(e.API, "http://")):
		return problem(at("toxiproxy", "api"), "%q is not a URL; expected one such as http://127.0.0.1:8474", e.API)
	}
	for _, name := range []string{"ready", "health"} {
		if node := at("target", name); node != nil && !strings.HasPrefix(node.Value, "/") {
			return problem(node, "%q is not a path; expected one such as /healthz", node.Value)
		}
	}
	if t.Start.node != nil {
		var err error
		if e.Target.wait, err = r.duration(t.Start); err != nil {
			return err
		}
	}
	if len(e.Requests) == 0 {
		e.Requests = []Request{{Path: "/"}}
	}
	for i, request := range e.Requests {
		node := at("requests", strconv.Itoa(i), "path")
		if node == nil {
			break
		}
		if body := at("requests", strconv.Itoa(i), "body"); body != nil && request.Method == "" {
			return problem(body, "a body needs a method, such as method: POST")
		}
		method := cmp.Or(request.Method, http.MethodGet)
		if _, err := http.NewRequest(method, "http://127.0.0.1"+request.Path, nil); err != nil || !strings.HasPrefix(request.Path, "/") {
			return problem(node, "%q is not a path; expected one such as /orders?user=7", request.Path)
		}
		for _, path := range slices.Sorted(maps.Keys(request.Right.JSON)) {
			if _, err := stepsOf(path); err != nil {
				return problem(at("requests", strconv.Itoa(i), "right", "json"), "%v", err)
			}
		}
	}
	listening := map[string]string{} // The proxy at each address.
	for i, proxy := range e.Proxies {
		place, send := at("proxies", strconv.Itoa(i)), at("proxies", strconv.Itoa(i), "probe", "send")
		addresses := 0
		for _, key := range []string{"listen", "upstream"} {
			node := at("proxies", strconv.Itoa(i), key)
			if node == nil {
				continue
			}
			addresses++
			if host, number, err := net.SplitHostPort(node.Value); err != nil || host == "" || !isPort(number) {
				return problem(node, "%q is not an address; expected a host and a port from 1 to 65535, such as 127.0.0.1:6379", node.Value)
			}
		}
		listen, upstream := reachable(proxy.Listen), reachable(proxy.Upstream)
		other, taken := listening[listen]
		if addresses == 2 {
			listening[listen] = proxy.Name
		}
		switch {
		case proxy.Name == "" || strings.ContainsAny(proxy.Name, "/?#%"):
			return problem(place, "%q cannot be the name of a proxy; expected letters and digits", proxy.Name)
		case slices.Index(proxyNames(*e), proxy.Name) < i:
			return problem(place, "two proxies are called %q", proxy.Name)
		case addresses == 2 && listen == upstream:
			return problem(at("proxies", strconv.Itoa(i), "upstream"), "the proxy %q would connect to itself; upstream is the address of the dependency, and listen another one, which the service connects to", proxy.Name)
		case taken:
			return problem(at("proxies", strconv.Itoa(i), "listen"), "the proxies %q and %q listen on the same address; give each a port of its own", other, proxy.Name)
		case e.API == "" && addresses < 2:
			return problem(place, "the proxy %q needs listen, the address that the service connects to, and upstream, the address of the dependency", proxy.Name)
		case e.API != "" && addresses == 1:
			return problem(place, "the proxy %q needs listen and upstream if the Toxiproxy does not have it yet, and neither if it does", proxy.Name)
		case send != nil && send.Style&yaml.DoubleQuotedStyle == 0 && (strings.Contains(send.Value, `\r`) || strings.Contains(send.Value, `\n`)):
			return problem(send, "only double quotes turn \\r\\n into the end of a line; write send: \"%s\"", strings.ReplaceAll(send.Value, `"`, `\"`))
		case e.API != "" && proxy.Probe == nil:
			return problem(place, "the proxy %q needs a probe to verify the injection on a Toxiproxy that is already running, such as probe: {send: \"PING\\r\\n\"}", proxy.Name)
		}
	}
	return nil
}

// isHTTP tells whether an address is a URL that can be asked.
func isHTTP(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && parsed.Host != "" && (parsed.Port() == "" || isPort(parsed.Port())) && (parsed.Scheme == "http" || parsed.Scheme == "https")
}

// reachable is the address at which this computer reaches what listens at one, the same for all ways to write it.
func reachable(address string) string {
	return strings.Replace(port.Reachable(address), "localhost", "127.0.0.1", 1)
}

// isPort tells whether a text is the number of a port, or the name of one.
func isPort(text string) bool {
	number, err := net.LookupPort("tcp", text)
	return err == nil && number > 0
}

// find is the node at a path of keys and indexes; nil if there is none.
func find(node *yaml.Node, path ...string) *yaml.Node {
	for _, step := range path {
		var next *yaml.Node
		if index, err := strconv.Atoi(step); err == nil && node.Kind == yaml.SequenceNode && index < len(node.Content) {
			next = node.Content[index]
		}
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == step {
				next = node.Content[i+1]
			}
		}
		if next == nil {
			return nil
		}
		node = next
	}
	return node
}

// expression reads a tolerance's text.
func (r *reader) expression(t text, e Experiment) (Expression, error) {
	made, err := parseExpression(t.value, r.names)
	if err != nil {
		return made, t.wrong(err)
	}
	for _, name := range anyWord.FindAllString(t.value, -1) {
		switch m := measures[name]; {
		case m.workshop && e.Exercise == 0:
			return made, problem(t.node, "%s is only for the workshop's own experiments; write the value, or a name of the configuration", name)
		case m.metered && e.API != "":
			return made, problem(t.node, "%s counts connections, which needs the experiment's own Toxiproxy; remove toxiproxy", name)
		case m.metered && e.Exercise == 0 && len(e.Proxies) == 0:
			return made, problem(t.node, "%s counts connections through proxies, but the file has none; add proxies", name)
		}
	}
	return made, nil
}

// tolerance reads a tolerance.
func (r *reader) tolerance(one toleranceDocument, e Experiment) (Tolerance, error) {
	made := Tolerance{Name: one.Name, Why: one.Why, Hints: one.Hints}
	nodes := one.Phase.Content
	if one.Phase.Kind == yaml.ScalarNode {
		nodes = []*yaml.Node{&one.Phase}
	}
	var known []string
	for _, phase := range e.Method {
		known = append(known, phase.Name)
	}
	for _, node := range nodes {
		if !slices.Contains(known, node.Value) {
			return made, problem(node, "there is no phase %q; %s", node.Value, instead(node.Value, known))
		}
		made.Phases = append(made.Phases, node.Value)
	}
	if len(made.Phases) == 0 {
		return made, problem(&one.Phase, "expected the name of a phase")
	}
	var err error
	if made.Expect, err = r.expression(one.Expect, e); err != nil {
		return made, err
	}
	return made, cmp.Or(measurable(one.Expect, made.Phases, e), missable(one.Expect, made, r.names, e))
}

// missable says which upper limit of a tolerance is as large as the number of requests in its phases.
func missable(t text, made Tolerance, names names, e Experiment) error {
	most := 0.0
	for _, phase := range e.Method {
		if slices.Contains(made.Phases, phase.Name) {
			most += float64(phase.Rate) * phase.For.Seconds()
			if phase.Health || e.Exercise > 0 {
				return nil // Nobody knows how many checks there are, or what the settings of an app will be.
			}
		}
	}
	for _, c := range made.Expect.clauses {
		if c.op[0] == '<' && oneNumber.MatchString(c.left.text) && !c.right.measured && c.right.eval(scope{names: names}).value >= most {
			return problem(t.node, "there are no more than %.0f requests, so %s %s %s cannot be missed; expected a smaller limit", most, c.left.text, c.op, c.right.text)
		}
	}
	return nil
}

// measureText is a measure in an expression, with its arguments.
var measureText = regexp.MustCompile(`([a-z_]+)(?:\(([^()]*)\))?`)

// measurable says which measure of a tolerance has nothing to measure in its phases.
func measurable(t text, names []string, e Experiment) error {
	var users, checks bool
	closed := ""
	for _, phase := range e.Method {
		if !slices.Contains(names, phase.Name) {
			continue
		}
		users, checks = users || phase.Rate > 0, checks || phase.Health
		if slices.ContainsFunc(phase.Faults, func(f Fault) bool { return f.Type == "" }) {
			closed = phase.Name
		}
	}
	for _, found := range measureText.FindAllStringSubmatch(t.value, -1) {
		health := found[1] == "dials_per_check"
		for arg := range strings.SplitSeq(found[2], ",") {
			health = health || Outcome(strings.TrimSpace(arg)).health()
		}
		switch {
		case health && !checks:
			return problem(t.node, "%s needs answers of the health endpoint; add health: true to the phase %q", found[0], names[0])
		case measures[found[1]].asked && !health && !users:
			return problem(t.node, "%s needs requests; add load: {rate: 20} to the phase %q", found[0], names[0])
		case strings.HasPrefix(found[1], "dials") && closed != "":
			return problem(t.node, "%s counts connections that arrive, and in %q none does; use fault: dropped, which lets them arrive and closes them", found[0], closed)
		}
	}
	return nil
}
