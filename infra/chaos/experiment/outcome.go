package experiment

import (
	"fmt"
	"regexp"
	"strings"
)

// Outcome names a kind of answer: a status such as 504 or 5xx, or one of served, wrong, rejected, admitted, unanswered; of the health
// endpoint healthy, unhealthy, answered.
type Outcome string

// outcomes are those with names, and how a sentence says it: "3 of 10 requests were served".
var outcomes = map[Outcome]struct {
	health bool
	words  string
	is     func(Answer) bool
}{
	"served":     {false, "were served", Answer.Served},
	"wrong":      {false, "got a wrong answer", func(a Answer) bool { return a.Wrong }},
	"rejected":   {false, "were rejected with Retry-After", func(a Answer) bool { return a.Status == 503 && a.RetryAfter > 0 }},
	"admitted":   {false, "were let through", func(a Answer) bool { return a.Status != 0 && a.Status != 503 }},
	"unanswered": {false, "got no answer", func(a Answer) bool { return a.Status == 0 }},
	"healthy":    {true, "said Healthy", func(a Answer) bool { return a.Status/100 == 2 && a.Says == "Healthy" }},
	"unhealthy":  {true, "said Unhealthy", func(a Answer) bool { return a.Status/100 == 5 }},
	"answered":   {true, "were answered", func(a Answer) bool { return a.Status != 0 }},
}

// status is an outcome that is a status, or a class of them.
var status = regexp.MustCompile(`^[1-5](\d\d|xx)$`)

// checkOutcome says what is wrong with a name.
func checkOutcome(name string) error {
	if _, ok := outcomes[Outcome(name)]; ok || status.MatchString(name) {
		return nil
	}
	known := []string{"a status such as 200 or 5xx", "served", "wrong", "rejected", "admitted", "unanswered", "healthy", "unhealthy", "answered"}
	return fmt.Errorf("there is no outcome %q; %s", name, instead(name, known))
}

// health tells whether the outcome is one of the health endpoint.
func (o Outcome) health() bool { return outcomes[o].health }

// has tells whether the answer has the outcome.
func (o Outcome) has(a Answer) bool {
	if named, ok := outcomes[o]; ok {
		return a.Health == named.health && named.is(a)
	}
	return !a.Health && strings.HasPrefix(fmt.Sprint(a.Status), strings.TrimSuffix(string(o), "xx")) && a.Status >= 100
}

// areAll tells whether every answer has one of the outcomes, so that nothing about them can be missed.
func areAll(names []string) bool {
	health := Outcome(names[0]).health()
	for status := 199; status < 600; status++ {
		for _, one := range []Answer{{}, {Wrong: true}, {RetryAfter: 1}, {Says: "Healthy"}} {
			if one.Status, one.Health = status, health; status == 199 {
				one = Answer{Health: health} // No answer.
			}
			if one.Wrong = one.Wrong && status < 400; !anyOf(names)(one) {
				return false
			}
		}
	}
	return true
}

// words say that requests had the outcome.
func (o Outcome) words() string {
	if named, ok := outcomes[o]; ok {
		return named.words
	}
	return "are " + string(o)
}

// anyOf tells whether an answer has one of the outcomes.
func anyOf(names []string) func(Answer) bool {
	return func(a Answer) bool {
		for _, name := range names {
			if Outcome(name).has(a) {
				return true
			}
		}
		return false
	}
}
