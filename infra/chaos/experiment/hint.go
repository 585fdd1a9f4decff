package experiment

// hints are hints 1 and 2 for each exercise; hint 3 is the solution, as the diff from the exercise before.
var hints = [][2]string{
	{
		"Run the app and send one request by hand: curl 'http://127.0.0.1:5000/api/flights/routes?from=LHR&to=JFK'. What does the app log?",
		"Compare your code with the original: `git diff exercise1`, or for a folder of your own `git diff --no-index exercise1 my/folder`.",
	},
	{
		"Nothing ends a query that takes too long yet. Put a time limit on each attempt at the query; when it is over, the app stops waiting and answers 504.",
		"failsafe-go's timeout policy cancels the context of the function that it runs. Run find inside `failsafe.With(timeout.New[[]flight](p.Timeout))`, " +
			"pass it `exec.Context()` so that the query ends too, and answer 504 on timeout.ErrExceeded.",
	},
	{
		"A request fails with its first bad connection, although the next one may be good. Try again a few times, with growing pauses, all within one deadline.",
		"Put a retrypolicy around the timeout, `failsafe.With(retry, timeout)`: retry what is transient (timeout.ErrExceeded, and errors for which database.Transient is true), " +
			"with a backoff and jitter, and bound the whole request with context.WithTimeout.",
	},
	{
		"While the database is down, every request still tries it ten times, and its user waits. When enough requests in a row have failed, stop trying for a while. Count failures even if the user has hung up.",
		"Put a circuitbreaker around the retries, `failsafe.With(breaker, retry, timeout)`: outermost, it counts requests; inside, it would count attempts. " +
			"Let a request run to its end when its user hangs up (context.WithoutCancel), and answer circuitbreaker.ErrOpen with 503 and Retry-After.",
	},
	{
		"A load balancer must learn that the app cannot serve, and later that it can again, although it sends no traffic in the meantime. Add GET /health/.",
		"Do what a user's request does: run the app's own query through its own policies, in the background, at most twice a second, and answer at once with the last result. " +
			"When the breaker waits for a probe, the check is that probe.",
	},
}

// Hint returns hint 1 or 2 for an exercise, 1 to 5.
func Hint(number, hint int) string { return hints[number-1][hint-1] }

// Requirements are the tolerances as an experiment announces them: the name of each, and what it requires.
func (e Experiment) Requirements() []Check {
	var all []Check
	for _, tolerance := range e.Tolerances {
		all = append(all, Check{Name: tolerance.Name, Required: tolerance.Expect.String()})
	}
	return all
}
