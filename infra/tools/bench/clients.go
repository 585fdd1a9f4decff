package bench

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/load"
)

// answer is what a client saw of one request; the status is 0 when no answer came.
type answer struct {
	status  int
	latency time.Duration
}

// newClient is an HTTP client that keeps its connections and waits longer than any app may take.
func newClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
}

// ask sends one request and reads the whole answer.
func ask(ctx context.Context, client *http.Client, app string, pair load.Pair) answer {
	address := app + "/api/flights/routes?" + url.Values{"from": {pair.From}, "to": {pair.To}}.Encode()
	start := time.Now()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}
	}
	response, err := client.Do(request)
	if err != nil {
		return answer{latency: time.Since(start)}
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return answer{latency: time.Since(start)}
	}
	return answer{response.StatusCode, time.Since(start)}
}

// closedLoop is n clients, each of which sends its next request when the last is answered, as long as more says so. It
// returns every answer.
func closedLoop(ctx context.Context, n int, app string, pairs []load.Pair, more func() bool) []answer {
	client := newClient()
	defer client.CloseIdleConnections()
	var group sync.WaitGroup
	var mutex sync.Mutex
	var answers []answer
	for number := range n {
		group.Go(func() {
			for next := number; more() && ctx.Err() == nil; next += n {
				answer := ask(ctx, client, app, pairs[next%len(pairs)])
				mutex.Lock()
				answers = append(answers, answer)
				mutex.Unlock()
			}
		})
	}
	group.Wait()
	return answers
}

// during says that there is more until the time is over.
func during(d time.Duration) func() bool {
	end := time.Now().Add(d)
	return func() bool { return time.Now().Before(end) }
}
