package experiment

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/load"
)

// The phases of E1 to E5.
const (
	slow      = "slow"
	blackHole = "black hole"
	refused   = "refused"
	noAccess  = "access denied"
	nobody    = "outage, nobody asks"
	flaky     = "flaky"
	failing   = "outage"
	open      = "outage continues"
	lonely    = "only checks fail"
	quiet     = "outage without users"
	impatient = "black hole, impatient users"
	again     = "second rollback"
	unasked   = "calm without users"
)

var settings = Settings{
	Timeout: time.Second, RetryAttempts: 10, RetryBaseDelay: 25 * time.Millisecond, RetryMaxDelay: 100 * time.Millisecond,
	Deadline: 5 * time.Second, BreakerDelay: 5 * time.Second,
}

// many are n answers of a phase, 10 ms apart from the time from on.
func many(phase string, n int, from float64, answer Answer) []Answer {
	var answers []Answer
	for i := range n {
		answer.Phase, answer.At = phase, from+10*float64(i)
		answers = append(answers, answer)
	}
	return answers
}

var good = Answer{Status: 200, Latency: 3}

// healthyRun is a run of the experiment with the results of the last stage. A phase takes ten seconds.
func healthyRun(number int) *Run {
	run := &Run{Stage: 4}
	for i, phase := range Experiments(settings)[number-1].Method {
		from := 10_000 * float64(i)
		span := Span{Name: phase.Name, Fault: describe(phase.Faults), From: from, To: from + 10_000, Dials: 20, Stall: 1}
		answer := good
		switch {
		case phase.Name == slow && number == 2:
			run.Answers = append(run.Answers, many(slow, 20, from, Answer{Status: 504, Latency: 5000})...)
		case phase.Name == blackHole && number == 2:
			answer = Answer{Status: 504, Latency: 5000}
		case phase.Name == refused:
			answer = Answer{Status: 500, Latency: 580}
		case number == 4 && phase.Name == failing:
			run.Answers = append(run.Answers, many(failing, 12, from, Answer{Status: 500, Latency: 100})...)
			from += 500
			answer = Answer{Status: 503, RetryAfter: 5, Latency: 0.5}
		case number == 4 && phase.Name == open:
			// Rejected for three seconds, then a probe that fails.
			for at := range 300 {
				run.Answers = append(run.Answers, Answer{Phase: open, At: from + 10*float64(at), Status: 503, RetryAfter: math.Floor(3.999 - float64(at)/100), Latency: 0.5})
			}
			run.Answers = append(run.Answers, Answer{Phase: open, At: from + 3000, Status: 500, Latency: 1})
			answer, from = Answer{Status: 503, RetryAfter: 7, Latency: 0.5}, from+3050
		case number == 4 && phase.Name == impatient:
			run.Answers = append(run.Answers, many(impatient, 20, from, Answer{Latency: 2000})...)
			from += 3000
			answer = Answer{Status: 503, RetryAfter: 5, Latency: 0.5}
		case number == 4 && (phase.Name == "server stopped" || phase.Name == "truncated"):
			answer = Answer{Status: 503, RetryAfter: 5, Latency: 0.5}
		case number == 5 && phase.Faults != nil && phase.Name != flaky && phase.Name != slow && phase.Name != lonely:
			answer = Answer{Status: 500, Latency: 100}
		}
		if phase.Rate == 0 {
			span.Dials = 2
		}
		if phase.Rate > 0 {
			run.Answers = append(run.Answers, many(phase.Name, 20, from, answer)...)
		}
		if phase.Health {
			health := Answer{Health: true, Status: 200, Says: "Healthy", Latency: 10}
			if answer.Status == 500 {
				health.Status, health.Says = 503, "Unhealthy"
			}
			run.Answers = append(run.Answers, many(phase.Name, 5, from, health)...)
		}
		run.Phases = append(run.Phases, span)
	}
	return run
}

func TestHealthyRunsPass(t *testing.T) {
	for i, e := range Experiments(settings) {
		run := healthyRun(i + 1)
		run.judge(e)
		if run.Verdict != Passed {
			t.Errorf("%s: got %s: %s, want passed", e.ID, run.Verdict, run.Reason)
		}
	}
}

// Users who ask for the same as the probe may wait for its answer.
func TestAProbeMayAnswerSeveralUsers(t *testing.T) {
	run := healthyRun(4)
	span, _ := run.phase(open)
	run.Answers = append(run.Answers, Answer{Phase: open, At: span.From + 3000.5, Status: 500, Latency: 1})
	if run.judge(Experiments(settings)[3]); run.Verdict != Passed {
		t.Errorf("got %s: %s, want %s", run.Verdict, run.Reason, Passed)
	}
}

// Besides its users, an app of the last stage may serve its own health check.
func TestHealthChecksMayAskTheDatabase(t *testing.T) {
	for stage, want := range map[int]Verdict{4: Failed, 5: Passed} {
		run := healthyRun(3)
		run.Stage = stage
		for i := range run.Phases {
			if run.Phases[i].Name == failing {
				run.Phases[i].Dials = 500
			}
		}
		if run.judge(Experiments(settings)[2]); run.Verdict != want {
			t.Errorf("stage %d: got %s: %s, want %s", stage, run.Verdict, run.Reason, want)
		}
	}
}

// A computer that is so busy that users wait for long lets health checks pass.
func TestLuckyHealthChecksAllowNoVerdict(t *testing.T) {
	for _, test := range []struct {
		luck bool
		row  int // How many connections were closed in a row.
		want Verdict
	}{
		{false, 29, Passed},
		{false, 3, Passed}, // Its checks do not try for long.
		{true, 13, Passed},
		{true, 12, Inconclusive},
		{true, 0, Inconclusive},
	} {
		run := healthyRun(5)
		for i := range run.Phases {
			if span := &run.Phases[i]; span.Name == lonely {
				span.luck, span.row = test.luck, test.row
			}
		}
		e := Experiments(settings)[4]
		if run.judge(e); run.Verdict != test.want {
			t.Errorf("%+v: got %s: %s", test, run.Verdict, run.Reason)
		}
		if e.Exercise = 0; run.lucky(e) != "" {
			t.Errorf("%+v: a service of one's own gets no verdict: %s", test, run.lucky(e))
		}
	}
}

// An app that does not refuse invalid requests may let one of them through as its probe. One that it answers without the
// database is none.
func TestAProbeMayBeAnInvalidRequest(t *testing.T) {
	run := healthyRun(4)
	for _, answer := range run.Answers {
		if answer.Phase == open && answer.Status == 503 {
			run.strays = append(run.strays, Answer{Phase: open, At: answer.At + 1, Latency: 0.1, Status: 200})
		}
	}
	if run.judge(Experiments(settings)[3]); run.Verdict != Passed {
		t.Errorf("invalid requests that are answered at once: got %s: %s, want %s", run.Verdict, run.Reason, Passed)
	}
	for _, recorded := range []bool{true, false} {
		run := healthyRun(4)
		for i, answer := range run.Answers {
			if answer.Phase == open && answer.Status == 500 {
				run.Answers = slices.Delete(run.Answers, i, i+1)
				if recorded {
					run.strays, run.Dials = []Answer{answer}, append(run.Dials, Dial{At: answer.At + 1})
				}
				break
			}
		}
		want := map[bool]Verdict{true: Passed, false: Failed}[recorded]
		if run.judge(Experiments(settings)[3]); run.Verdict != want {
			t.Errorf("recorded %v: got %s: %s, want %s", recorded, run.Verdict, run.Reason, want)
		}
	}
}

// Each way to break an experiment is detected, and named.
func TestBrokenRunsFail(t *testing.T) {
	each := func(phase string, change func(*Answer)) func(*Run) {
		return func(r *Run) {
			for i := range r.Answers {
				if r.Answers[i].Phase == phase && !r.Answers[i].Health {
					change(&r.Answers[i])
				}
			}
		}
	}
	health := func(phase string, change func(*Answer)) func(*Run) {
		return func(r *Run) {
			for i := range r.Answers {
				if r.Answers[i].Phase == phase && r.Answers[i].Health {
					change(&r.Answers[i])
				}
			}
		}
	}
	status := func(status int) func(*Answer) { return func(a *Answer) { a.Status = status } }
	latency := func(ms float64) func(*Answer) { return func(a *Answer) { a.Latency = ms } }
	dials := func(phase string, n int) func(*Run) {
		return func(r *Run) {
			for i := range r.Phases {
				if r.Phases[i].Name == phase {
					r.Phases[i].Dials = n
				}
			}
		}
	}
	for _, test := range []struct {
		number int
		what   string
		broken func(*Run)
		want   string
	}{
		{1, "late", each(steady, latency(150)), "p99 150 ms"},
		{1, "one error", func(r *Run) { r.Answers[3].Status = 500 }, "19 of 20 requests were served, the first failure is 500"},
		{1, "wrong rows", func(r *Run) { r.Answers[3].Wrong = true }, "19 of 20 requests were served, the first failure is 200 with a wrong answer"},
		{2, "too late under slow", each(slow, latency(5200)), "5.20 s"},
		{2, "too late under a black hole", each(blackHole, latency(6500)), "6.50 s"},
		{2, "later than one attempt", func(r *Run) { r.Stage = 2 }, "(TIMEOUT + 100ms)"},
		{2, "500 instead of 504", each(blackHole, status(500)), "60 of 80 requests were served or are 504 or were rejected with Retry-After, the first failure is 500"},
		{2, "a timeout that serves nobody", each(slow, status(504)), "0 of 40 requests were served"},
		{2, "queries that go on", func(r *Run) { r.Phases[2].Left = 20 }, "20 connections still open a quarter of a second later, 0 before the fault (required: none"},
		{3, "too few", each(flaky, status(504)), "0 of 20"},
		{3, "an empty answer for an error", each(flaky, func(a *Answer) { a.Wrong = true }), "0 of 20 requests were served, the first failure is 200 with a wrong answer"},
		{3, "breaker opened", func(r *Run) {
			for i := range r.Answers {
				if r.Answers[i].Phase == flaky {
					r.Answers[i].Status, r.Answers[i].RetryAfter = 503, 5
					break
				}
			}
		}, "1 of 20 requests were rejected with Retry-After"},
		{3, "an empty answer when all attempts failed", each(refused, func(a *Answer) { a.Wrong, a.Status = true, 200 }), "20 of 140 requests got a wrong answer"},
		{3, "too many connections without a fault", dials(steady, 200), "5.5 connections per request"},
		{3, "too many connections", dials(flaky, 300), "15.0 connections per request"},
		{3, "too many connections while the database is down", dials(failing, 500), "13.1 connections per request"},
		{3, "retries of an error that stays", dials(noAccess, 200), "10.0 connections per request"},
		{3, "retries for nobody", func(r *Run) {
			r.Stage = 3
			span, _ := r.phase(nobody)
			for i := range 8 {
				r.Dials = append(r.Dials, Dial{At: span.From - 200 + 100*float64(i)})
			}
		}, "8 connections opened while no user waited (required: at most 2"},
		{3, "attempts all at once", func(r *Run) {
			span, _ := r.phase("dropped")
			for i := range 9 {
				r.Dials = append(r.Dials, Dial{At: span.From + float64(i)})
			}
		}, "9 connections opened within 50 ms"},
		{3, "no backoff", each(refused, latency(2)), "2.0 ms"},
		{4, "invalid requests count", each("calm after them", status(503)), "the first failure is 503"},
		{4, "a probe with twice its connections", dials(open, 40), "40 connections for 321 requests (required: at_once(admitted): at most 1; dials: at most 30"},
		{4, "two probes at once", func(r *Run) {
			span, _ := r.phase(open)
			r.Answers = append(r.Answers, Answer{Phase: open, At: span.From + 3000.5, Status: 500, Latency: 1, what: 1})
		}, "up to 2 at once"},
		{4, "never opens", each(failing, status(500)), "0 of 32 requests were rejected"},
		{4, "no Retry-After", each(failing, func(a *Answer) { a.RetryAfter = 0 }), "20 of 32 requests are 503 (required: count(rejected): at least 1; count(503): as many as count(rejected)"},
		{4, "slow rejections", each(open, latency(30)), "p99 30 ms"},
		{4, "everybody is a probe", each(open, status(500)), "of 321 requests were rejected with Retry-After"},
		{4, "dials while open", dials(open, 500), "500 connections"},
		{4, "an endless Retry-After", each(open, func(a *Answer) { a.RetryAfter = 3600 }), "too late"},
		{4, "an early Retry-After", each(open, func(a *Answer) { a.RetryAfter = 1 }), "too early"},
		{4, "never back", each(rollback, status(503)), "none of"},
		{4, "impatient users keep it closed", each(impatient, status(0)), "0 of 40 requests were rejected"},
		{4, "users who hang up count", each("calm after the users", status(503)), "the first failure is 503"},
		{4, "no end without a user", func(r *Run) {
			for i := range r.Phases {
				if r.Phases[i].Name == "black hole, impatient probe" {
					r.Phases[i].Left = 20
				}
			}
		}, "20 connections still open"},
		{4, "a probe for ever", each(again, status(503)), "none of 20 requests were served"},
		{4, "a refused connection is no failure", each("server stopped", status(500)), "0 of 20 requests were rejected"},
		{4, "a query that breaks is no failure", each("truncated", status(500)), "0 of 20 requests were rejected"},
		{4, "opens at one failure", each("calm after one failure", status(503)), "0 of 20 requests were served"},
		{4, "answers without flights open it", each("calm after no flights", status(503)), "0 of 20 requests were served"},
		{5, "no endpoint", health(steady, status(404)), "the health endpoint answers 404"},
		{5, "cries wolf under flaky", health(flaky, status(503)), "5 of 5 health checks said Unhealthy"},
		{5, "cries wolf under slow", health(slow, status(503)), "5 of 5 health checks said Unhealthy"},
		{5, "cries wolf for a check of its own", health(lonely, status(503)), "5 of 5 health checks said Unhealthy"},
		{5, "silent about the outage", health(failing, status(200)), "none of"},
		{5, "needs users to know", health(quiet, status(200)), "5 of 10 health checks said Unhealthy"},
		{5, "content with a ping", health("locked table", status(200)), "none of"},
		{5, "silent about a black hole", health(blackHole, status(200)), "none of"},
		{5, "asks the database each time", dials(unasked, 5), "1.0 connections for each of 5 health checks"},
		{5, "asks the database that is down", dials(quiet, 5), "1.0 connections for each of 5 health checks"},
		{5, "misses its users", health(unasked, status(503)), "0 of 5 health checks said Healthy"},
		{5, "flaps", health("black hole continues", status(200)), "0 of 5 health checks said Unhealthy (required"},
		{5, "leaks connections", func(r *Run) {
			for i := range r.Phases {
				r.Phases[i].Left = i
			}
		}, "connections still open"},
		{5, "hangs", health(quiet, latency(1200)), "1.20 s"},
		{5, "only half well", health(rollback, func(a *Answer) { a.Says = "Degraded" }), "none of"},
		{5, "stays unhealthy", health(again, status(503)), "none of"},
		{5, "not steady again", each(after, status(503)), "the first failure is 503"},
	} {
		t.Run(fmt.Sprintf("E%d %s", test.number, test.what), func(t *testing.T) {
			run := healthyRun(test.number)
			test.broken(run)
			run.judge(Experiments(settings)[test.number-1])
			if run.Verdict != Failed || !strings.Contains(run.Reason, test.want) {
				t.Errorf("got %s: %s, want failed with %q", run.Verdict, run.Reason, test.want)
			}
			upToCatch(t, test.number, run)
		})
	}
}

// upToCatch checks that an experiment that ends with the check that failed says the same as the whole one, of what happened until then.
func upToCatch(t *testing.T, number int, run *Run) {
	t.Helper()
	i := slices.IndexFunc(run.Checks, func(c Check) bool { return !c.Passed })
	e := Experiments(settings)[number-1].upTo(run.Checks[i].Name)
	run.Phases = slices.DeleteFunc(run.Phases, func(s Span) bool {
		return !slices.ContainsFunc(e.Method, func(p Phase) bool { return p.Name == s.Name })
	})
	run.Answers = slices.DeleteFunc(run.Answers, func(a Answer) bool { _, found := run.phase(a.Phase); return !found })
	reason := run.Reason
	if run.judge(e); run.Verdict != Failed || run.Reason != reason {
		t.Errorf("up to %q: got %s: %s, want failed: %s", run.Checks[i].Name, run.Verdict, run.Reason, reason)
	}
}

// An experiment that ends early has no steady state after it, and nothing that is measured later.
func TestUpTo(t *testing.T) {
	whole := Experiments(settings)[3]
	for name, phases := range map[string]int{"the breaker opens": 8, "Retry-After": 10, "one failure": len(whole.Method) - 1, "steady state": len(whole.Method), "": len(whole.Method)} {
		e, run := whole.upTo(name), healthyRun(4)
		run.Phases = run.Phases[:phases]
		run.Answers = slices.DeleteFunc(run.Answers, func(a Answer) bool { _, found := run.phase(a.Phase); return !found })
		if run.judge(e); len(e.Method) != phases || run.Verdict != Passed || e.cut != (phases < len(whole.Method)) {
			t.Errorf("up to %q: got %d phases and %s: %s, want %d and %s", name, len(e.Method), run.Verdict, run.Reason, phases, Passed)
		}
	}
	if len(whole.Method) != len(Experiments(settings)[3].Method) || len(whole.Tolerances) != len(Experiments(settings)[3].Tolerances) {
		t.Error("the whole experiment has changed")
	}
}

// A number agrees with what it counts, a request without an answer is no answer, and what never came shows the requests that it did not
// come for.
func TestMeasuresInWords(t *testing.T) {
	waited := Answer{Phase: "fault", At: 1, Latency: 2000, Error: load.GaveUp}
	run := &Run{Phases: []Span{{Name: "fault", To: 3000, Dials: 1, Left: 1}}, Answers: []Answer{waited}}
	for text, want := range map[string]string{
		"dials <= 0":            "1 connection for 1 request",
		"connections_left == 0": "1 connection still open a quarter of a second later, 1 before the fault",
		"2 * requests > 9":      "1 request",
		"max <= 1s":             "the slowest took 2.00 s, of 1 request; 1 got no answer before the user gave up",
		"p(50) <= 1s":           "p50 2.00 s of 1 request; 1 got no answer before the user gave up",
		"time_to(served) <= 1s": "none of 1 request were served, the first failure is no answer in time",
	} {
		expression, err := parseExpression(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		check := expression.check(scope{run, []string{"fault"}, nil})
		if check.Measured != want || strings.HasPrefix(text, "time_to") && len(check.examples) != 1 {
			t.Errorf("%s: got %q with %d examples, want %q", text, check.Measured, len(check.examples), want)
		}
	}
}

func TestWhatProvesNothingIsInconclusive(t *testing.T) {
	for what, test := range map[string]struct {
		broken func(*Run)
		want   string
	}{
		"unfelt": {func(r *Run) {
			r.Felt = []Felt{{Phase: failing, Fault: "outage", Probes: 20, Failed: 3, Required: 20}}
		}, "injection of outage not verified"},
		"database down without a fault": {func(r *Run) {
			r.Felt = []Felt{{Phase: steady, Probes: 20, Failed: 20, Error: "refused"}}
		}, "probes through the proxy failed: refused"},
		"pooled":        {func(r *Run) { r.Phases[0].Dials = 2 }, "DB_MAX_IDLE_CONNS=0"},
		"wrong address": {func(r *Run) { r.Phases[0].Dials = 0 }, "DB_HOST and DB_PORT"},
		"rebuilt":       {func(r *Run) { r.Broken = "Toxiproxy hung" }, "Toxiproxy hung"},
		"busy machine": {func(r *Run) {
			for i := range r.Answers {
				if r.Answers[i].Phase == open {
					r.Answers[i].Latency = 30
				}
			}
			for i := range r.Phases {
				r.Phases[i].Stall = 40
			}
		}, "the scheduling noise was 40 ms"},
	} {
		t.Run(what, func(t *testing.T) {
			run := healthyRun(4)
			test.broken(run)
			run.judge(Experiments(settings)[3])
			if run.Verdict != Inconclusive || !strings.Contains(run.Reason, test.want) {
				t.Errorf("got %s: %s, want inconclusive with %q", run.Verdict, run.Reason, test.want)
			}
		})
	}
}

// A count fails the run if the computer stalled briefly, and makes it inconclusive if the stall was long.
func TestCountsOnABusyMachine(t *testing.T) {
	for stall, want := range map[float64]bool{20: false, 150: true} {
		run := &Run{Phases: []Span{{Name: flaky, Stall: stall}}, Checks: []Check{{Name: "most requests succeed", phases: []string{flaky}}}}
		if got := run.stalled() != ""; got != want {
			t.Errorf("a stall of %.0f ms: excused is %t, want %t", stall, got, want)
		}
	}
}

// A failure that a stall may explain in part takes a second run; one far beyond every stall does not.
func TestSecondRunOfAFailure(t *testing.T) {
	for excess, want := range map[float64]bool{900: true, 1600: false} {
		run := &Run{Verdict: Failed, Phases: []Span{{Name: flaky, Stall: 50}}, Checks: []Check{{Name: "nobody waits", Excess: excess, phases: []string{flaky}}}}
		if got := run.again() != ""; got != want {
			t.Errorf("%.0f ms too late with a stall of 50 ms: a second run is %t, want %t", excess, got, want)
		}
	}
}

// A stall, however long, does not explain an answer that is many times later.
func TestMuchTooLateOnABusyMachine(t *testing.T) {
	for excess, want := range map[float64]bool{2000: true, 9000: false} {
		run := &Run{Phases: []Span{{Name: flaky, Stall: 400}}, Checks: []Check{{Name: "nobody waits", Excess: excess, phases: []string{flaky}}}}
		if got := run.stalled() != ""; got != want {
			t.Errorf("%.0f ms too late with a stall of 400 ms: excused is %t, want %t", excess, got, want)
		}
	}
}

// A short stall explains a few late answers, but not that most of them are late. Dials by the dozen are none of its doing.
func TestMostAnswersLateOnABusyMachine(t *testing.T) {
	expression, err := parseExpression("p(99) <= 10ms", nil)
	if err != nil {
		t.Fatal(err)
	}
	for late, want := range map[int]bool{2: true, 60: false} {
		run := &Run{Phases: []Span{{Name: open, Stall: 20}}}
		run.Answers = append(many(open, 100-late, 0, good), many(open, late, 2000, Answer{Status: 503, Latency: 51})...)
		run.Checks = []Check{expression.check(scope{run, []string{open}, nil})}
		if got := run.stalled() != ""; got != want {
			t.Errorf("%d of 100 answers late: excused is %t, want %t", late, got, want)
		}
	}
	run := healthyRun(4)
	for i := range run.Phases {
		run.Phases[i].Dials, run.Phases[i].Stall = 500, 300
	}
	if run.judge(Experiments(settings)[3]); run.Verdict != Failed {
		t.Errorf("500 connections while the breaker is open: got %s: %s, want failed", run.Verdict, run.Reason)
	}
	// A computer that is busier may make a whole series late, so the run is repeated.
	for stall, want := range map[float64]bool{5: false, 50: true} {
		run := &Run{Verdict: Failed, Phases: []Span{{Name: steady, Stall: stall}}, Checks: []Check{{Name: "answers come quickly", Excess: 600, phases: []string{steady}}}}
		if got := run.again() != ""; got != want {
			t.Errorf("a stall of %.0f ms: repeated is %t, want %t", stall, got, want)
		}
	}
}

// Scheduling noise does not excuse what it cannot cause.
func TestMissingHealthFailsOnABusyMachine(t *testing.T) {
	run := healthyRun(5)
	for i := range run.Answers {
		if run.Answers[i].Health {
			run.Answers[i].Status = 404
		}
	}
	for i := range run.Phases {
		run.Phases[i].Stall = 5000
	}
	run.judge(Experiments(settings)[4])
	if run.Verdict != Failed {
		t.Errorf("got %s: %s, want failed", run.Verdict, run.Reason)
	}
}

func TestMatrixWantsTheLowerTriangle(t *testing.T) {
	for number := 1; number <= Stages; number++ {
		for stage := 1; stage <= Stages; stage++ {
			want := Failed
			if stage >= number {
				want = Passed
			}
			if got := wanted(number, stage); got != want {
				t.Errorf("E%d on exercise %d: got %s, want %s", number, stage, got, want)
			}
		}
	}
}

// Nobody knows how long the answer would have taken that a user did not wait for: no upper limit holds.
func TestWhoGaveUpKeepsNoLimit(t *testing.T) {
	run := &Run{Phases: []Span{{Name: flaky}}}
	run.Answers = append(many(flaky, 30, 0, good), many(flaky, 10, 0, Answer{Error: load.GaveUp, Latency: 3000})...)
	for text, want := range map[string]bool{"max <= 4s": false, "p(99) <= 3s": false, "p(50) <= 1s": true, "max(served) <= 4s": true} {
		expression, err := parseExpression(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := expression.check(scope{run, []string{flaky}, nil}); got.Passed != want {
			t.Errorf("%s: got passed %t (%s), want %t", text, got.Passed, got.Measured, want)
		}
	}
}

// What shows that answers came too late is late itself.
func TestExamplesAreThoseThatBreakTheLimit(t *testing.T) {
	run := &Run{Phases: []Span{{Name: "slow"}}, Answers: []Answer{{Phase: "slow", Status: 503, Latency: 5}, {Phase: "slow", Status: 200, Latency: 2500}, {Phase: "slow", Status: 200, Latency: 100}}}
	for text, want := range map[string]float64{"max <= 2s": 2500, "count(504) >= 1": 5, "rate(served) == 1": 5, "p(95, 503) <= 1ms": 5, "max(unanswered) <= 1s": 5} {
		expression, err := parseExpression(text, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := expression.check(scope{run, []string{"slow"}, nil}).examples; len(got) != 1 || got[0].Latency != want {
			t.Errorf("%s: got %+v, want the answer that took %v ms", text, got, want)
		}
	}
	impatient := &Run{Phases: []Span{{Name: "slow"}}, Answers: []Answer{{Phase: "slow", Latency: 1000, Error: load.GaveUp}}}
	expression, err := parseExpression("max <= 2s", nil)
	if err != nil {
		t.Fatal(err)
	}
	if check := expression.check(scope{impatient, []string{"slow"}, nil}); check.Passed || len(check.examples) != 1 || !strings.HasSuffix(check.Measured, "which counts as infinitely slow") {
		t.Errorf("got %+v, want a failure that shows who gave up after a second", check)
	}
}
