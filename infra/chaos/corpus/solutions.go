package corpus

// The names of the checks that catch wrong solutions.
const (
	changed      = "a change in the database"
	noLater      = "no answer later than the bound"
	outOfTime    = "a request that runs out of time gets a 504"
	inTime       = "users who can be served in time are served"
	nothing      = "nothing is left running"
	honest       = "no answer is wrong"
	hungUp       = "nothing is tried again for users"
	stays        = "a permanent error"
	healing      = "most requests succeed"
	dials        = "the database gets no more connections"
	waits        = "a retry waits"
	opens        = "the breaker opens"
	immediate    = "rejections are immediate"
	retryAfter   = "Retry-After is accurate"
	impatient    = "users who give up"
	failedCheck  = "a failed health check is no alarm"
	agrees       = "health agrees with what users get under a flaky network"
	answers      = "health always answers"
	hanging      = "queries that hang are detected"
	spares       = "the health endpoint spares the database"
	spaced       = "retries are spaced"
	invalid      = "invalid requests do not open"
	leftAlone    = "the database is left alone"
	detected     = "an outage is detected"
	staysDown    = "an outage stays detected"
	notRejected  = "no request is rejected"
	backAgain    = "requests succeed again"
	healthyAgain = "healthy again without any users"
)

// Solutions are all of the corpus.
func Solutions() []Solution {
	const (
		policies, breaker, health = "resilience.go", "breaker.go", "health.go"
		composed                  = "failsafe.With(breaker, retry, timeout)"
		delay                     = "WithRandomDelay(p.BreakerDelay, p.BreakerDelay*11/10)"
		leaks                     = `found := make(chan []flight, 1)
			go func() {
				if flights, err := find(context.WithoutCancel(ctx), from, to); err == nil {
					found <- flights
				}
			}()
			select {
			case flights := <-found:
				return flights, nil
			case <-exec.Context().Done():
				return nil, exec.Context().Err()
			}`
	)
	return []Solution{
		// Right, in another way than the exercises.
		{Name: "net/http and database/sql with policies by hand", Stage: 5, Dir: "plain", Core: true},
		{Name: "Python", Stage: 3, Dir: "python", Script: "python3 server.py", Core: true},
		{Name: "sony/gobreaker", Stage: 4, Dir: "gobreaker"},
		{Name: "hedging", Stage: 3, Dir: "plain", Habits: "hedging"},
		{Name: "few attempts with short pauses", Stage: 3, Dir: "plain", Habits: "few attempts,no jitter"},
		{Name: "a breaker of a failure rate", Stage: 4, Dir: "plain", Habits: "failure rate"},
		{Name: "a breaker that opens after five failures", Stage: 5, Dir: "plain", Habits: "five failures"},
		{Name: "a breaker that opens after thirty failures", Stage: 4, Dir: "plain", Habits: "thirty failures"},
		{Name: "Retry-After as a date", Stage: 4, Dir: "plain", Habits: "retry-after date"},
		{Name: "one query for all who ask for the same", Stage: 4, Dir: "plain", Habits: "one for all"},
		{Name: "JSON in another layout", Stage: 2, Dir: "plain", Habits: "indented"},
		{Name: "no jitter", Stage: 3, Dir: "plain", Habits: "no jitter"},
		{Name: "a health check on demand", Stage: 5, Dir: "plain", Habits: "health on demand"},
		{Name: "a bulkhead before the breaker", Stage: 4, Dir: "plain", Habits: "bulkhead,full jitter"},
		{Name: "a breaker that closes after two successes", Stage: 4, Dir: "plain", Habits: "two successes"},
		{Name: "a breaker that probes by itself", Stage: 4, Dir: "plain", Habits: "own probe"},
		{Name: "a health check that nobody has to ask for", Stage: 5, Dir: "plain", Habits: "health by itself"},
		{Name: "answers in chunks, no keep-alive", Stage: 1, Dir: "plain", Habits: "chunked,no keep-alive"},
		{Name: "answers in gzip, five seconds to start", Stage: 2, Dir: "plain", Habits: "gzip,slow start"},
		{Name: "a hedge for a late attempt", Stage: 3, Dir: "plain", Habits: "delayed hedge"},
		{Name: "a deadline of four seconds", Stage: 4, Dir: "plain", Habits: "four seconds"},
		{Name: "a timeout of half a second", Stage: 3, Dir: "plain", Habits: "gives up early"},
		{Name: "health that hears its users", Stage: 5, Dir: "plain", Habits: "health hears users"},
		{Name: "health that says more", Stage: 5, Dir: "plain", Habits: "health says more"},
		{Name: "retries without jitter", Stage: 3, File: policies, Old: "		WithJitterFactor(0.5).\n"},

		// Wrong: the baseline.
		{Name: "the query fails", Stage: 1, Red: 1, Check: "steady state", File: "store.go", Old: "JOIN airlines", New: "JOIN nowhere"},
		{Name: "the answer is always empty", Stage: 1, Red: 1, Check: "steady state", File: "store.go", Old: "return flights, err", New: "return flights[:0], err"},
		{Name: "a copy of the rows from the start", Stage: 1, Red: 1, Check: changed, Dir: "plain", Habits: "a copy", Core: true},
		{Name: "connections are never closed", Stage: 1, Red: 1, Check: "connections are closed", Dir: "plain", Habits: "keeps connections"},
		{Name: "no flights is a 404", Stage: 1, Red: 1, Check: "steady state", Dir: "plain", Habits: "none is 404"},
		{Name: "no pattern, but a health endpoint", Stage: 5, Red: 2, Check: noLater, Dir: "plain", Habits: "health asks nobody,no bound"},

		// Wrong: the timeout.
		{Name: "no timeout", Stage: 2, Red: 2, Check: noLater, File: policies, Old: "timeoutpolicy.New[[]flight](p.Timeout)", New: "timeoutpolicy.New[[]flight](time.Hour)"},
		{Name: "a timeout that serves nobody", Stage: 2, Red: 2, Check: inTime, File: policies, Old: "timeoutpolicy.New[[]flight](p.Timeout)", New: "timeoutpolicy.New[[]flight](p.Timeout / 12)"},
		{Name: "a timeout is a 500", Stage: 2, Red: 2, Check: outOfTime, File: policies, Old: "errors.Is(err, timeoutpolicy.ErrExceeded)", New: "errors.Is(err, timeoutpolicy.ErrExceeded) && false"},
		{Name: "a timeout that leaves its query running", Stage: 2, Red: 2, Check: nothing, File: policies, Old: "return find(exec.Context(), from, to)", New: leaks},
		{Name: "a short timeout that leaks its query", Stage: 2, Red: 2, Check: inTime, Dir: "plain", Habits: "short timeout,leak"},
		{Name: "a query that outlives its request by 0.4 s", Stage: 2, Red: 2, Check: nothing, Dir: "plain", Habits: "lingers"},
		{Name: "200 with an error", Stage: 2, Red: 2, Check: outOfTime, Dir: "plain", Habits: "error body"},
		{Name: "a queue before four connections", Stage: 2, Red: 2, Check: inTime, Dir: "plain", Habits: "four at a time"},
		{Name: "a timeout of the connection, not of the query", Stage: 4, Red: 2, Check: "no answer later than the bound while a table is locked", Dir: "plain", Habits: "bounds connecting"},
		{Name: "a leaked query", Stage: 2, Red: 2, Check: nothing, Dir: "plain", Habits: "leak", Core: true},
		{Name: "a query that goes on when its user hangs up", Stage: 2, Red: 2, Check: nothing, Dir: "plain", Habits: "nobody cancels"},

		// Wrong: the retries.
		{Name: "no retry", Stage: 3, Red: 3, Check: healing, Dir: "plain", Habits: "no retry"},
		{Name: "one retry", Stage: 3, Red: 3, Check: healing, File: policies, Old: "WithMaxAttempts(p.RetryAttempts)", New: "WithMaxAttempts(2)"},
		{Name: "no deadline", Stage: 3, Red: 2, Check: noLater, File: policies, Old: "context.WithTimeout(ctx, p.Deadline)", New: "context.WithTimeout(ctx, time.Hour)"},
		{Name: "200 [] on every error", Stage: 3, Red: 3, Check: healing, Dir: "plain", Habits: "empty on error,no retry", Core: true},
		{Name: "200 [] when all attempts failed", Stage: 3, Red: 2, Check: outOfTime, Dir: "plain", Habits: "empty on error"},
		{Name: "a deadline for attempts that hang only", Stage: 3, Red: 3, Check: "no answer later than the deadline", Dir: "plain", Habits: "bound by timeouts"},
		{Name: "200 [] when all attempts failed in time", Stage: 3, Red: 3, Check: honest, Dir: "plain", Habits: "empty unless late", Core: true},
		{Name: "retries whatever the error is", Stage: 3, Red: 3, Check: stays, Dir: "plain", Habits: "retries everything"},
		{Name: "retries for users who have hung up", Stage: 3, Red: 3, Check: hungUp, Dir: "plain", Habits: "for nobody"},
		{Name: "retries without end for users who have hung up", Stage: 4, Red: 3, Check: dials, Dir: "plain", Habits: "for nobody without end"},
		{Name: "retries without a pause", Stage: 3, Red: 3, Check: waits, Dir: "plain", Habits: "no pause", Core: true},
		{Name: "retries past the deadline", Stage: 3, Red: 2, Check: noLater, Dir: "plain", Habits: "past the deadline", Core: true},
		{Name: "a ping before each query", Stage: 3, Red: 3, Check: dials, Dir: "plain", Habits: "ping"},
		{Name: "five attempts at once, always", Stage: 3, Red: 3, Check: "a request without a fault", Dir: "plain", Habits: "five at once,no jitter"},
		{Name: "ten attempts at once", Stage: 3, Red: 3, Check: dials, Dir: "plain", Habits: "ten at once", Core: true},
		{Name: "200 with an error when all attempts failed", Stage: 3, Red: 3, Check: honest, Dir: "plain", Habits: "error body unless late"},
		{Name: "the rows before the connection broke", Stage: 3, Red: 3, Check: honest, Dir: "plain", Habits: "half of the rows"},
		{Name: "yesterday's rows when the database fails", Stage: 3, Red: 3, Check: honest, Dir: "plain", Habits: "stale rows,no retry"},
		{Name: "a pause of 5 ms", Stage: 3, Red: 3, Check: waits, Dir: "plain", Habits: "short pause"},
		{Name: "retries in two layers", Stage: 3, Red: 3, Check: dials, Dir: "plain", Habits: "two layers"},
		{Name: "one long pause, then all at once", Stage: 3, Red: 3, Check: spaced, Dir: "plain", Habits: "one long pause", Core: true},

		{Name: "only connecting is retried", Stage: 3, Red: 3, Check: "a query that breaks", Dir: "plain", Habits: "retries connecting"},
		{Name: "rows that a failed attempt left", Stage: 3, Red: 3, Check: honest, Dir: "plain", Habits: "keeps rows"},
		{Name: "attempts that leave their queries behind", Stage: 3, Red: 2, Check: "an attempt that is over", Dir: "plain", Habits: "abandons attempts"},

		// Wrong: the breaker.
		{Name: "no breaker", Stage: 4, Red: 4, Check: opens, File: policies, Old: composed, New: "failsafe.With(retry, timeout)"},
		{Name: "the breaker inside the retries", Stage: 4, Red: 3, Check: healing, File: policies, Old: composed, New: "failsafe.With(retry, breaker, timeout)"},
		{Name: "the timeout around the retries", Stage: 4, Red: 3, Check: healing, File: policies, Old: composed, New: "failsafe.With(breaker, timeout, retry)"},
		{Name: "the breaker opens at the first failure", Stage: 4, Red: 3, Check: healing, File: breaker, Old: "WithFailureThreshold(p.BreakerFailures)", New: "WithFailureThreshold(1)"},
		{Name: "the breaker hardly opens", Stage: 4, Red: 4, Check: opens, File: breaker, Old: "WithFailureThreshold(p.BreakerFailures)", New: "WithFailureThreshold(10000)"},
		{Name: "a rejection is a 500", Stage: 4, Red: 4, Check: opens, File: policies, Old: "errors.Is(err, circuitbreaker.ErrOpen)", New: "false"},
		{Name: "attempts counted instead of requests", Stage: 4, Red: 3, Check: notRejected, Dir: "plain", Habits: "attempts counted", Core: true},
		{Name: "no probe, ever", Stage: 4, Red: 4, Check: backAgain, Dir: "plain", Habits: "no probe"},
		{Name: "everybody is a probe", Stage: 4, Red: 4, Check: leftAlone, Dir: "plain", Habits: "all probes", Core: true},
		{Name: "no Retry-After", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "no retry-after"},
		{Name: "a Retry-After of an hour", Stage: 4, Red: 4, Check: retryAfter, Dir: "plain", Habits: "retry-after an hour"},
		{Name: "a timer for a breaker", Stage: 4, Red: 4, Check: retryAfter, Dir: "plain", Habits: "timer", Core: true},
		{Name: "rejections take 50 ms", Stage: 4, Red: 4, Check: immediate, Dir: "plain", Habits: "slow rejection"},
		{Name: "users who hang up close the breaker", Stage: 4, Red: 4, Check: impatient, Dir: "plain", Habits: "users decide", Core: true},

		{Name: "a breaker for each client, by its address", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "breaker per address"},
		{Name: "a breaker for each client, by X-Forwarded-For", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "breaker per client"},
		{Name: "a breaker for each pair of airports", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "breaker per pair"},
		{Name: "a breaker that counts timeouts only", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "counts timeouts"},
		{Name: "users who hang up open the breaker", Stage: 4, Red: 4, Check: "users who hang up do not", Dir: "plain", Habits: "users fail"},
		{Name: "a probe that never ends when its user hangs up", Stage: 4, Red: 4, Check: "a probe whose user hangs up", Dir: "plain", Habits: "probe for ever"},
		{Name: "no deadline for users who have hung up", Stage: 4, Red: 4, Check: "work ends for users who have hung up", Dir: "plain", Habits: "for ever without a user"},
		{Name: "a breaker that does not count refused connections", Stage: 4, Red: 4, Check: "a server that is stopped", Dir: "plain", Habits: "counts no refusals"},
		{Name: "a breaker that does not count failed queries", Stage: 4, Red: 4, Check: "queries that break open", Dir: "plain", Habits: "counts connecting"},
		{Name: "a breaker that counts errors only", Stage: 4, Red: 4, Check: impatient, Dir: "plain", Habits: "counts errors"},
		{Name: "200 [] while the breaker is open", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "empty while open"},
		{Name: "a rejection is a 429", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "too many requests"},
		{Name: "each rejection pings the database", Stage: 4, Red: 4, Check: leftAlone, Dir: "plain", Habits: "pings while open"},
		{Name: "a Retry-After that is always the whole wait", Stage: 4, Red: 4, Check: retryAfter, Dir: "plain", Habits: "retry-after constant"},
		{Name: "two probes at once, of few attempts", Stage: 4, Red: 4, Check: leftAlone, Dir: "plain", Habits: "two probes,three attempts"},
		{Name: "requests with invalid codes open the breaker", Stage: 4, Red: 4, Check: invalid, Dir: "plain", Habits: "invalid codes fail", Core: true},
		{Name: "requests with invalid codes keep the breaker closed", Stage: 4, Red: 4, Check: opens, Dir: "plain", Habits: "invalid codes succeed"},
		{Name: "answers without flights open the breaker", Stage: 4, Red: 4, Check: "answers without flights do not", Dir: "plain", Habits: "no flights fail"},
		{Name: "a breaker that never forgets its failures", Stage: 4, Red: 4, Check: "one failure does not open", Dir: "plain", Habits: "never forgets"},
		{Name: "two probes at once", Stage: 4, Red: 4, Check: leftAlone, Dir: "plain", Habits: "two probes"},

		// Wrong: the health endpoint.
		{Name: "health does not ask the database", Stage: 5, Red: 5, Check: staysDown, File: health, Old: "_, err := h.find(ctx, \"LHR\", \"JFK\")\n		return err", New: "return nil"},
		{Name: "one failed check is unhealthy, even while users are served", Stage: 5, Red: 5, Check: failedCheck, File: health, Old: "h.served.Load() < last.Began.UnixNano()", New: "true"},
		{Name: "a failed check is never unhealthy", Stage: 5, Red: 5, Check: staysDown, File: health, Old: "h.served.Load() < last.Began.UnixNano()", New: "false"},
		{Name: "unhealthy for 3 s after a user's failure", Stage: 5, Red: 5, Check: staysDown, Dir: "plain", Habits: "health asks nobody", Core: true},
		{Name: "unhealthy for 3 s after a user's failure, or a check's", Stage: 5, Red: 5, Check: agrees, Dir: "plain", Habits: "health hears failures"},
		{Name: "no alarm before three failed checks in a row", Stage: 5, Red: 5, Check: "a black hole is detected without users", Dir: "plain", Habits: "health counts to three"},
		{Name: "one failed check of the database alarms at once", Stage: 5, Red: 5, Check: failedCheck, Dir: "plain", Habits: "health alarms at once"},
		{Name: "health asks once", Stage: 5, Red: 5, Check: detected, Dir: "plain", Habits: "health asks once"},
		{Name: "health stops asking after a failure", Stage: 5, Red: 5, Check: healthyAgain, Dir: "plain", Habits: "health stops"},
		{Name: "healthy for 20 s after a success", Stage: 5, Red: 5, Check: detected, Dir: "plain", Habits: "health hears users too long"},
		{Name: "unhealthy for 15 s after a failure", Stage: 5, Red: 5, Check: healthyAgain, Dir: "plain", Habits: "health stays down"},
		{Name: "health is the state of the breaker", Stage: 5, Red: 5, Check: staysDown, Dir: "plain", Habits: "health trusts the breaker"},
		{Name: "unhealthy with 200", Stage: 5, Red: 5, Check: detected, Dir: "plain", Habits: "health is 200"},
		{Name: "health is one ping", Stage: 5, Red: 5, Check: agrees, Dir: "plain", Habits: "health is one ping"},
		{Name: "health asks the database in the background, once per question", Stage: 5, Red: 5, Check: spares, Dir: "plain", Habits: "health per question"},
		{Name: "health is content with a ping", Stage: 5, Red: 5, Check: hanging, Dir: "plain", Habits: "health pings"},
		{Name: "health is content with another table", Stage: 5, Red: 5, Check: hanging, Dir: "plain", Habits: "health asks airlines"},
		{Name: "a health check without a bound on its query", Stage: 5, Red: 5, Check: hanging, Dir: "plain", Habits: "health bounds connecting"},
		{Name: "health hears no refused connection", Stage: 5, Red: 5, Check: "health stays Unhealthy", Dir: "plain", Habits: "health ignores refusals"},
		{Name: "health flaps", Stage: 5, Red: 5, Check: staysDown, Dir: "plain", Habits: "health flaps"},
		{Name: "healthy when the wait of the breaker is over", Stage: 5, Red: 5, Check: staysDown, Dir: "plain", Habits: "health trusts the wait"},
		{Name: "health hammers the database past the breaker", Stage: 5, Red: 5, Check: "the health endpoint spares a database that is down", Dir: "plain", Habits: "health hammers"},
		{Name: "each health check keeps its connection", Stage: 5, Red: 5, Check: "health checks leave nothing", Dir: "plain", Habits: "health keeps connections"},
		{Name: "health takes 1.5 s", Stage: 5, Red: 5, Check: answers, Dir: "plain", Habits: "health is slow"},
		{Name: "healthy when a user closes the breaker", Stage: 5, Red: 5, Check: healthyAgain, Dir: "plain", Habits: "health waits for users"},
		{Name: "health asks the database, once per question", Stage: 5, Red: 5, Check: spares, Dir: "plain", Habits: "health waits for the database", Core: true},
	}
}
