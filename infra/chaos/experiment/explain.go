package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// examples are the answers that show best why a comparison failed, the best first. fewer says that there were too few of
// those looked for, so that the others are the ones to show. An answer that took no longer than limit, in milliseconds, is none, unless its user gave up.
func (f figure) examples(fewer bool, limit float64) []Answer {
	found := slices.DeleteFunc(slices.Clone(f.answers), func(a Answer) bool { return a.Latency <= limit && !a.gaveUp() })
	if f.is != nil {
		fewer = fewer || math.IsInf(f.value, 1) // It took for ever because there was none.
		found = slices.DeleteFunc(found, func(a Answer) bool { return f.is(a) == fewer })
		if failures := slices.DeleteFunc(slices.Clone(found), Answer.Served); fewer && len(failures) > 0 {
			return failures // They tell more than those that were served instead.
		}
		return found
	}
	slices.SortStableFunc(found, func(a, b Answer) int { return cmp.Compare(b.Latency, a.Latency) })
	return found
}

// best are three of the answers: one of each status first.
func (r *Run) best(answers []Answer) []Answer {
	const most = 3
	var best []Answer
	for _, fresh := range []bool{true, false} {
		for _, answer := range answers {
			same := func(other Answer) bool { return other.Status == answer.Status && other.Wrong == answer.Wrong }
			known := func(other Answer) bool { return other == answer }
			if len(best) < most && slices.ContainsFunc(best, same) != fresh && !slices.ContainsFunc(best, known) {
				best = append(best, answer)
			}
		}
	}
	slices.SortFunc(best, func(a, b Answer) int { return cmp.Compare(a.At, b.At) })
	return best
}

// Story tells one request in a line: what the user got and when, and which connections the meter saw meanwhile.
func (r *Run) Story(a Answer) string {
	what := "asked"
	if a.Health {
		what = "checked health"
	}
	text := fmt.Sprintf("%s: %s in %q, %s after %s", Duration(a.At), what, a.Phase, r.statusText(a), Duration(a.Latency))
	if a.RetryAfter > 0 {
		text += fmt.Sprintf(" (Retry-After %.3g)", a.RetryAfter)
	}
	const most = 12
	var dials []string
	for _, dial := range r.Dials {
		if a.waits(dial.At) {
			dials = append(dials, fmt.Sprintf("+%.0f", dial.At-a.At))
		}
	}
	beside := count(r.Answers, func(b Answer) bool { return !b.Health && b != a && b.At <= a.end() && b.end() >= a.At })
	switch {
	case len(r.Dials) == 0: // Nobody counts them on somebody else's Toxiproxy.
	case len(dials) == 0:
		text += "; no connection opened meanwhile"
	case len(dials) > most:
		text += fmt.Sprintf("; %d connections opened meanwhile", len(dials))
	case len(dials) == 1:
		text += fmt.Sprintf("; a connection opened at %s ms", dials[0])
	default:
		text += fmt.Sprintf("; connections opened at %s ms", strings.Join(dials, ", "))
	}
	if beside > 0 && len(dials) > 0 {
		text += fmt.Sprintf(", for this request or the %d beside it", beside)
	}
	return text
}
