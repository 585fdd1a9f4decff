package experiment

// hints are the first two for each exercise; the third is the solution, as the diff from the exercise before.
var hints = [][2]string{
	{
		"Ask for one connection by hand: curl 'http://127.0.0.1:5000/api/flights/routes?from=LHR&to=JFK'. What does the app log?",
		"Compare your folder with the exercise as it came: `git diff exercise1`.",
	},
	{
		"Who ends a query that takes too long? Nobody yet. Give each attempt at the query a time after which the app stops waiting and answers 504.",
		"failsafe-go's timeout policy cancels the context of the function that it runs: run find inside `failsafe.With(timeout.New[[]flight](p.Timeout))`, " +
			"pass it `exec.Context()`, so that the query ends too, and answer 504 on timeout.ErrExceeded.",
	},
	{
		"A request fails with its first bad connection, though the next one may be good. Try again, a few times, with a growing pause between, and all of it within one deadline.",
		"Put a retrypolicy around the timeout, `failsafe.With(retry, timeout)`: retry what is transient (timeout.ErrExceeded and what database.Transient says), " +
			"with a backoff and jitter; bound the whole request by context.WithTimeout.",
	},
	{
		"While the database is down, every request still asks it, ten times, and makes its user wait for that. Stop asking for a while when enough requests in a row have failed, whoever still waits for them.",
		"Put a circuitbreaker around the retries, `failsafe.With(breaker, retry, timeout)`: outermost it counts requests, inside it would count attempts. " +
			"Let a request run to its end when its user hangs up (context.WithoutCancel), and answer circuitbreaker.ErrOpen with 503 and Retry-After.",
	},
	{
		"A load balancer must learn that the app cannot serve, and also that it can again, though it sends no traffic meanwhile. Add GET /health/.",
		"Ask as a user does: run the app's own query through its own policies, in the background, at most twice a second, and answer at once with what is known. " +
			"When the breaker waits for a probe, that check is the probe.",
	},
}

// Hint is hint 1 or 2 for an exercise, 1 to 5; the third hint is the solution itself, as the diff from the exercise before.
func Hint(number, hint int) string { return hints[number-1][hint-1] }
