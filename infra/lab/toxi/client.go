package toxi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// ProxyName is the proxy between the exercises and the flights database.
const ProxyName = "mysql_proxy"

// callDeadline bounds one API call of a Client. It is longer than the server's own deadline, so that an owned server has
// time to rebuild itself and say so.
const callDeadline = 10 * time.Second

// errRebuilt says that the server lost the call in a deadlock and came back calm.
var errRebuilt = errors.New("the Toxiproxy hung and was rebuilt; every toxic is gone")

// errNotFound says that the proxy or the toxic does not exist.
var errNotFound = errors.New("not found")

// Proxy is one proxy as Toxiproxy reports it.
type Proxy struct {
	Name     string  `json:"name"`
	Listen   string  `json:"listen"`
	Upstream string  `json:"upstream"`
	Enabled  bool    `json:"enabled"`
	Toxics   []Toxic `json:"toxics,omitempty"`
}

// Toxic is one toxic in place on a proxy.
type Toxic struct {
	Name       string           `json:"name,omitempty"`
	Type       string           `json:"type"`
	Stream     string           `json:"stream"`
	Toxicity   float32          `json:"toxicity"`
	Attributes map[string]int64 `json:"attributes"`
}

// Client talks to a Toxiproxy's HTTP API. Unlike upstream's client, every call has a deadline and obeys its context.
// It keeps no connection open.
type Client struct {
	url  string
	http *http.Client
}

// NewClient returns a client of the Toxiproxy at url, such as http://127.0.0.1:8474.
func NewClient(url string) *Client {
	return &Client{url: url, http: &http.Client{
		Timeout:   callDeadline,
		Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

// URL is the address of the API.
func (c *Client) URL() string { return c.url }

// Version is the version that the Toxiproxy reports. An error means that no Toxiproxy answers there.
func (c *Client) Version(ctx context.Context) (string, error) {
	var answer struct {
		Version string `json:"version"`
	}
	err := c.call(ctx, http.MethodGet, "/version", nil, &answer)
	if err == nil && answer.Version == "" {
		err = c.stranger("an empty version")
	}
	return answer.Version, err
}

// Proxies are all proxies, by name.
func (c *Client) Proxies(ctx context.Context) (map[string]Proxy, error) {
	proxies := map[string]Proxy{}
	return proxies, c.call(ctx, http.MethodGet, "/proxies", nil, &proxies)
}

// Proxy is one proxy with its toxics.
func (c *Client) Proxy(ctx context.Context, name string) (Proxy, error) {
	var proxy Proxy
	return proxy, c.call(ctx, http.MethodGet, proxyPath(name), nil, &proxy)
}

// Create makes a proxy that forwards connections from the address listen to the address upstream. Port 0 takes any free
// port; the answer holds the real one.
func (c *Client) Create(ctx context.Context, name, listen, upstream string) (Proxy, error) {
	var made Proxy
	wanted := Proxy{Name: name, Listen: listen, Upstream: upstream, Enabled: true}
	return made, c.call(ctx, http.MethodPost, "/proxies", wanted, &made)
}

// Delete removes a proxy and every connection through it. A proxy that does not exist is no error.
func (c *Client) Delete(ctx context.Context, name string) error {
	err := c.call(ctx, http.MethodDelete, proxyPath(name), nil, nil)
	if errors.Is(err, errNotFound) {
		return nil
	}
	return err
}

// Inject puts the fault on the proxy, in place of all its toxics. When it fails, the proxy may be calm.
func (c *Client) Inject(ctx context.Context, proxy string, fault Fault) error {
	return again(func() error {
		if err := c.calm(ctx, proxy); err != nil {
			return err
		}
		if fault.Type == "" {
			return c.call(ctx, http.MethodPost, proxyPath(proxy), map[string]bool{"enabled": false}, nil)
		}
		toxic := Toxic{
			Type: fault.Type, Stream: "downstream", Toxicity: fault.Toxicity, Attributes: fault.attributes(),
		}
		return c.call(ctx, http.MethodPost, proxyPath(proxy)+"/toxics", toxic, nil)
	})
}

// InjectFor injects the fault, waits until ttl is over or ctx is done, and calms the proxy again.
func (c *Client) InjectFor(ctx context.Context, proxy string, fault Fault, ttl time.Duration) error {
	if err := c.Inject(ctx, proxy, fault); err != nil {
		return err
	}
	return c.CalmAfter(ctx, proxy, ttl)
}

// CalmAfter waits until ttl is over or ctx is done, and calms the proxy.
func (c *Client) CalmAfter(ctx context.Context, proxy string, ttl time.Duration) error {
	timer := time.NewTimer(ttl)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return c.Calm(context.WithoutCancel(ctx), proxy)
}

// Calm removes every toxic from the proxy and enables it again.
func (c *Client) Calm(ctx context.Context, proxy string) error {
	return again(func() error { return c.calm(ctx, proxy) })
}

// CalmAll calms every proxy and returns their number. If it cannot calm one, it still calms the others.
func (c *Client) CalmAll(ctx context.Context) (int, error) {
	var proxies map[string]Proxy
	err := again(func() (err error) {
		proxies, err = c.Proxies(ctx)
		return err
	})
	if err != nil {
		return 0, err
	}
	errs := []error{}
	for name := range proxies {
		errs = append(errs, c.Calm(ctx, name))
	}
	return len(proxies), errors.Join(errs...)
}

// calm is Calm without a retry.
func (c *Client) calm(ctx context.Context, name string) error {
	proxy, err := c.Proxy(ctx, name)
	if errors.Is(err, errNotFound) {
		return fmt.Errorf("the Toxiproxy at %s has no proxy %s; `make infra` or `make exercise1` creates it (%w)", c.url, name, errNotFound)
	}
	if err != nil {
		return err
	}
	for _, toxic := range proxy.Toxics {
		err := c.call(ctx, http.MethodDelete, proxyPath(name)+"/toxics/"+url.PathEscape(toxic.Name), nil, nil)
		if err != nil && !errors.Is(err, errNotFound) {
			return err
		}
	}
	if proxy.Enabled {
		return nil
	}
	return c.call(ctx, http.MethodPost, proxyPath(name), map[string]bool{"enabled": true}, nil)
}

// again repeats do if the server was rebuilt during the call, at most twice.
func again(do func() error) error {
	err := do()
	for tries := 0; tries < 2 && errors.Is(err, errRebuilt); tries++ {
		err = do()
	}
	return err
}

// call sends one request, with in as its body unless in is nil, and decodes the answer into out, unless out is nil.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return fmt.Errorf("encode %s %s: %w", method, path, err)
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, &body)
	if err != nil {
		return fmt.Errorf("call Toxiproxy: %w", err)
	}
	request.Header.Set("User-Agent", "chaosworkshop")
	response, err := c.http.Do(request)
	if err != nil {
		return c.explain(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return c.explain(err)
	}
	switch {
	case response.Header.Get(rebuiltHeader) != "":
		return errRebuilt
	case response.StatusCode >= 300:
		return c.refusal(method+" "+path, response, answer)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return c.stranger(err.Error())
	}
	return nil
}

// refusal is the error that an answer holds.
func (c *Client) refusal(call string, response *http.Response, answer []byte) error {
	var problem struct {
		Error string `json:"error"`
	}
	switch err := json.Unmarshal(answer, &problem); {
	case err != nil || problem.Error == "":
		return c.stranger(call + ": " + response.Status)
	case response.StatusCode == http.StatusNotFound:
		return fmt.Errorf("call Toxiproxy: %s: %w", call, errNotFound)
	}
	return fmt.Errorf("call Toxiproxy: %s: %s: %s", call, response.Status, problem.Error)
}

// stranger says that what answers is not Toxiproxy.
func (c *Client) stranger(why string) error {
	return fmt.Errorf("what answers at %s is not Toxiproxy; stop it, or set TOXIPROXY_PORT to another port (%s)", c.url, why)
}

// explain says what a call that got no answer means, and what to do.
func (c *Client) explain(err error) error {
	// The method and the address of the request, which url.Error adds, do not help the reader.
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("call Toxiproxy: %w", err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Errorf("the Toxiproxy at %s does not answer; restart it (%w)", c.url, err)
	}
	return fmt.Errorf("no Toxiproxy answers at %s; start `make infra` or `make exercise1` first, or set TOXIPROXY_PORT to its port (%w)", c.url, err)
}

// proxyPath is the path of the proxy name in the API.
func proxyPath(name string) string { return "/proxies/" + url.PathEscape(name) }
