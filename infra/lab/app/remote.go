package app

import (
	"context"
	"net/http"
	"time"
)

// MetricsAt asks an app that someone else started, at the address url, for its metrics. The error says that it does not
// answer as an exercise does.
func MetricsAt(ctx context.Context, url string) (Metrics, error) {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return (&Process{URL: url, client: client}).Metrics(ctx)
}
