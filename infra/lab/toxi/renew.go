package toxi

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
)

// removes tells whether a call removes toxics.
func removes(method string, parts []string) bool {
	return method == http.MethodDelete && len(parts) == 4 || method == http.MethodPost && parts[0] == "reset"
}

// detach prepares a call that removes toxics. Toxiproxy loses count when a toxic between others is removed while a connection
// ends, and then panics at the next one that is added. So a proxy with several toxics is replaced by a new one, with those that
// stay, and its connections end. It tells whether that was all that the call asks for.
func (e *engine) detach(ctx context.Context, api *toxiproxy.ApiServer, parts []string) (done bool, err error) {
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, "/proxies", nil)
	if err != nil {
		return false, err
	}
	proxies := map[string]Proxy{}
	if err := json.Unmarshal(serve(ctx, api, ask, nil).body.Bytes(), &proxies); err != nil {
		return false, nil // It missed the deadline, and the caller sees that.
	}
	for name, proxy := range proxies {
		var keep []Toxic
		if len(parts) == 4 {
			if name != parts[1] {
				continue
			}
			for _, toxic := range proxy.Toxics {
				if toxic.Name != parts[3] {
					keep = append(keep, toxic)
				}
			}
			done = len(keep) < len(proxy.Toxics) && len(proxy.Toxics) > 1
			if !done {
				continue
			}
		}
		if len(proxy.Toxics) < 2 {
			continue
		}
		// Stopping the old proxy may hang.
		replaced := make(chan error, 1)
		go func() { replaced <- renew(api, proxy, keep) }()
		select {
		case err := <-replaced:
			if err != nil {
				return false, err
			}
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return done, nil
}

// renew replaces a proxy with a new one that has these toxics.
func renew(api *toxiproxy.ApiServer, proxy Proxy, toxics []Toxic) error {
	made := toxiproxy.NewProxy(api, proxy.Name, proxy.Listen, proxy.Upstream)
	for _, toxic := range toxics {
		text, err := json.Marshal(toxic)
		if err != nil {
			return err
		}
		if _, err := made.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
			return err
		}
	}
	if err := api.Collection.Remove(proxy.Name); err != nil {
		return err
	}
	return add(api, made, proxy.Enabled)
}

// add adds a proxy, as soon as its port is free if it is enabled.
func add(api *toxiproxy.ApiServer, proxy *toxiproxy.Proxy, enabled bool) error {
	for end := time.Now().Add(portPatience); ; time.Sleep(10 * time.Millisecond) {
		err := api.Collection.Add(proxy, enabled)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// partsOf are the parts of a path of the API.
func partsOf(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }
