package experiment

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// awaitService returns when an app that was already running serves its users through this run's proxy, or says why it does not. Its
// breaker may have opened while there was no proxy, and its health endpoint may need a moment.
func (t *trial) awaitService(ctx context.Context) error {
	const patience, pace = time.Minute, 500 * time.Millisecond
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	pair := t.load.Pairs[0]
	path := "/api/flights/routes?from=" + pair.From + "&to=" + pair.To
	said := ""
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && ctx.Err() == nil; time.Sleep(pace) {
		status, body, err := fetch(ctx, client, t.app.URL+path)
		switch {
		case err != nil:
			said = fmt.Sprintf("it does not answer GET %s: %v", path, err)
		case !t.load.Right(0, status, body):
			said = fmt.Sprintf("it answers GET %s with %d, but not with the right rows", path, status)
		case t.paths[0].meter.Dials() == 0:
			said = "it serves its users without this proxy"
		default:
			if status, _, _ := fetch(ctx, client, t.app.URL+t.health); status != http.StatusServiceUnavailable {
				return nil
			}
			said = "its " + t.health + " answers 503"
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	host, number, _ := strings.Cut(t.paths[0].addr, ":")
	return fmt.Errorf("the app at %s does not serve its users through the judge's proxy: %s; start it with DB_HOST=%s DB_PORT=%s", t.app.URL, said, host, number)
}

// fetch is one answer, up to its first 64 KB.
func fetch(ctx context.Context, client *http.Client, url string) (status int, body []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	const most = 64 << 10
	body, err = io.ReadAll(io.LimitReader(response.Body, most))
	return response.StatusCode, body, err
}
