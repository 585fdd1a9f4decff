package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/stats"
)

// measure is something about a run that a tolerance compares with a limit.
type measure struct {
	// duration says that it is in milliseconds.
	duration bool
	// least and most bound the number of its arguments, takes names them, and check checks one.
	least, most int
	takes       string
	check       func(i int, arg string) error
	// metered measures need a meter behind the proxy; workshop measures know the app's policies; asked ones need answers.
	metered, workshop, asked bool
	eval                     func(s scope, args []string) figure
}

// figure is a measure's value in a run.
type figure struct {
	value float64
	// text says it in words, or missing why there is no value.
	text, missing string
	// late is the longest latency, if every request that was not served may have been too late because of a stall.
	late float64
	// lied says that a health check said 2xx where Unhealthy was looked for, which no stall can cause.
	lied bool
	// endless says that the value is how long a user waited before giving up, so that the latency is longer, nobody knows how much.
	endless bool
	// median is that of the latencies, if they were measured.
	median float64
	// answers are those that were measured, and is what was looked for among them; nil means that latency was.
	answers []Answer
	is      func(Answer) bool
}

// join is the figure of a sum or another operation.
func (f figure) join(other figure, value float64) figure {
	joined := figure{value: value, text: f.text, missing: f.missing, answers: f.answers, is: f.is}
	if joined.missing == "" {
		joined.missing = other.missing
	}
	if joined.text == "" {
		joined.text, joined.answers, joined.is = other.text, other.answers, other.is
	} else if other.text != "" && other.text != joined.text {
		joined.text += "; " + other.text
	}
	return joined
}

// measures are all measures, by name; at-work.md explains them to users.
var measures = map[string]measure{
	"requests": {asked: true, eval: func(s scope, _ []string) figure {
		answers := s.run.Of(s.phases...)
		return figure{value: float64(len(answers)), text: howMany(len(answers), "request"), answers: answers}
	}},
	"rate":  {asked: true, least: 1, most: 9, takes: "outcomes, as in rate(served) or rate(200)", check: outcomeArg, eval: rate},
	"count": {asked: true, least: 1, most: 9, takes: "outcomes, as in count(503) or count(served, 504)", check: outcomeArg, eval: tally},
	"p": {
		asked: true, duration: true, least: 1, most: 2, takes: "a percentile and perhaps an outcome, as in p(99) or p(50, served)",
		check: func(i int, arg string) error {
			if i > 0 {
				return checkOutcome(arg)
			}
			if p, err := strconv.ParseFloat(arg, 64); err != nil || !(p > 0 && p <= 100) {
				return fmt.Errorf("%q is not a percentile; expected a number above 0, up to 100", arg)
			} else if p < 1 {
				return fmt.Errorf("p(%s) is the %sth percentile; did you mean p(%.6g)?", arg, arg, 100*p)
			}
			return nil
		},
		eval: func(s scope, args []string) figure {
			p, _ := strconv.ParseFloat(args[0], 64) // Checked.
			return latency(s, p, "p"+args[0]+" %s of %s", args[1:])
		},
	},
	"max": {asked: true, duration: true, most: 1, takes: "nothing, or an outcome as in max(answered)", check: outcomeArg, eval: func(s scope, args []string) figure {
		return latency(s, 100, "the slowest took %s, of %s", args)
	}},
	"time_to": {asked: true, duration: true, least: 1, most: 1, takes: "an outcome, as in time_to(served)", check: outcomeArg, eval: timeTo},
	"at_once": {asked: true, least: 1, most: 9, takes: "outcomes, as in at_once(admitted)", check: outcomeArg, eval: atOnce},
	"dials":   {metered: true, eval: func(s scope, _ []string) figure { return dials(s) }},
	"dials_per_request": {asked: true, metered: true, eval: func(s scope, _ []string) figure {
		made := dials(s)
		if s.run.Stage == Stages { // Besides, it may check its health once a second, with all its attempts.
			made.value = max(0, made.value-s.took()/1000*s.names["RETRY_ATTEMPTS"].value)
		}
		made.value /= math.Max(1, float64(len(made.answers)))
		made.text = fmt.Sprintf("%.1f connections per request", made.value)
		return made
	}},
	"dials_per_check": {metered: true, eval: func(s scope, _ []string) figure {
		made := figure{answers: s.run.health(s.phases...)}
		made.value = float64(s.dials()) / math.Max(1, float64(len(made.answers)))
		made.text = fmt.Sprintf("%.1f connections for each of %d health checks", made.value, len(made.answers))
		return s.filled(made)
	}},
	"dials_at_once":       {metered: true, eval: dialsAtOnce},
	"connections_at_once": {metered: true, eval: connectionsAtOnce},
	"connections_left": {metered: true, eval: func(s scope, _ []string) figure {
		made := figure{answers: append(s.run.Of(s.phases...), s.run.health(s.phases...)...)}
		for _, span := range s.spans() {
			made.value = max(made.value, float64(span.Left))
		}
		if s.run.Stage == Stages { // A health check may be running.
			made.value = max(0, made.value-1)
		}
		made.text = fmt.Sprintf("%s still open a quarter of a second later, %d before the fault", howMany(int(made.value), "connection"), s.run.first().Left)
		return s.filled(made)
	}},
	"connections_before": {metered: true, eval: func(s scope, _ []string) figure {
		left := s.run.first().Left
		return figure{value: float64(left), text: howMany(left, "connection") + " open before the fault"}
	}},
	"retry_after_error": {asked: true, duration: true, eval: retryAfterError},
	"bound": {duration: true, workshop: true, eval: func(s scope, _ []string) figure {
		name := "TIMEOUT"
		if s.run.Stage > 2 {
			name = "DEADLINE"
		}
		return figure{value: s.names[name].value, text: name}
	}},
	"dials_for_nobody": {metered: true, workshop: true, eval: func(s scope, _ []string) figure {
		if s.run.Stage > 3 {
			return figure{text: "a request goes on when its user hangs up, so that the breaker hears how it ended"}
		}
		return dialsForNobody(s)
	}},
	"open_waits": {workshop: true, eval: func(s scope, _ []string) figure {
		return figure{value: math.Floor(s.took() / s.names["BREAKER_DELAY"].value)}
	}},
}

// outcomeArg checks an argument that is an outcome.
func outcomeArg(_ int, arg string) error { return checkOutcome(arg) }

// spans are the phases of the scope as they happened.
func (s scope) spans() []Span {
	var spans []Span
	for _, name := range s.phases {
		if span, ok := s.run.phase(name); ok {
			spans = append(spans, span)
		}
	}
	return spans
}

// holds tells whether a moment is in one of the phases.
func (s scope) holds(at float64) bool {
	return slices.ContainsFunc(s.spans(), func(span Span) bool { return span.holds(at) })
}

// took is how long the phases took, in milliseconds.
func (s scope) took() (sum float64) {
	for _, span := range s.spans() {
		sum += span.To - span.From
	}
	return sum
}

// filled is the figure, or says that the phases had no requests or were skipped.
func (s scope) filled(f figure) figure {
	if len(f.answers) > 0 {
		return f
	}
	if len(s.spans()) == 0 {
		return figure{missing: "the phase was skipped"}
	}
	return figure{missing: "no request was answered"}
}

// asked are the answers to look for an outcome in: the users', or those of the health endpoint.
func (s scope) asked(names []string) []Answer {
	if len(names) > 0 && Outcome(names[0]).health() {
		return s.run.health(s.phases...)
	}
	return s.run.Of(s.phases...)
}

// kindOfAsked is what one of those is called.
func kindOfAsked(names []string) string {
	if len(names) > 0 && Outcome(names[0]).health() {
		return "health check"
	}
	return "request"
}

// howMany is a number of things.
func howMany(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprint(n, " ", thing, "s")
}

// tally counts the answers with one of the outcomes.
func tally(s scope, names []string) figure {
	answers, is := s.asked(names), anyOf(names)
	kind, words := kindOfAsked(names)+"s", make([]string, len(names))
	for i, name := range names {
		words[i] = Outcome(name).words()
	}
	found := count(answers, is)
	made := figure{
		value: float64(found), answers: answers, is: is,
		text: fmt.Sprintf("%d of %d %s %s", found, len(answers), kind, strings.Join(words, " or ")),
	}
	made.text += s.run.firstOther(answers, names)
	made.lied = names[0] == "unhealthy" && count(answers, func(a Answer) bool { return a.Status/100 == 2 }) > 0
	late := count(answers, func(a Answer) bool { return is(a) || a.Status == 0 || a.Status == 504 })
	if slices.Contains(names, "served") && late == len(answers) {
		made.late = stats.Percentile(Latencies(answers), 100) // A computer that stalls for a second makes a timeout fire.
	}
	if kind == "health checks" && count(answers, func(a Answer) bool { return a.Status == 404 }) == len(answers) && len(answers) > 0 {
		made.text = "the health endpoint answers 404: there is none"
	}
	return s.filled(made)
}

// atOnce is how many of the answers with one of the outcomes were waited for at the same time, at most. Users of an exercise who ask
// for the same count as one: an app may ask the database once for all of them.
func atOnce(s scope, names []string) figure {
	made := tally(s, names)
	made.value = 0
	for _, answer := range made.answers {
		if !made.is(answer) {
			continue
		}
		beside, asked := 0, map[int]bool{}
		for _, b := range made.answers {
			if made.is(b) && b.waits(answer.At) {
				beside, asked[b.what] = beside+1, true
			}
		}
		if s.run.Stage > 0 {
			beside = len(asked)
		}
		made.value = max(made.value, float64(beside))
	}
	if made.missing == "" {
		made.text = fmt.Sprintf("%s, up to %.0f at once", made.text, made.value)
	}
	return made
}

// rate is the share of the answers with one of the outcomes.
func rate(s scope, names []string) figure {
	made := tally(s, names)
	made.value /= math.Max(1, float64(len(made.answers)))
	return made
}

// firstOther is ", the first failure is 500" for the first answer that has none of the outcomes looked for, if those are successes.
func (r *Run) firstOther(answers []Answer, names []string) string {
	first := slices.IndexFunc(answers, func(a Answer) bool { return !anyOf(names)(a) })
	if first < 0 || !slices.Contains(names, "served") && !slices.Contains(names, "healthy") {
		return ""
	}
	return ", the first failure is " + r.statusText(answers[first])
}

// statusText is what a user got, in a word or two, and how wrong answers in the same phase differed.
func (r *Run) statusText(a Answer) string {
	switch {
	case a.gaveUp():
		return a.Error
	case a.Status == 0:
		return strings.TrimSuffix("no answer: "+a.Error, ": ")
	case a.Wrong:
		text := fmt.Sprint(a.Status, " with a wrong answer")
		if span, _ := r.phase(a.Phase); len(span.Wrong) > 0 {
			text += fmt.Sprintf(" (%s)", strings.Join(span.Wrong, ", or "))
		}
		return text
	case a.Health && a.Says != "":
		return fmt.Sprint(a.Status, " ", a.Says)
	}
	return fmt.Sprint(a.Status)
}

// latency is a percentile of latencies, of all answers or of those with the outcomes.
func latency(s scope, p float64, format string, names []string) figure {
	answers := s.asked(names)
	if len(names) > 0 {
		answers = slices.DeleteFunc(answers, func(a Answer) bool { return !anyOf(names)(a) })
	}
	if asked := s.asked(names); len(answers) == 0 && len(asked) > 0 {
		return figure{missing: fmt.Sprintf("none of %s %s", howMany(len(asked), kindOfAsked(names)), Outcome(names[0]).words()), value: math.Inf(1), answers: asked, is: anyOf(names)}
	}
	value := stats.Percentile(Latencies(answers), p)
	made := figure{value: value, median: stats.Percentile(Latencies(answers), 50), text: fmt.Sprintf(format, Duration(value), howMany(len(answers), kindOfAsked(names))), answers: answers}
	gaveUp := slices.DeleteFunc(slices.Clone(answers), func(a Answer) bool { return !a.gaveUp() })
	if len(gaveUp) > 0 {
		made.text += fmt.Sprintf("; %d got no answer before the user gave up", len(gaveUp))
		made.endless = value >= slices.Min(Latencies(gaveUp))
	}
	return s.filled(made)
}

// timeTo is how long after the start of the phase the first answer with the outcome came.
func timeTo(s scope, names []string) figure {
	answers, is := s.asked(names), anyOf(names)
	made := figure{value: math.Inf(1), answers: answers, is: is}
	spans := s.spans()
	for _, answer := range answers {
		if is(answer) && len(spans) > 0 {
			made.value = min(made.value, answer.end()-spans[0].From)
		}
	}
	made.text = fmt.Sprintf("%s after %s", names[0], Duration(made.value))
	if math.IsInf(made.value, 1) {
		made.text = fmt.Sprintf("none of %s %s", howMany(len(answers), kindOfAsked(names)), Outcome(names[0]).words()) + s.run.firstOther(answers, names)
	}
	return s.filled(made)
}

// retryAfterError is how wrong the worst Retry-After is: a user who comes back when it says is let through to the
// database, and one who comes earlier is not. If the app probes on its own, without a user, its probe may come then as well.
func retryAfterError(s scope, _ []string) figure {
	admitted := s.admitted()
	made := retryAfterFrom(s, admitted)
	own := slices.Clone(admitted)
	for _, dial := range s.run.Dials {
		if s.holds(dial.At) && !slices.ContainsFunc(admitted, func(a Answer) bool { return a.waits(dial.At) }) {
			own = append(own, Answer{At: dial.At, Latency: dial.End - dial.At})
		}
	}
	if with := retryAfterFrom(s, own); made.missing != "" || with.missing == "" && with.value < made.value {
		return with
	}
	return made
}

// admitted are the answers of requests that the app let through to the database, those to invalid requests included.
func (s scope) admitted() []Answer {
	answers := s.run.Of(s.phases...)
	admitted := slices.DeleteFunc(answers, func(a Answer) bool { return !Outcome("admitted").has(a) })
	for _, stray := range s.run.strays {
		// One that is answered without the database was no probe.
		dialled := slices.ContainsFunc(s.run.Dials, func(d Dial) bool { return stray.waits(d.At) })
		if slices.Contains(s.phases, stray.Phase) && dialled {
			admitted = append(admitted, stray)
		}
	}
	return admitted
}

// retryAfterFrom is the worst Retry-After, given what was let through. It ignores rejections during a probe, because nobody knows
// when the probe will end.
func retryAfterFrom(s scope, admitted []Answer) figure {
	rejected := Outcome("rejected").has
	slices.SortStableFunc(admitted, func(a, b Answer) int { return cmp.Compare(a.At, b.At) })
	answers := s.run.Of(s.phases...)
	worst, judged := 0.0, 0
	for _, answer := range answers {
		beside := slices.ContainsFunc(admitted, func(probe Answer) bool { return probe.At <= answer.end() && answer.At <= probe.end() })
		next := slices.IndexFunc(admitted, func(probe Answer) bool { return probe.At > answer.At })
		if !rejected(answer) || beside || next < 0 {
			continue
		}
		judged++
		off := answer.end() + 1000*answer.RetryAfter - admitted[next].At
		if math.Abs(off) > math.Abs(worst) {
			worst = off
		}
	}
	if judged == 0 {
		return figure{missing: "no rejection was followed by a request that was let through"}
	}
	direction := "late"
	if worst < 0 {
		direction = "early"
	}
	return figure{
		value: math.Abs(worst), answers: answers, is: rejected,
		text: fmt.Sprintf("of %s the worst Retry-After is %s too %s", howMany(judged, "rejection"), Duration(math.Abs(worst)), direction),
	}
}

// dials is how many connections reached the dependencies.
func (s scope) dials() (sum int) {
	for _, span := range s.spans() {
		sum += span.Dials
	}
	return sum
}

// dials are the connections that reached the dependencies.
func dials(s scope) figure {
	answers, dials := s.run.Of(s.phases...), s.dials()
	made := figure{value: float64(dials), text: fmt.Sprintf("%s for %s", howMany(dials, "connection"), howMany(len(answers), "request")), answers: answers}
	if len(answers) == 0 && len(s.spans()) > 0 {
		made.text = howMany(dials, "connection") + " while nobody asked"
		return made
	}
	return s.filled(made)
}

// dialsForNobody is how many connections were opened while no user waited for an answer.
func dialsForNobody(s scope) figure {
	made := figure{answers: s.run.Of(s.phases...)}
	spans := s.spans()
	for _, dial := range s.run.Dials {
		waited := slices.ContainsFunc(made.answers, func(a Answer) bool { return a.waits(dial.At) })
		if len(spans) > 0 && dial.At >= spans[0].From && dial.At <= spans[len(spans)-1].To && !waited {
			made.value++
		}
	}
	made.text = howMany(int(made.value), "connection") + " opened while no user waited"
	return s.filled(made)
}

// dialsAtOnce is how many connections were opened within a moment, at most.
func dialsAtOnce(s scope, _ []string) figure {
	const moment = 50 // Milliseconds.
	most := 0
	for _, span := range s.spans() {
		var recent []Dial
		for _, dial := range s.run.Dials {
			if !span.holds(dial.At) {
				continue
			}
			recent = slices.DeleteFunc(append(recent, dial), func(d Dial) bool { return d.At < dial.At-moment })
			most = max(most, len(recent))
		}
	}
	return s.filled(figure{
		value: float64(most), answers: s.run.Of(s.phases...), text: fmt.Sprintf("%s opened within %d ms", howMany(most, "connection"), moment),
	})
}

// connectionsAtOnce is how many connections were open at the same time, at most.
func connectionsAtOnce(s scope, _ []string) figure {
	type event struct {
		at    float64
		opens int
	}
	var events []event
	for _, dial := range s.run.Dials {
		events = append(events, event{dial.At, 1})
		if dial.End > 0 {
			events = append(events, event{dial.End, -1})
		}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.opens, b.opens)) })
	open, most := 0, 0
	for _, one := range events {
		if open += one.opens; s.holds(one.at) {
			most = max(most, open)
		}
	}
	answers := s.run.Of(s.phases...)
	return s.filled(figure{
		value: float64(most), answers: answers, text: fmt.Sprintf("%s open at once, for %s", howMany(most, "connection"), howMany(len(answers), "request")),
	})
}

// count is the number of answers that satisfy is.
func count(answers []Answer, is func(Answer) bool) int {
	n := 0
	for _, answer := range answers {
		if is(answer) {
			n++
		}
	}
	return n
}

// Latencies are the latencies of answers, in milliseconds.
func Latencies(answers []Answer) []float64 {
	values := make([]float64, len(answers))
	for i, answer := range answers {
		values[i] = answer.Latency
	}
	return values
}

// Success is the share of answers that served their user, from 0 to 1; 0 when there are none.
func Success(answers []Answer) float64 {
	return float64(count(answers, Answer.Served)) / float64(max(1, len(answers)))
}

// Duration writes a duration in milliseconds for people.
func Duration(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// Recovery is the time from the rollback to the first success, in milliseconds; false when there was none.
func (r *Run) Recovery() (float64, bool) { return r.timeTo("served") }

// HealthyAfter is the time from the rollback until /health/ said Healthy, in milliseconds; false when it never did.
func (r *Run) HealthyAfter() (float64, bool) { return r.timeTo("healthy") }

func (r *Run) timeTo(outcome string) (float64, bool) {
	made := timeTo(scope{run: r, phases: []string{rollback}}, []string{outcome})
	return made.value, made.missing == "" && !math.IsInf(made.value, 1)
}
