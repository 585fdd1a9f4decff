package load

import (
	"context"
	"io"
	"net/http"
	"time"
)

// cancellable bounds each request in time, and ends all of them with one context: vegeta has no such switch.
type cancellable struct {
	ctx     context.Context
	timeout time.Duration
	next    http.RoundTripper
}

// RoundTrip sends one request.
func (c cancellable) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(c.ctx, c.timeout)
	response, err := c.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	response.Body = cancelledBody{response.Body, cancel}
	return response, nil
}

// cancelledBody frees the request's timer when its answer was read.
type cancelledBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (b cancelledBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}
