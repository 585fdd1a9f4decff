package trace

import (
	"fmt"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/tracing"
)

// Limits are an exercise's limits for one attempt, for the number of attempts, and for the whole request; 0 where it has none.
type Limits struct {
	Timeout  time.Duration
	Attempts int
	Deadline time.Duration
}

// ReadLimits are the limits of an exercise that has all, as the environment sets them.
func ReadLimits() (Limits, error) {
	limits, err := config.Load[struct {
		Timeout  time.Duration `env:"TIMEOUT" envDefault:"1s"`
		Attempts int           `env:"RETRY_ATTEMPTS" envDefault:"10"`
		Deadline time.Duration `env:"DEADLINE" envDefault:"5s"`
	}]()
	return Limits(limits), err
}

// Of are those of the limits that exercise 1 to 5 has.
func (l Limits) Of(exercise int) Limits {
	if exercise < 2 {
		l.Timeout = 0
	}
	if exercise < 3 {
		l.Attempts, l.Deadline = 0, 0
	}
	return l
}

// Line is one line of a timeline. Its times are in milliseconds from the start of the request.
type Line struct {
	// Name is request, attempt, dial or backoff.
	Name  string  `json:"n"`
	Start float64 `json:"s"`
	Took  float64 `json:"d"`
	// Outcome is how it ended; empty for a backoff.
	Outcome load.Outcome `json:"o,omitempty"`
	// Words say how it ended, and why.
	Words string `json:"w"`
}

// Took is how long the request took.
func (r Request) Took() time.Duration { return took(r.Span) }

// Outcome is what the answer meant to the user.
func (r Request) Outcome() load.Outcome {
	var status int
	_, _ = fmt.Sscan(r.Span.Attributes.Text(tracing.Status), &status) // None is 0: no answer.
	return load.Result{Status: status}.Outcome()
}

// Lines are the request, and in order its attempts, their dials and the backoffs between them.
func (r Request) Lines(limits Limits) []Line {
	line := func(name string, start, end tracing.Int, outcome load.Outcome, words string) Line {
		return Line{name, milliseconds(start - r.Span.Start), milliseconds(end - start), outcome, words}
	}
	ended := func(name string, span tracing.Span, well string) Line {
		kind, words := span.Attributes.Text(tracing.ErrorType), well+" after "+short(took(span))
		if kind != "" {
			words = failure(kind, took(span))
		}
		return line(name, span.Start, span.End, outcome(kind), words)
	}
	lines := []Line{line("request", r.Span.Start, r.Span.End, r.Outcome(), r.words())}
	for i, attempt := range r.Attempts {
		if i > 0 {
			from, to := r.Attempts[i-1].Span.End, attempt.Span.Start
			lines = append(lines, line("backoff", from, to, "", short(time.Duration(to-from))))
		}
		span := attempt.Span
		lines = append(lines, ended("attempt "+span.Attributes.Text(tracing.Attempt), span, "rows"))
		for _, dial := range attempt.Dials {
			lines = append(lines, ended("dial", dial, "connected"))
		}
		if i == len(r.Attempts)-1 && r.inBackoff() {
			lines = append(lines, line("backoff", span.End, r.Span.End, "", short(time.Duration(r.Span.End-span.End))+", ended by DEADLINE"))
		}
	}
	return lines
}

// words say how the request ended.
func (r Request) words() string {
	after := short(r.Took())
	status := r.Span.Attributes.Text(tracing.Status)
	switch {
	case status == "":
		return "the user hung up after " + after
	case r.rejected():
		return fmt.Sprintf("%s rejected, breaker %s", status, r.breaker())
	}
	return status + " after " + after
}

// inBackoff tells whether the deadline ended the request between two attempts.
func (r Request) inBackoff() bool {
	last := r.Attempts[len(r.Attempts)-1].Span.Attributes.Text(tracing.ErrorType)
	return r.Outcome() == load.Timeout && last != "" && last != tracing.Deadline && len(r.Attempts) > 1
}

// rejected tells whether the breaker rejected the request.
func (r Request) rejected() bool {
	return len(r.Attempts) == 0 && r.Outcome() == load.Rejected && r.breaker() != ""
}

// breaker is the state that rejected the request or let it through. One that was closed on arrival and rejected has opened since.
func (r Request) breaker() string {
	state := r.Span.Attributes.Text(tracing.Breaker)
	if state == "closed" && len(r.Attempts) == 0 && r.Outcome() == load.Rejected {
		return "open"
	}
	return state
}

// Sentence says what the timeline shows.
func (r Request) Sentence(limits Limits) string {
	n := len(r.Attempts)
	last := ""
	if n > 0 {
		last = r.Attempts[n-1].Span.Attributes.Text(tracing.ErrorType)
	}
	text := ""
	switch outcome := r.Outcome(); {
	case r.rejected() && r.breaker() == "half-open":
		text = "The breaker is half-open and another request is its probe: the app rejects this one at once."
	case r.rejected():
		text = "The breaker is open: the app rejects the request at once and leaves the database alone."
	case n == 0:
		text = "The app answered without asking the database."
	case outcome == load.OK && n == 1:
		text = "The first attempt succeeded"
		if limits.Deadline > 0 {
			text += ", so no retry was needed"
		}
		text += "."
	case outcome == load.OK:
		text = fmt.Sprintf("%s failed; attempt %d served the user.", attempts(n-1), n)
	case outcome == load.NoAnswer && limits.Timeout == 0:
		text = "The user gave up; nothing in the app would have ended the wait."
	case outcome == load.NoAnswer:
		text = "The user gave up before the app did."
	case n > 0 && r.inBackoff():
		text = fmt.Sprintf("%s failed, then DEADLINE (%s) ended the request.", attempts(n), short(limits.Deadline))
	case n > 1 && last == tracing.Deadline:
		text = fmt.Sprintf("%s failed, then DEADLINE (%s) ended the request.", attempts(n-1), short(limits.Deadline))
	case n == 1 && last == tracing.Deadline:
		text = fmt.Sprintf("DEADLINE (%s) ended the request in its first attempt.", short(limits.Deadline))
	case n == 1 && outcome == load.Timeout:
		text = fmt.Sprintf("TIMEOUT (%s) ended the only attempt: the user does not wait longer, but is not served either.", short(limits.Timeout))
	case n == 1:
		text = "The only attempt failed, and nothing retried it: the user gets the error."
	default:
		text = fmt.Sprintf("All %s failed: retries cannot outlast this fault.", attempts(n))
	}
	if n > 0 && r.breaker() == "half-open" {
		text += " It was the breaker's probe."
	}
	return text
}

// attempts is a number of attempts in words.
func attempts(n int) string {
	if n == 1 {
		return "1 attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// outcome is how something ended that failed in that way; an empty kind is no failure.
func outcome(kind string) load.Outcome {
	switch kind {
	case "":
		return load.OK
	case tracing.Timeout, tracing.Deadline:
		return load.Timeout
	case tracing.Canceled:
		return load.NoAnswer
	}
	return load.Error
}

// failure says how an attempt or a dial failed.
func failure(kind string, took time.Duration) string {
	after := " after " + short(took)
	switch kind {
	case tracing.Timeout:
		return "timed out" + after
	case tracing.Deadline:
		return "ended by DEADLINE" + after
	case tracing.Canceled:
		return "the user hung up" + after
	case tracing.Refused:
		return "connection refused"
	case tracing.Reset:
		return "connection reset" + after
	case tracing.Broken:
		return "connection broken" + after
	case tracing.Other:
		return "failed" + after
	}
	return fmt.Sprintf("server error %s%s", kind, after)
}

// took is how long a span took.
func took(span tracing.Span) time.Duration { return time.Duration(span.End - span.Start) }

// milliseconds is a time in nanoseconds in milliseconds, to a hundredth.
func milliseconds(time tracing.Int) float64 { return float64(time/10_000) / 100 }

// short is a time as people read it: 3.1 ms, 120 ms, 1.13 s.
func short(d time.Duration) string {
	switch ms := float64(d) / 1e6; {
	case ms < 9.95:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 999.5:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.3g s", ms/1000)
	}
}
