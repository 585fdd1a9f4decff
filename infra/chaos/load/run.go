// Package load sends requests to an exercise at a constant rate, however slowly it answers: an open loop, as real users are.
package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// The bounds of a load: what a laptop and its exercise stand, and no more than anybody means to start.
const (
	MaxRate     = 1000
	MaxDuration = 30 * time.Minute
)

// maxBody is how much of a body is compared, in bytes: far more than any answer has.
const maxBody = 1 << 20

// DefaultTimeout is how long a request waits for its answer when the options do not say.
const DefaultTimeout = 10 * time.Second

// Options say what to ask, how often and for how long.
type Options struct {
	// URL is the exercise, such as http://127.0.0.1:5000.
	URL string
	// Rate is the number of requests a second, from 1 to MaxRate.
	Rate int
	// Throttle changes the rate while the load runs; Rate is then not read.
	Throttle *Throttle
	// Duration is how long requests are sent, at most MaxDuration. 0 sends until the context ends.
	Duration time.Duration
	// Pairs are the connections asked for, at least one.
	Pairs []Pair
	// Seed decides which pair each request asks for: the n-th request of one seed is always the same.
	Seed uint64
	// Timeout bounds one request; 0 is DefaultTimeout.
	Timeout time.Duration
	// Right, unless nil, tells whether the body of a 200 is the right answer for the pair.
	Right func(pair Pair, body []byte) bool
	// Sent, unless nil, is called for every request before it is sent, from any goroutine.
	Sent func()
}

// check says in one line what is wrong with the options.
func (o Options) check() error {
	base, err := url.Parse(o.URL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return fmt.Errorf("%q is no URL of an exercise; write one such as http://127.0.0.1:5000", o.URL)
	case o.Throttle == nil && (o.Rate < 1 || o.Rate > MaxRate):
		return fmt.Errorf("a rate of %d requests a second is out of bounds; choose 1 to %d", o.Rate, MaxRate)
	case o.Duration < 0 || o.Duration > MaxDuration:
		return fmt.Errorf("a duration of %s is out of bounds; choose at most %s", o.Duration, MaxDuration)
	case len(o.Pairs) == 0:
		return errors.New("no pair of airports to ask for; the dataset has no routes")
	}
	return nil
}

// Run sends requests until the duration is over or ctx ends, and calls each, one call at a time, for every result as it
// comes in. After the duration it waits for the answers still due; when ctx ends it cancels them, drops their results
// and returns nil at once. The error says what is wrong with the options; what the app does is in the results.
func Run(ctx context.Context, options Options, each func(Result)) error {
	if err := options.check(); err != nil {
		return err
	}
	if options.Timeout == 0 {
		options.Timeout = DefaultTimeout
	}
	throttle := options.Throttle
	if throttle == nil {
		throttle = NewThrottle(options.Rate)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: MaxRate}
	defer transport.CloseIdleConnections()
	client := &http.Client{
		Transport:     cancellable{ctx: ctx, timeout: options.Timeout, next: transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	body := int64(0)
	if options.Right != nil {
		body = maxBody
	}
	attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.MaxBody(body))
	// The attack gets no duration: the pacer ends it, because it also sees ctx end.
	pace := &pacer{ctx: ctx, throttle: throttle, duration: options.Duration}
	for hit := range attacker.Attack(targeter(options), pace, 0, "") {
		if ctx.Err() == nil || hit.Code != 0 {
			result := newResult(hit)
			if options.Right != nil && result.Status == http.StatusOK {
				result.Wrong = !options.Right(asked(hit.URL), hit.Body)
			}
			each(result)
		}
	}
	return nil
}

// targeter names the URL of each next request.
func targeter(options Options) vegeta.Targeter {
	var sent atomic.Uint64
	return func(target *vegeta.Target) error {
		if options.Sent != nil {
			options.Sent()
		}
		pair := pick(options.Pairs, options.Seed, sent.Add(1))
		target.Method = http.MethodGet
		target.URL = options.URL + "/api/flights/routes?" + url.Values{"from": {pair.From}, "to": {pair.To}}.Encode()
		return nil
	}
}

// asked is the pair that a request asked for.
func asked(address string) Pair {
	parsed, err := url.Parse(address)
	if err != nil {
		return Pair{}
	}
	return Pair{parsed.Query().Get("from"), parsed.Query().Get("to")}
}
