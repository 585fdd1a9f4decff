package toxi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ProxyName is the proxy between the exercises and the flights database.
const ProxyName = "mysql_proxy"

// NodeProxy is the proxy between the load balancer and one node of a replicated database; nodes count from 1.
func NodeProxy(number int) string { return fmt.Sprint(node, number) }

// node begins the name of such a proxy.
const node = "node"

// callDeadline bounds one API call of a Client. It is longer than the server's own deadline, so that an owned server has
// time to rebuild itself and say so.
const callDeadline = 10 * time.Second

// errRebuilt says that the server lost the call in a deadlock and came back calm.
var errRebuilt = errors.New("the Toxiproxy hung and was rebuilt; every toxic is gone")

// errNotFound says that the proxy or the toxic does not exist.
var errNotFound = errors.New("not found")

// errConflict says that a proxy or a toxic of that name already exists.
var errConflict = errors.New("it already exists")

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
	var answer []byte
	if err := c.call(ctx, http.MethodGet, "/version", nil, &answer); err != nil {
		return "", err
	}
	// Since 2.7 it is JSON, before that plain text; a build without a version calls itself git.
	found := version.FindSubmatch(answer)
	if found == nil {
		return "", c.stranger(fmt.Sprintf("its version is %.40q", answer))
	}
	return string(found[1]), nil
}

// version finds the version in what a Toxiproxy answers.
var version = regexp.MustCompile(`^(?:\{"version": ?"?)?(git|v?[0-9]+\.[0-9]+\.[0-9][\w.+-]*)"?\}?\s*$`)

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

// Delete removes a proxy and every connection through it. A proxy that does not exist is not an error.
func (c *Client) Delete(ctx context.Context, name string) error {
	err := c.call(ctx, http.MethodDelete, proxyPath(name), nil, nil)
	if errors.Is(err, errNotFound) {
		return nil
	}
	return err
}

// Inject puts the fault on the proxy, in place of all its toxics. When it fails, the proxy may be calm.
func (c *Client) Inject(ctx context.Context, proxy string, fault Fault) error {
	return again(func() error { return c.inject(ctx, proxy, fault, "") })
}

// InjectOwn is Inject for a fault that its caller removes later: the toxic has a name that no other has.
func (c *Client) InjectOwn(ctx context.Context, proxy string, fault Fault) (*Injection, error) {
	kind := fault.Type + "_downstream"
	if fault.Type == "" {
		kind = disabledMark
	}
	injection := &Injection{client: c, proxy: proxy, toxic: kind + "_" + rand.Text()[:8], disables: fault.Type == ""}
	err := again(func() error { return c.inject(ctx, proxy, fault, injection.toxic) })
	if err == nil {
		return injection, nil
	}
	// The call that failed may have come through.
	_, failed := injection.Remove(context.WithoutCancel(ctx))
	if ctx.Err() != nil {
		err = errors.Join(err, failed)
	}
	return nil, err
}

// InjectFor injects the fault, waits until ttl is over or ctx is done, and removes it again.
func (c *Client) InjectFor(ctx context.Context, proxy string, fault Fault, ttl time.Duration) error {
	injection, err := c.InjectOwn(ctx, proxy, fault)
	if errors.Is(err, context.Canceled) {
		return nil // It is removed already.
	}
	if err != nil {
		return err
	}
	_, err = injection.RemoveAfter(ctx, ttl)
	return err
}

// inject is Inject without a retry, with a name for the toxic; if the name is empty, Toxiproxy names it.
func (c *Client) inject(ctx context.Context, name string, fault Fault, toxic string) error {
	if err := c.calm(ctx, name); err != nil {
		return err
	}
	// From here on, Ctrl-C waits: a fault is in place or not.
	ctx = context.WithoutCancel(ctx)
	if fault.Type == "" {
		if toxic != "" {
			// A disabled proxy has no name to tell it from another's; a toxic without effect carries it.
			mark := Toxic{Name: toxic, Type: "latency", Stream: "downstream", Attributes: map[string]int64{}}
			if err := c.call(ctx, http.MethodPost, proxyPath(name)+"/toxics", mark, nil); err != nil {
				return err
			}
		}
		return c.enable(ctx, name, false)
	}
	made := Toxic{Name: toxic, Type: fault.Type, Stream: "downstream", Toxicity: fault.Toxicity, Attributes: fault.attributes()}
	if err := c.call(ctx, http.MethodPost, proxyPath(name)+"/toxics", made, &made); err != nil {
		return err
	}
	// Another process may have injected at the same moment. Toxics are in the order in which they came: the last one wins.
	proxy, err := c.Proxy(ctx, name)
	if err != nil {
		return err
	}
	last := slices.IndexFunc(proxy.Toxics, func(t Toxic) bool { return t.Name == made.Name })
	return c.removeToxics(ctx, name, proxy.Toxics[:max(0, last)])
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
		if !addressable(name) {
			errs = append(errs, c.call(ctx, http.MethodPost, "/reset", nil, nil))
			continue
		}
		errs = append(errs, c.Calm(ctx, name))
	}
	return len(proxies), errors.Join(errs...)
}

// calm is Calm without a retry.
func (c *Client) calm(ctx context.Context, name string) error {
	proxy, err := c.Proxy(ctx, name)
	if errors.Is(err, errNotFound) {
		creator := "`make infra` or `make exercise1` creates it"
		if strings.HasPrefix(name, node) {
			creator = "`make up PROFILE=galera` creates node1 to node3"
		}
		return fmt.Errorf("the Toxiproxy at %s has no proxy %s; %s (%w)", c.url, name, creator, errNotFound)
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(proxy.Toxics, func(t Toxic) bool { return !addressable(t.Name) }) {
		return c.renew(ctx, proxy)
	}
	if err := c.removeToxics(ctx, name, proxy.Toxics); err != nil || proxy.Enabled {
		return err
	}
	return c.enable(ctx, name, true)
}

// removeToxics removes toxics from a proxy. One that is already gone is not an error.
func (c *Client) removeToxics(ctx context.Context, name string, toxics []Toxic) error {
	for _, toxic := range toxics {
		err := c.call(ctx, http.MethodDelete, toxicPath(name, toxic.Name), nil, nil)
		if err != nil && !errors.Is(err, errNotFound) {
			return err
		}
	}
	return nil
}

// enable enables a proxy, or disables it.
func (c *Client) enable(ctx context.Context, name string, enabled bool) error {
	return c.call(ctx, http.MethodPost, proxyPath(name), map[string]bool{"enabled": enabled}, nil)
}

// renew replaces a proxy with one without toxics.
func (c *Client) renew(ctx context.Context, proxy Proxy) error {
	if err := c.Delete(ctx, proxy.Name); err != nil {
		return err
	}
	_, err := c.Create(ctx, proxy.Name, proxy.Listen, proxy.Upstream)
	return err
}

// addressable tells whether Toxiproxy's API can name a proxy or a toxic in a path. It accepts other names when it makes
// one, and then cannot find it.
func addressable(name string) bool {
	return name != "." && name != ".." && !strings.Contains(name, "/")
}

// again repeats do if the server was rebuilt during the call, or if another process did the same at the same moment, at
// most twice.
func again(do func() error) error {
	err := do()
	for tries := 0; tries < 2 && (errors.Is(err, errRebuilt) || errors.Is(err, errConflict)); tries++ {
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
	if raw, ok := out.(*[]byte); ok {
		*raw = answer
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
	case response.StatusCode == http.StatusConflict:
		return fmt.Errorf("call Toxiproxy: %s: %s (%w)", call, problem.Error, errConflict)
	}
	return fmt.Errorf("call Toxiproxy: %s: %s: %s", call, response.Status, problem.Error)
}

// stranger says that what answers is not Toxiproxy.
func (c *Client) stranger(why string) error {
	return fmt.Errorf("the program at %s is not Toxiproxy (%s); remove TOXIPROXY_PORT if you have set it, then run `make infra` or `make exercise1`", c.url, why)
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

// toxicPath is the path of a toxic in the API.
func toxicPath(proxy, toxic string) string {
	return proxyPath(proxy) + "/toxics/" + url.PathEscape(toxic)
}

// proxyPath is the path of the proxy name in the API.
func proxyPath(name string) string { return "/proxies/" + url.PathEscape(name) }
