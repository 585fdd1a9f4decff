package toxi

import (
	"context"
	"net/http"
)

// Add puts a toxic on the proxy, beside those that it has.
func (c *Client) Add(ctx context.Context, proxy string, toxic Toxic) error {
	return again(func() error {
		return c.call(ctx, http.MethodPost, proxyPath(proxy)+"/toxics", toxic, nil)
	})
}

// Disable closes the proxy's port and its connections, until Calm.
func (c *Client) Disable(ctx context.Context, proxy string) error {
	return again(func() error {
		return c.call(ctx, http.MethodPost, proxyPath(proxy), map[string]bool{"enabled": false}, nil)
	})
}
