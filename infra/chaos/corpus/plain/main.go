// Command plain is the flights app without any of the workshop's libraries: net/http, database/sql, and policies written by
// hand. STAGE is how many of the exercises' patterns it has, and HABITS, separated by commas, make it differ, for better
// or worse. It has no metrics and no log.
package main

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/singleflight"
)

// habits are the names that HABITS may hold.
var habits = []string{
	// As good as the exercises, in another way.
	"bulkhead", "chunked", "delayed hedge", "failure rate", "few attempts", "five failures", "four seconds", "full jitter", "gzip", "three attempts", "health by itself", "health hears users",
	"health on demand", "health says more", "hedging", "indented", "no jitter", "no keep-alive", "one for all", "own probe", "retry-after date", "slow start", "thirty failures", "two successes",
	// Mistakes, by the experiment that is to catch them.
	"empty on error", "empty unless late",
	"leak", "no bound", "bounds connecting", "short timeout", "error body", "error body unless late", "four at a time", "gives up early",
	"no pause", "no retry", "past the deadline", "attempts counted", "ping", "five at once", "ten at once", "bound by timeouts", "for nobody", "for nobody without end", "retries everything", "retries connecting",
	"half of the rows", "keeps rows", "one long pause", "short pause", "two layers", "stale rows", "a copy", "keeps connections", "lingers", "abandons attempts", "nobody cancels", "none is 404",
	"all probes", "invalid codes fail", "invalid codes succeed", "no probe", "no retry-after", "retry-after an hour", "slow rejection", "timer", "two probes", "users decide", "users fail", "probe for ever", "for ever without a user", "counts no refusals", "counts connecting", "never forgets", "no flights fail",
	"breaker per address", "breaker per client", "breaker per pair", "counts errors", "counts timeouts", "empty while open", "pings while open", "retry-after constant", "too many requests",
	"health asks nobody", "health bounds connecting", "health flaps", "health hammers", "health hears failures", "health ignores refusals", "health keeps connections", "health is one ping", "health is slow", "health trusts the wait", "health waits for users",
	"health waits for the database", "health per question", "health pings", "health asks airlines", "health alarms at once", "health counts to three", "health asks once", "health hears users too long", "health is 200", "health stays down", "health stops", "health trusts the breaker",
}

// app is the app and its settings.
type app struct {
	stage              int
	habits             []string
	db                 *sql.DB
	timeout, deadline  time.Duration
	attempts           int
	pause, longest     time.Duration
	breaker            *breaker
	breakers           sync.Map // For the habits that have one for each client, address or pair.
	served, userFailed moment
	check              check
	slots, turns       chan struct{}       // For the habits "bulkhead" and "four at a time".
	rows               map[string][]flight // For the habit "a copy".
	group              singleflight.Group  // For the habit "one for all".
	last               sync.Map            // For the habit "stale rows".
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	a := &app{
		stage: number("STAGE"), timeout: duration("TIMEOUT"), deadline: duration("DEADLINE"), attempts: number("RETRY_ATTEMPTS"),
		pause: duration("RETRY_BASE_DELAY"), longest: duration("RETRY_MAX_DELAY"), slots: make(chan struct{}, 64), turns: make(chan struct{}, 4),
	}
	for name := range strings.SplitSeq(os.Getenv("HABITS"), ",") {
		if name != "" && !slices.Contains(habits, name) {
			return fmt.Errorf("there is no habit %q", name)
		}
		a.habits = append(a.habits, name)
	}
	a.breaker = a.newBreaker()
	if a.is("four seconds") {
		a.deadline -= time.Second
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.DBName = "tcp", net.JoinHostPort(os.Getenv("DB_HOST"), os.Getenv("DB_PORT")), os.Getenv("DB_NAME")
	cfg.User, cfg.Passwd, cfg.InterpolateParams, cfg.Logger = os.Getenv("DB_USER"), os.Getenv("DB_PASSWORD"), true, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	a.db = sql.OpenDB(connector)
	a.db.SetMaxIdleConns(number("DB_MAX_IDLE_CONNS"))
	if a.is("slow start") {
		time.Sleep(5 * time.Second)
	}
	if a.is("a copy") {
		if err := a.copy(); err != nil {
			return err
		}
	}
	http.HandleFunc("GET /api/flights/routes", a.flights)
	if a.stage >= 5 || a.is("health asks nobody") {
		http.HandleFunc("GET /health/", a.health)
	}
	if a.is("health by itself") {
		go func() {
			for {
				a.ask(a.deadline)
				time.Sleep(200 * time.Millisecond)
			}
		}()
	}
	if a.is("health asks once") || a.is("health stops") {
		go func() {
			for a.ask(a.deadline); !a.is("health asks once") && !a.check.isFailed(); a.ask(a.deadline) {
				time.Sleep(500 * time.Millisecond)
			}
		}()
	}
	server := &http.Server{Addr: net.JoinHostPort(os.Getenv("BIND"), os.Getenv("PORT"))}
	server.SetKeepAlivesEnabled(!a.is("no keep-alive"))
	return server.ListenAndServe()
}

// is tells whether the app has the habit.
func (a *app) is(habit string) bool { return slices.Contains(a.habits, habit) }

func number(name string) int {
	value, _ := strconv.Atoi(os.Getenv(name)) // The judge sets it.
	return value
}

func duration(name string) time.Duration {
	value, _ := time.ParseDuration(os.Getenv(name)) // The judge sets it.
	return value
}

type flight struct {
	Airline string `json:"airline"`
	To      string `json:"to"`
	From    string `json:"from"`
}

var errCode = errors.New("from and to are codes of three letters")

// flights answers a user.
func (a *app) flights(w http.ResponseWriter, r *http.Request) {
	from, to := r.URL.Query().Get("from"), r.URL.Query().Get("to")
	if len(from) != 3 || len(to) != 3 {
		switch {
		case a.is("invalid codes fail"):
			a.breaker.report(time.Now(), errCode)
		case a.is("invalid codes succeed"):
			a.breaker.report(time.Now(), nil)
		}
		http.Error(w, errCode.Error(), http.StatusBadRequest)
		return
	}
	ctx := r.Context()
	lonely := a.is("users decide") || a.is("users fail") || a.is("probe for ever")
	if a.stage > 3 && !lonely || a.is("for nobody") {
		ctx = context.WithoutCancel(ctx)
	}
	if a.is("for ever without a user") {
		defer context.AfterFunc(r.Context(), func() { _, _ = a.query(context.WithoutCancel(ctx), from, to) })()
	}
	if a.is("for nobody without end") {
		defer context.AfterFunc(r.Context(), func() {
			for found := false; !found; {
				_, err := a.find(context.Background(), a.breaker, from, to)
				found = err == nil
			}
		})()
	}
	if a.is("bulkhead") {
		select {
		case a.slots <- struct{}{}:
			defer func() { <-a.slots }()
		default:
			a.reject(w, time.Second)
			return
		}
	}
	found, err := a.shared(ctx, a.breakerOf(r), from, to)
	var open rejection
	switch rows, kept := a.last.Load(from + to); {
	case err == nil:
		a.served.now()
		a.last.Store(from+to, found)
	case a.is("stale rows") && kept && !errors.Is(err, context.DeadlineExceeded):
		found = rows.([]flight)
	case a.is("error body"), a.is("error body unless late") && !errors.Is(err, context.DeadlineExceeded):
		_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()}) // The user may have hung up.
		return
	case a.is("empty while open") && errors.As(err, &open):
		found = []flight{}
	case errors.As(err, &open):
		a.reject(w, open.wait)
		return
	case a.is("empty on error"), a.is("empty unless late") && !errors.Is(err, context.DeadlineExceeded):
		found = []flight{}
	case errors.Is(err, context.DeadlineExceeded):
		a.userFailed.now()
		http.Error(w, "too late", http.StatusGatewayTimeout)
		return
	default:
		a.userFailed.now()
		http.Error(w, "the database failed", http.StatusInternalServerError)
		return
	}
	if len(found) == 0 && a.is("none is 404") {
		http.NotFound(w, r)
		return
	}
	out := io.Writer(w)
	switch {
	case a.is("chunked"):
		w.(http.Flusher).Flush()
	case a.is("gzip") && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip"):
		w.Header().Set("Content-Encoding", "gzip")
		packed := gzip.NewWriter(w)
		defer packed.Close()
		out = packed
	}
	encoder := json.NewEncoder(out)
	if a.is("indented") {
		encoder.SetIndent("", "\t")
	}
	_ = encoder.Encode(found) // The user may have hung up.
}

// shared is find, perhaps once for all users who ask for the same.
func (a *app) shared(ctx context.Context, breaker *breaker, from, to string) ([]flight, error) {
	if !a.is("one for all") {
		return a.find(ctx, breaker, from, to)
	}
	found, err, _ := a.group.Do(from+to, func() (any, error) { return a.find(ctx, breaker, from, to) })
	flights, _ := found.([]flight)
	return flights, err
}

// reject tells a user to come back after the wait.
func (a *app) reject(w http.ResponseWriter, wait time.Duration) {
	seconds := int((max(wait, time.Millisecond) + time.Second - 1) / time.Second)
	switch {
	case a.is("no retry-after"):
	case a.is("retry-after constant"):
		w.Header().Set("Retry-After", strconv.Itoa(int(a.breaker.delay/time.Second)))
	case a.is("retry-after an hour"), a.is("timer"):
		w.Header().Set("Retry-After", "3600")
	case a.is("retry-after date"):
		w.Header().Set("Retry-After", time.Now().Add(wait+time.Second/2).UTC().Format(http.TimeFormat))
	default:
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	if a.is("slow rejection") {
		time.Sleep(50 * time.Millisecond)
	}
	status := http.StatusServiceUnavailable
	if a.is("too many requests") {
		status = http.StatusTooManyRequests
	}
	if a.is("pings while open") {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), a.timeout)
			defer cancel()
			if a.db.PingContext(ctx) == nil {
				a.breaker.report(time.Now(), nil)
			}
		}()
	}
	http.Error(w, "the database is down", status)
}

// find finds flights with all policies: the deadline, the breaker, the retries.
func (a *app) find(ctx context.Context, breaker *breaker, from, to string) ([]flight, error) {
	if a.stage < 2 {
		return a.query(ctx, from, to)
	}
	began := time.Now()
	if a.stage > 3 {
		if wait, ok := breaker.admit(); !ok {
			return nil, rejection{wait}
		}
		if a.is("probe for ever") && !breaker.waited() { // Only its probes end with their users.
			ctx = context.WithoutCancel(ctx)
		}
	}
	bound := a.deadline
	if a.is("past the deadline") || a.is("bound by timeouts") {
		bound *= 2
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	found, err := a.retry(ctx, from, to)
	if a.stage > 3 && !a.is("attempts counted") {
		verdict := err
		if a.is("no flights fail") && err == nil && len(found) == 0 {
			verdict = errors.New("no flights")
		}
		if a.is("counts connecting") && verdict != nil && a.db.PingContext(context.Background()) == nil {
			verdict = nil
		}
		breaker.report(began, verdict)
	}
	return found, err
}

// retry tries until an attempt succeeds, the attempts are used up or ctx ends.
func (a *app) retry(ctx context.Context, from, to string) (found []flight, err error) {
	attempts, atOnce := a.attempts, 1
	switch {
	case a.stage < 3, a.is("no retry"):
		attempts = 1
	case a.is("hedging"), a.is("delayed hedge"):
		atOnce = 2
		attempts /= atOnce
	case a.is("ten at once"):
		atOnce = 10
	}
	pause, late := a.pause, 0
	kept := []flight{} // For the habit "keeps rows".
	if a.is("five at once") {
		atOnce, attempts, pause = 5, 2, a.longest
	}
	switch {
	case a.is("few attempts"):
		attempts, pause = 8, 20*time.Millisecond
	case a.is("three attempts"):
		attempts = 3
	case a.is("short pause"):
		pause, a.longest = 5*time.Millisecond, 5*time.Millisecond
	}
	for n := 1; ; n++ {
		found, err = a.race(ctx, atOnce, from, to)
		if a.is("keeps rows") { // As code does that scans into a slice outside of the attempt.
			found = append(kept, found...)
			kept = found
		}
		if a.is("attempts counted") {
			a.breaker.report(time.Now(), err)
		}
		if errors.Is(err, context.DeadlineExceeded) {
			late++
		}
		var server *mysql.MySQLError
		stays := errors.As(err, &server) && !a.is("retries everything")
		stays = stays || a.is("retries connecting") && errors.Is(err, mysql.ErrInvalidConn) // Which is how a query breaks.
		over := a.is("bound by timeouts") && time.Duration(late+1)*a.timeout >= a.deadline  // No time for more that hang, but for all others.
		if err == nil || stays || over || n >= attempts || ctx.Err() != nil {
			return found, err
		}
		wait := min(pause, a.longest)
		if !a.is("few attempts") {
			pause *= 2
		}
		if !a.is("no jitter") && !a.is("hedging") {
			wait -= time.Duration(time.Now().UnixNano()) % (wait / 2)
		}
		switch {
		case a.is("full jitter"):
			wait = rand.N(min(pause/2, a.longest))
		case a.is("no pause"), a.is("one long pause") && n > 1:
			wait = 0
		case a.is("one long pause"):
			wait = 200 * time.Millisecond
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// race makes attempts side by side and returns the first success, or the last error.
func (a *app) race(ctx context.Context, atOnce int, from, to string) (found []flight, err error) {
	switch {
	case a.is("two layers"): // As a careful programmer might who does not know that somebody else retries already.
		for range 3 {
			if found, err = a.attempt(ctx, from, to); err == nil {
				break
			}
			time.Sleep(a.pause)
		}
		return found, err
	case atOnce == 1:
		return a.attempt(ctx, from, to)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		found []flight
		err   error
	}
	results := make(chan result, atOnce)
	for n := range atOnce {
		go func() {
			if a.is("delayed hedge") {
				select {
				case <-time.After(time.Duration(n) * 200 * time.Millisecond):
				case <-ctx.Done():
				}
			}
			found, err := a.attempt(ctx, from, to)
			results <- result{found, err}
		}()
	}
	for range atOnce {
		one := <-results
		if found, err = one.found, one.err; err == nil {
			return found, nil
		}
	}
	return found, err
}

// attempt is one query within the timeout.
func (a *app) attempt(ctx context.Context, from, to string) ([]flight, error) {
	timeout := a.timeout
	switch {
	case a.is("no bound"):
		return a.query(context.Background(), from, to)
	case a.is("short timeout"):
		timeout = 80 * time.Millisecond
	case a.is("gives up early"):
		timeout /= 2
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if a.is("ping") {
		_ = a.db.PingContext(bounded) // As a careful programmer might, before each query.
	}
	if a.is("four at a time") {
		select {
		case a.turns <- struct{}{}:
			defer func() { <-a.turns }()
		case <-bounded.Done():
			return nil, bounded.Err()
		}
	}
	asking := context.Background()
	switch {
	case a.is("lingers"): // The query outlives its request, but not for ever.
		longer, end := context.WithTimeout(asking, timeout+400*time.Millisecond)
		context.AfterFunc(longer, end) // It is over by itself.
		asking = longer
	case a.is("nobody cancels"): // A time limit ends the query; a user who hangs up does not.
		unbounded, end := context.WithCancel(asking)
		context.AfterFunc(bounded, func() {
			if errors.Is(bounded.Err(), context.DeadlineExceeded) {
				end()
			}
		})
		asking = unbounded
	case a.is("abandons attempts"): // Their queries end with the request.
		asking = ctx
	case !a.is("leak"):
		return a.query(bounded, from, to)
	}
	type result struct {
		found []flight
		err   error
	}
	results := make(chan result, 1)
	go func() {
		found, err := a.query(asking, from, to)
		results <- result{found, err}
	}()
	select {
	case one := <-results:
		return one.found, one.err
	case <-bounded.Done():
		return nil, bounded.Err()
	}
}

// copy reads all rows, once.
func (a *app) copy() error {
	found, err := a.read(context.Background(), "SELECT r.src_ap, r.dst_ap, a.name FROM routes r JOIN airlines a ON a.alid = r.alid ORDER BY a.name")
	a.rows = map[string][]flight{}
	for _, one := range found {
		a.rows[one.From+one.To] = append(a.rows[one.From+one.To], one)
	}
	return err
}

// query asks the database.
func (a *app) query(ctx context.Context, from, to string) ([]flight, error) {
	switch {
	case a.is("a copy"): // It only looks as if it asked the database.
		return append([]flight{}, a.rows[from+to]...), a.db.PingContext(ctx)
	case a.is("keeps connections"):
		if _, err := a.db.Conn(ctx); err != nil {
			return nil, err
		}
	}
	return a.read(ctx, "SELECT r.src_ap, r.dst_ap, a.name FROM routes r JOIN airlines a ON a.alid = r.alid "+
		"WHERE r.src_ap = ? AND r.dst_ap = ? ORDER BY a.name LIMIT 100", from, to)
}

func (a *app) read(ctx context.Context, query string, args ...any) ([]flight, error) {
	ask := a.db.QueryContext
	if a.is("bounds connecting") {
		conn, err := a.db.Conn(ctx)
		if err != nil {
			return nil, err
		}
		defer conn.Close()
		ctx, ask = context.Background(), conn.QueryContext
	}
	rows, err := ask(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []flight{}
	for rows.Next() {
		var one flight
		if err := rows.Scan(&one.From, &one.To, &one.Airline); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	if a.is("half of the rows") {
		return found, nil
	}
	return found, rows.Err()
}
