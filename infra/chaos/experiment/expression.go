package experiment

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"chaosworkshop/infra/internal/spelling"
	"chaosworkshop/infra/internal/stats"
)

// Expression is a tolerance as text: comparisons of a measure with a limit, joined by "and", such as
// `p(99) < 100ms and rate(served) >= 0.9`. Durations are written as in Go, shares as numbers or per cent.
type Expression struct {
	text    string
	clauses []clause
}

// clause is one comparison.
type clause struct {
	left, right term
	op          string
}

// term is a sum, a product or a single value. It is in milliseconds if it is a duration.
type term struct {
	text string
	// at is its place in the expression.
	at       int
	duration bool
	// literal marks a value that is written out in the text, and measured one that the run decides.
	literal, measured bool
	eval              func(scope) figure
}

// scope is what a tolerance looks at: phases of a run.
type scope struct {
	run    *Run
	phases []string
	names  names
}

// names are the values of the names in expressions.
type names map[string]quantity

// quantity is a number, or a duration in milliseconds.
type quantity struct {
	value    float64
	duration bool
}

// span is a duration as a quantity.
func span(d time.Duration) quantity { return quantity{stats.Milliseconds(d), true} }

// parser reads an expression. It ends with the first mistake.
type parser struct {
	text  string
	at    int // The place in text of the next token.
	depth int
	names names
	fixed bool // There are no measures.
}

// mistake is where an expression is wrong, from 0, and what was expected.
type mistake struct {
	at   int
	text string
}

func (m *mistake) Error() string { return m.text }

// parseExpression reads a tolerance. The error is a *mistake.
func parseExpression(text string, names names) (expression Expression, err error) {
	p := &parser{text: text, names: names}
	defer p.recover(&err)
	expression.text = text
	for {
		expression.clauses = append(expression.clauses, p.clause())
		if p.at == len(p.text) {
			return expression, nil
		}
		from := p.at
		switch word := p.word(); {
		case word == "and":
		case strings.EqualFold(word, "or"), strings.HasPrefix(p.text[from:], "||"):
			p.fail(from, "there is no \"or\"; name all outcomes in one measure, such as rate(served, 503), or write several tolerances, which must all hold")
		case strings.EqualFold(word, "and"), strings.HasPrefix(p.text[from:], "&&"):
			p.fail(from, "expected \"and\", in small letters, and another comparison")
		default:
			p.fail(from, "expected the end, or \"and\" and another comparison")
		}
	}
}

// parseQuantity reads a duration or a number, which may use names and arithmetic. The error is a *mistake.
func parseQuantity(text string, names names) (_ quantity, err error) {
	p := &parser{text: text, names: names, fixed: true}
	defer p.recover(&err)
	sum := p.sum()
	if p.at < len(p.text) {
		p.fail(p.at, "expected the end; write a number and its unit without a space, such as 100ms")
	}
	if sum.measured {
		p.fail(0, "expected a fixed value, not a measure")
	}
	return quantity{sum.eval(scope{names: names}).value, sum.duration}, nil
}

// recover turns the panic of fail into an error.
func (p *parser) recover(err *error) {
	switch failed := recover().(type) {
	case nil:
	case *mistake:
		*err = failed
	default:
		panic(failed)
	}
}

func (p *parser) fail(at int, format string, values ...any) {
	panic(&mistake{at, fmt.Sprintf(format, values...)})
}

// operators are the comparisons, the longer ones first.
var operators = []string{"<=", ">=", "==", "<", ">"}

func (p *parser) clause() clause {
	left := p.sum()
	if !left.measured {
		p.fail(left.at, "%q is not a measure; expected one on the left, such as p(99) or rate(served)", left.text)
	}
	for _, op := range operators {
		if !strings.HasPrefix(p.text[p.at:], op) {
			continue
		}
		p.skip(len(op))
		right := p.sum()
		p.same(left, right)
		p.possible(left, right, op)
		return clause{left, right, op}
	}
	for wrong, op := range map[string]string{"=<": "<=", "≤": "<=", "=>": ">=", "≥": ">="} {
		if strings.HasPrefix(p.text[p.at:], wrong) {
			p.fail(p.at, "there is no %q; did you mean %q?", wrong, op)
		}
	}
	p.fail(p.at, "expected a comparison: %s", strings.Join(operators, ", "))
	return clause{}
}

// same requires that both are durations, or neither is.
func (p *parser) same(left, right term) {
	if left.duration == right.duration {
		return
	}
	kinds := map[bool]string{true: "a duration, such as 100ms", false: "a number"}
	p.fail(right.at, "%s is not %s, as %s is", right.text, kinds[left.duration], left.text)
}

// oneShare is a rate that nothing is added to, and oneNumber a number of requests.
var (
	oneShare  = regexp.MustCompile(`^rate\([^()]*\)$`)
	oneNumber = regexp.MustCompile(`^(count|at_once)\([^()]*\)$`)
)

// possible refuses a limit that every run keeps, or none: most are a slip of the unit.
func (p *parser) possible(left, right term, op string) {
	if right.measured {
		return
	}
	share, limit := oneShare.MatchString(left.text), right.eval(scope{names: p.names}).value
	switch {
	case !strings.Contains(left.text, "rate(") && strings.Contains(right.text, "%"):
		p.fail(right.at, "%s is a share, but %s is not; a share of the requests is rate(served)", right.text, left.text)
	case strings.HasPrefix(left.text, "count(") && right.literal && limit > 0 && limit < 1:
		p.fail(right.at, "%s is a share, and %s is a number of requests; did you mean %s?", right.text, left.text, strings.Replace(left.text, "count", "rate", 1))
	case share && limit > 1 && limit <= 100 && right.literal && !strings.Contains(right.text, "%"):
		p.fail(right.at, "%s is more than all; a share is 0%% to 100%%, or 0 to 1: did you mean %.6g%%?", right.text, limit)
	case share && limit > 1:
		p.fail(right.at, "%s is more than all; a share is 0%% to 100%%, or 0 to 1", right.text)
	case share && limit == 1 && op == "<=":
		p.fail(right.at, "every share is at most 1, which is all of them; did you mean 1%%?")
	case share && limit == 1 && op == ">", limit == 0 && op == "<" && right.literal:
		p.fail(right.at, "no run can have %s %s %s; expected a limit that can be kept", left.text, op, right.text)
	case left.text == "requests":
		p.fail(left.at, "the load decides how many requests there are; expected a measure of what becomes of them, such as rate(served)")
	case limit == 0 && op == ">=" && right.literal:
		p.fail(right.at, "%s is always at least 0; expected a limit that can be missed", left.text)
	}
}

func (p *parser) sum() term {
	const deepest = 50
	p.depth++
	defer func() { p.depth-- }()
	if p.skip(0); p.depth > deepest {
		p.fail(p.at, "the parentheses are nested too deeply")
	}
	begin := p.at
	left := p.product()
	for {
		op := p.next("+-")
		if op == 0 {
			break
		}
		right := p.product()
		p.same(left, right)
		left = p.join(begin, left, right, op, left.duration)
	}
	return left
}

func (p *parser) product() term {
	begin := p.at
	left := p.atom()
	for {
		op := p.next("*/")
		if op == 0 {
			return left
		}
		right := p.atom()
		if right.duration && (left.duration || op == '/') {
			p.fail(right.at, "%s is a duration; multiply or divide a duration by a number", right.text)
		}
		left = p.join(begin, left, right, op, left.duration || right.duration)
	}
}

// join is the term of two terms.
func (p *parser) join(begin int, left, right term, op byte, duration bool) term {
	return term{
		at: begin, text: strings.TrimSpace(p.text[begin:p.at]), duration: duration, measured: left.measured || right.measured,
		eval: func(s scope) figure {
			a, b := left.eval(s), right.eval(s)
			var value float64
			switch op {
			case '+':
				value = a.value + b.value
			case '-':
				value = a.value - b.value
			case '*':
				value = a.value * b.value
			case '/':
				value = a.value / b.value
			}
			return a.join(b, value)
		},
	}
}

// unitValue is a number with an optional unit; several of them make a duration such as 1m30s.
var unitValue = regexp.MustCompile(`^(\d+(\.\d+)?)([A-Za-zµ%]*)`)

// unitAlone is a unit that a space separates from its number.
var unitAlone = regexp.MustCompile(`^([mµ]?s|m|min|h|(milli)?seconds?|minutes?|hours?)\b`)

func (p *parser) atom() term {
	begin := p.at
	if p.next("(") != 0 {
		inner := p.sum()
		if p.next(")") == 0 {
			p.fail(p.at, "expected )")
		}
		inner.at, inner.text = begin, strings.TrimSpace(p.text[begin:p.at])
		return inner
	}
	if found := unitValue.FindString(p.text[p.at:]); found != "" {
		for rest := p.text[p.at+len(found):]; unitValue.FindString(rest) != ""; rest = p.text[p.at+len(found):] {
			found += unitValue.FindString(rest)
		}
		value := p.literal(found)
		p.skip(len(found))
		switch rest := p.text[p.at:]; {
		case strings.HasPrefix(rest, ","):
			p.fail(p.at, "write a number with a point, such as 1.5s")
		case unitAlone.MatchString(rest):
			p.fail(begin, "write a number and its unit without a space, such as 100ms, 1.5s or 2m")
		}
		return term{at: begin, text: found, duration: value.duration, literal: true, eval: func(scope) figure { return figure{value: value.value} }}
	}
	word := p.word()
	switch rest := p.text[p.at:]; {
	case word != "":
	case p.text == "":
		p.fail(p.at, "it is empty; expected a comparison, such as p(99) < 100ms")
	case rest != "" && rest[0] == '-':
		p.fail(p.at, "a value cannot begin with a minus sign")
	case rest != "" && rest[0] == '.':
		p.fail(p.at, "write a digit before the point, as in 0.5s")
	default:
		p.fail(p.at, "expected a value, such as 100ms, 0.9 or p(99)")
	}
	if measure, ok := measures[word]; ok {
		return p.measure(begin, word, measure)
	}
	if value, ok := p.names[word]; ok {
		return term{at: begin, text: word, duration: value.duration, eval: func(s scope) figure { return figure{value: s.names[word].value} }}
	}
	if number, ok := strings.CutPrefix(word, "p"); ok && number != "" && strings.Trim(number, "0123456789") == "" {
		p.fail(begin, "there is no measure %q; did you mean \"p(%s)\"?", word, number)
	}
	named := slices.Sorted(maps.Keys(p.names))
	if p.fixed {
		if near := spelling.Nearest(word, named); near != "" {
			p.fail(begin, "there is no name %q in the configuration; did you mean %q?", word, near)
		}
		p.fail(begin, "%q is neither a number nor a duration; expected one such as 100ms, 1.5s or 2m", word)
	}
	if word == strings.ToUpper(word) && spelling.Nearest(word, named) == "" {
		p.fail(begin, "there is no name %q in the configuration; add configuration: {%s: 1s}, or write the value itself", word, word)
	}
	known := slices.DeleteFunc(slices.Sorted(maps.Keys(measures)), func(name string) bool { return measures[name].workshop })
	known = append(known, named...)
	p.fail(begin, "there is no measure or name %q; %s", word, instead(word, known))
	return term{}
}

// literal is the value of a number with its unit.
func (p *parser) literal(text string) quantity {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		if value, err := strconv.ParseFloat(share, 64); err == nil {
			return quantity{value: value / 100}
		}
	}
	if value, err := strconv.ParseFloat(text, 64); err == nil {
		return quantity{value: value}
	}
	value, err := time.ParseDuration(text)
	if err != nil {
		p.fail(p.at, "%q is neither a number nor a duration; expected one such as 100ms, 1.5s or 2m", text)
	}
	return span(value)
}

// measure reads the arguments of a measure.
func (p *parser) measure(begin int, name string, m measure) term {
	var args []string
	if p.next("(") != 0 {
		for {
			from := p.at
			arg := p.argument()
			if len(args) == m.most {
				p.fail(from, "%s takes %s", name, cmp.Or(m.takes, "no arguments"))
			}
			if err := m.check(len(args), arg); err != nil {
				p.fail(from, "%s", err)
			}
			args = append(args, arg)
			if p.next(",") == 0 {
				break
			}
		}
		if p.next(")") == 0 {
			p.fail(p.at, "expected , or )")
		}
	}
	if len(args) < m.least || len(args) > m.most {
		p.fail(begin, "%s takes %s", name, m.takes)
	}
	if slices.Contains([]string{"rate", "count", "at_once"}, name) && areAll(args) {
		p.fail(begin, "every answer has one of these outcomes, so nothing can be missed; leave some out")
	}
	return term{
		at: begin, text: strings.TrimSpace(p.text[begin:p.at]), duration: m.duration, measured: true,
		eval: func(s scope) figure { return m.eval(s, args) },
	}
}

// What names and arguments consist of.
var (
	letters  = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*`)
	argument = regexp.MustCompile(`^[A-Za-z0-9_.]+`)
	anyWord  = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

func (p *parser) word() string {
	found := letters.FindString(p.text[p.at:])
	p.skip(len(found))
	return found
}

func (p *parser) argument() string {
	found := argument.FindString(p.text[p.at:])
	p.skip(len(found))
	return found
}

// next consumes one of the characters, and returns it; 0 if another follows.
func (p *parser) next(any string) byte {
	if p.at == len(p.text) || !strings.Contains(any, p.text[p.at:p.at+1]) {
		return 0
	}
	found := p.text[p.at]
	p.skip(1)
	return found
}

// skip goes past n bytes and the space after them.
func (p *parser) skip(n int) {
	p.at += n
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\n' || p.text[p.at] == '\t') {
		p.at++
	}
}

// check measures the expression, and says what was measured and required.
func (e Expression) check(s scope) Check {
	all := Check{Passed: true, phases: s.phases}
	var measured, required []string
	for _, c := range e.clauses {
		one := c.check(s)
		if slices.Contains(measured, one.Measured) {
			one.Measured = ""
		}
		if one.Measured != "" {
			measured = append(measured, one.Measured)
		}
		if len(e.clauses) > 1 {
			one.Required = c.left.text + ": " + one.Required
		}
		required = append(required, one.Required)
		all.near = all.near || one.near
		if !one.Passed && all.Passed {
			all.Passed, all.Excess, all.typical, all.certain, all.examples = false, one.Excess, one.typical, one.certain, one.examples
		}
	}
	all.Measured, all.Required = strings.Join(measured, "; "), strings.Join(required, "; ")
	return all
}

func (c clause) check(s scope) Check {
	left, right := c.left.eval(s), c.right.eval(s)
	limit, value := right.value, left.value
	shortest := 0.0
	if left.median > 0 && c.op[0] == '<' {
		shortest = limit
	}
	check := Check{Measured: left.text, Required: c.required(right), examples: left.examples(c.op == ">=" || c.op == ">" || c.op == "==" && limit > 0, shortest)}
	if left.missing != "" {
		check.Measured = left.missing
		return check
	}
	const rounding, close = 1e-9, 1.3 // In standard deviations: TestCloseSharesAreRarelyWrong.
	switch c.op {
	case "<=":
		check.Passed = value <= limit+rounding
	case ">=":
		check.Passed = value >= limit-rounding
	case "<":
		check.Passed = value < limit
	case ">":
		check.Passed = value > limit
	case "==":
		check.Passed = math.Abs(value-limit) <= rounding
	}
	if n := float64(len(left.answers)); strings.HasPrefix(c.left.text, "rate(") && limit > 0 && limit < 1 {
		check.near = math.Abs(value-limit) <= close*math.Sqrt(limit*(1-limit)/n)
	}
	upper := c.op[0] == '<'
	if check.Passed && upper && left.endless {
		check.Passed, check.certain = false, true
		check.Measured += ", which counts as infinitely slow"
	}
	switch {
	case check.Passed, check.certain:
	case upper && c.left.duration && !math.IsInf(value, 1):
		check.Excess, check.typical = value-limit, left.median-limit
		check.near = left.median > 0 && left.median <= limit
	case left.late > 0 && c.op == "==":
		check.Excess = left.late
	case !upper && !c.left.duration && value < limit/2 && left.late == 0, upper && !c.left.duration && limit > 0 && value > 2*limit,
		c.op == "==" && left.lied, strings.HasPrefix(c.left.text, "at_once"), c.left.text == "count(wrong)":
		check.certain = true
	}
	return check
}

// required is the limit in words: at most 100 ms (DEADLINE + 100ms).
func (c clause) required(limit figure) string {
	value := fmt.Sprintf("%.4g", limit.value)
	share := strings.HasPrefix(c.left.text, "rate(")
	switch {
	case c.right.measured && c.op == "==":
		return "as many as " + c.right.text
	case c.left.duration:
		value = Duration(limit.value)
	case share && limit.value == 1 && c.op != "<" && c.op != "<=":
		return "all"
	case limit.value == 0 && (c.op == "==" || c.op == "<="):
		return "none"
	case share:
		value = fmt.Sprintf("%.4g %%", 100*limit.value)
	}
	words := map[string]string{"<=": "at most ", ">=": "at least ", "<": "less than ", ">": "more than ", "==": "exactly "}
	text := words[c.op] + value
	if !c.right.literal {
		text += " (" + strings.Replace(c.right.text, "bound", cmp.Or(limit.text, "bound"), 1) + ")"
	}
	return text
}
