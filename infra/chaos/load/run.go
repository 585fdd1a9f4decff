// Package load sends requests to an exercise at a constant rate, however slowly it answers: an open loop, like real users.
package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"time"
)

// The bounds of a load: what a laptop and its exercise can take, and no more than anybody would start on purpose.
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
	// Throttle changes the rate while the load runs; it replaces Rate.
	Throttle *Throttle
	// Duration is how long requests are sent, at most MaxDuration. 0 sends until the context ends.
	Duration time.Duration
	// Pairs are the connections asked for, at least one.
	Pairs []Pair
	// Requests are what a service that is not an exercise is asked for, instead of pairs.
	Requests []Request
	// Seed decides which pair or request is asked for: the n-th request of one seed is always the same.
	Seed uint64
	// Timeout bounds one request; 0 is DefaultTimeout.
	Timeout time.Duration
	// Right, unless nil, tells whether an answer of 2xx or 3xx is the right one for the pair or request with that index.
	Right func(index, status int, body []byte) bool
	// Clients is how many clients the requests come from: each has an address of its own in X-Forwarded-For, and on Linux, for
	// an app on loopback, also as the source of its connections. 0 leaves both as they are.
	Clients int
	// Sent, unless nil, is called for every request before it is sent.
	Sent func()
	// OutOfPorts, unless nil, tells whether this computer has no port left. Watch calls it for each second in which requests failed.
	OutOfPorts func() bool
}

// Request is a request to a service.
type Request struct {
	// An empty Method means GET. Path includes the query.
	Method, Path string
	Header       http.Header
	Body         string
}

// Shown is a URL without the password in it, for pages and messages.
func Shown(address string) string {
	if parsed, err := url.Parse(address); err == nil {
		return parsed.Redacted()
	}
	return address
}

// Check says in one line what is wrong with the options.
func (o Options) Check() error {
	base, err := url.Parse(o.URL)
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		return fmt.Errorf("%q is not the URL of an exercise; write one such as http://127.0.0.1:5000", o.URL)
	case o.Throttle == nil && (o.Rate < 1 || o.Rate > MaxRate):
		return fmt.Errorf("a rate of %d requests a second is out of bounds; choose 1 to %d", o.Rate, MaxRate)
	case o.Timeout < 0:
		return fmt.Errorf("a timeout of %s is negative; choose a duration such as 10s", o.Timeout)
	case o.Duration < 0 || o.Duration > MaxDuration:
		return fmt.Errorf("a duration of %s is out of bounds; choose at most %s", o.Duration, MaxDuration)
	case len(o.Pairs) == 0 && len(o.Requests) == 0:
		return errors.New("no pair of airports to ask for; the dataset has no routes")
	}
	return nil
}

// address is that of a client below a network of class A, such as 10.0.0.0.
func address(network byte, client int) net.IP {
	return net.IPv4(network, 1+byte(client>>16), byte(client>>8), byte(client))
}

// Run sends requests until the duration is over or ctx ends, and calls each, one call at a time, for every result as it
// comes in. After the duration it waits for the answers still due; when ctx ends it cancels them, drops their results
// and returns nil at once. The error says what is wrong with the options; what the app does is in the results.
func Run(ctx context.Context, options Options, each func(Result)) error {
	if err := options.Check(); err != nil {
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
	if options.Clients > 0 && runtime.GOOS == "linux" {
		transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dialer := net.Dialer{}
			if host, _, _ := net.SplitHostPort(addr); host == "127.0.0.1" {
				dialer.LocalAddr = &net.TCPAddr{IP: address(127, rand.IntN(options.Clients))}
			}
			return dialer.DialContext(ctx, network, addr)
		}
	}
	client := &http.Client{
		Transport: transport, Timeout: options.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	var due sync.WaitGroup
	var reporting sync.Mutex
	throttle.pace(ctx, options.Duration, func(number int) {
		if options.Sent != nil {
			options.Sent()
		}
		due.Go(func() {
			result := ask(ctx, client, options, number)
			if result.Status == 0 && ctx.Err() != nil {
				return
			}
			reporting.Lock()
			defer reporting.Unlock()
			each(result)
		})
	})
	due.Wait()
	return nil
}

// ask sends one request and waits for the end of its answer.
func ask(ctx context.Context, client *http.Client, options Options, number int) (result Result) {
	index := pick(max(len(options.Pairs), len(options.Requests)), options.Seed, uint64(number+1))
	var what Request
	if len(options.Requests) > 0 {
		what = options.Requests[index]
	} else {
		pair := options.Pairs[index]
		what.Path = "/api/flights/routes?" + url.Values{"from": {pair.From}, "to": {pair.To}}.Encode()
	}
	result = Result{Seq: number, Index: index, At: time.Now()}
	defer func() { result.Latency = time.Since(result.At) }()
	request, err := http.NewRequestWithContext(ctx, what.Method, options.URL+what.Path, strings.NewReader(what.Body))
	if err != nil {
		result.Err = reason(err)
		return result
	}
	maps.Copy(request.Header, what.Header)
	if options.Clients > 0 {
		request.Header.Set("X-Forwarded-For", address(10, number%options.Clients).String())
	}
	if host := what.Header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := client.Do(request)
	if err != nil {
		result.Err = reason(err)
		return result
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
	}
	if err != nil {
		result.Err = reason(err)
		return result
	}
	result.Status = response.StatusCode
	result.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	result.Wrong = options.Right != nil && result.Status >= 200 && result.Status < 400 && !options.Right(index, result.Status, body)
	return result
}

// Throttle is a rate that can be changed while a load runs. One throttle may pace several loads.
type Throttle struct {
	mutex   sync.Mutex
	rate    int
	changed chan struct{} // Closed at each change.
}

// NewThrottle returns a throttle at rate requests a second.
func NewThrottle(rate int) *Throttle {
	throttle := &Throttle{changed: make(chan struct{})}
	throttle.Set(rate)
	return throttle
}

// Set changes the rate, in requests a second: 0 pauses; more than MaxRate is MaxRate.
func (t *Throttle) Set(rate int) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.rate = min(max(rate, 0), MaxRate)
	close(t.changed)
	t.changed = make(chan struct{})
}

// now is the rate, and a channel that is closed when it changes.
func (t *Throttle) now() (int, <-chan struct{}) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.rate, t.changed
}

// behind is how far a load may lag and still catch up; after a suspend, a laptop does not send the missed requests in one burst.
const behind = time.Second

// pace calls send for each request when it is due, until the duration is over or ctx ends. A change of the rate and the
// end of ctx are seen at once. A duration of 0 lasts until ctx ends.
func (t *Throttle) pace(ctx context.Context, duration time.Duration, send func(number int)) {
	began := time.Now()
	due := began
	for number := 0; ctx.Err() == nil; {
		now := time.Now()
		if now.Sub(due) > behind {
			due = now
		}
		if duration > 0 && (due.Sub(began) >= duration || now.Sub(began) >= duration+behind) {
			return
		}
		rate, changed := t.now()
		wait := due.Sub(now)
		if rate == 0 {
			wait = behind // Paused: check now and then whether the duration is over.
		} else if wait <= 0 {
			send(number)
			number++
			due = due.Add(time.Second / time.Duration(rate))
			continue
		}
		select {
		case <-time.After(wait):
		case <-changed:
			due = time.Now()
		case <-ctx.Done():
		}
	}
}
