package toxi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// rebuiltHeader marks the answer to a call that was lost in a deadlock.
const rebuiltHeader = "X-Toxiproxy-Rebuilt"

// portPatience is how long a rebuild waits for the old proxy to free its port.
const portPatience = 2 * time.Second

// engine is Toxiproxy's API with a deadline on every call. Toxiproxy can deadlock when a toxic changes while clients
// abandon large responses (upstream issue 558). A call that misses the deadline then replaces the whole Toxiproxy with
// a new one that has the same proxies, calm. It sits on the server's side, so that it also guards calls from toxiproxy-cli.
type engine struct {
	deadline time.Duration

	turn sync.RWMutex // While a proxy is replaced, no other call sees it missing.

	mutex sync.Mutex
	api   *toxiproxy.ApiServer
	known map[string]Proxy
	built int
}

// newEngine returns an engine without proxies.
func newEngine(deadline time.Duration) *engine {
	return &engine{deadline: deadline, api: newAPI(), known: map[string]Proxy{}}
}

// newAPI returns a silent Toxiproxy with metrics of its own, so that several can run in one process.
func newAPI() *toxiproxy.ApiServer {
	// The bandwidth toxic writes to zerolog's global logger, which our own logger does not replace.
	zerolog.SetGlobalLevel(zerolog.Disabled)
	registerSteady()
	return toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
}

// ServeHTTP answers one API call, within the deadline.
func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		fail(w, http.StatusRequestEntityTooLarge, "request too large")
		return
	}
	parts := partsOf(r.URL.Path)
	if removes(r.Method, parts) {
		e.turn.Lock()
		defer e.turn.Unlock()
	} else {
		e.turn.RLock()
		defer e.turn.RUnlock()
	}
	// A caller that hangs up must not look like a deadlock: only the deadline ends the call.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), e.deadline)
	defer cancel()
	e.mutex.Lock()
	api := e.api
	e.mutex.Unlock()
	body, refusal := e.check(ctx, api, r, body)
	if refusal != nil && ctx.Err() == nil {
		fail(w, http.StatusBadRequest, refusal.Error())
		return
	}
	done := false
	if removes(r.Method, parts) {
		if done, err = e.detach(ctx, api, parts); err != nil && ctx.Err() == nil {
			fail(w, http.StatusServiceUnavailable, "Toxiproxy could not replace the proxy: "+err.Error())
			return
		}
	}
	if done && ctx.Err() == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	answer := serve(ctx, api, r, body)
	if ctx.Err() != nil {
		e.lost(w, api)
		return
	}
	e.remember(r.Method, r.URL.Path, answer.body.Bytes())
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes()) // The caller may be gone, so the error does not matter.
}

// serve carries one call out. Toxiproxy's own timeout handler returns when ctx ends, so nothing writes to the answer afterwards.
func serve(ctx context.Context, api *toxiproxy.ApiServer, r *http.Request, body []byte) (answer *recorder) {
	answer = &recorder{header: http.Header{}, status: http.StatusOK}
	defer func() {
		if cause := recover(); cause != nil {
			answer = &recorder{header: http.Header{}}
			fail(answer, http.StatusInternalServerError, fmt.Sprintf("Toxiproxy failed: %v", cause))
		}
	}()
	call := r.WithContext(ctx)
	call.Body = io.NopCloser(bytes.NewReader(body))
	api.Routes().ServeHTTP(answer, call)
	return answer
}

// check refuses a call that would end or wedge Toxiproxy. It returns the body to pass on.
func (e *engine) check(ctx context.Context, api *toxiproxy.ApiServer, r *http.Request, body []byte) ([]byte, error) {
	parts := partsOf(r.URL.Path)
	switch {
	case r.Method != http.MethodPost && r.Method != http.MethodPatch:
		return body, nil
	case parts[0] == "populate", parts[0] == "proxies" && len(parts) <= 2:
		e.mutex.Lock()
		defer e.mutex.Unlock()
		return body, checkProxies(parts, body, e.known)
	case parts[0] != "proxies" || parts[2] != "toxics":
		return body, nil
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, r.URL.EscapedPath(), nil)
	if err != nil {
		return nil, err
	}
	now := serve(ctx, api, ask, nil)
	if now.status != http.StatusOK {
		return body, nil // There is no such proxy or toxic, and Toxiproxy says so.
	}
	if len(parts) == 4 {
		var current Toxic
		if err := json.Unmarshal(now.body.Bytes(), &current); err != nil {
			return nil, fmt.Errorf("read the toxic: %w", err)
		}
		return checkToxic(body, &current)
	}
	var current []Toxic
	if err := json.Unmarshal(now.body.Bytes(), &current); err != nil {
		return nil, fmt.Errorf("read the toxics: %w", err)
	}
	if len(current) >= mostToxics {
		return nil, fmt.Errorf("a proxy takes at most %d toxics", mostToxics)
	}
	return checkToxic(body, nil)
}

// lost answers a call that missed the deadline, after a rebuild.
func (e *engine) lost(w http.ResponseWriter, stuck *toxiproxy.ApiServer) {
	if err := e.rebuild(stuck); err != nil {
		fail(w, http.StatusServiceUnavailable, fmt.Sprintf("Toxiproxy hung and was rebuilt, but a proxy cannot listen yet (%v); it tries again", err))
		return
	}
	w.Header().Set(rebuiltHeader, "1")
	fail(w, http.StatusServiceUnavailable, errRebuilt.Error())
}

// fail answers with an error in Toxiproxy's own format.
func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The caller may be gone, so the error does not matter.
	_ = json.NewEncoder(w).Encode(map[string]any{"error": message, "status": status})
}

// rebuild replaces the stuck Toxiproxy, unless another call has already done so.
func (e *engine) rebuild(stuck *toxiproxy.ApiServer) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.api != stuck {
		return nil
	}
	abandon(stuck)
	e.api = newAPI()
	e.built++
	errs := []error{}
	for _, proxy := range e.known {
		if err := revive(e.api, proxy); err != nil {
			errs = append(errs, err)
			go e.reviveLater(e.api, proxy)
		}
	}
	return errors.Join(errs...)
}

// reviveLater starts a proxy as soon as its port is free, unless it was removed or the Toxiproxy was replaced or closed meanwhile.
func (e *engine) reviveLater(api *toxiproxy.ApiServer, proxy Proxy) {
	for {
		time.Sleep(portPatience / 10)
		e.mutex.Lock()
		_, known := e.known[proxy.Name]
		over := e.api != api || !known || api.Collection.Add(toxiproxy.NewProxy(api, proxy.Name, proxy.Listen, proxy.Upstream), true) == nil
		e.mutex.Unlock()
		if over {
			return
		}
	}
}

// abandon stops each proxy of a stuck Toxiproxy. Each closes its port first and may then hang, so nothing waits for
// them; a proxy that does hang keeps its goroutines until the process ends, but not its connections.
func abandon(stuck *toxiproxy.ApiServer) {
	go func() {
		for _, proxy := range stuck.Collection.Proxies() {
			go proxy.Stop()
			time.AfterFunc(portPatience, func() { hangUp(proxy) })
		}
	}()
}

// hangUp closes the connections of a proxy that hangs between closing its port and closing them. Toxiproxy does not export them.
func hangUp(proxy *toxiproxy.Proxy) {
	connections := reflect.ValueOf(proxy).Elem().FieldByName("connections")
	if !connections.IsValid() {
		return // Another version of Toxiproxy: the connections stay, as its goroutines do.
	}
	mutex := (*sync.Mutex)(connections.FieldByName("lock").Addr().UnsafePointer())
	mutex.Lock()
	defer mutex.Unlock()
	for _, conn := range connections.FieldByName("list").Seq2() {
		_ = (*net.TCPConn)(conn.Elem().UnsafePointer()).Close() // It may be closed already.
	}
}

// revive starts a proxy as it was, calm, as soon as its port is free.
func revive(api *toxiproxy.ApiServer, proxy Proxy) error {
	return add(api, toxiproxy.NewProxy(api, proxy.Name, proxy.Listen, proxy.Upstream), true)
}

// remember keeps what a rebuild needs: the proxies that a successful call made, changed or removed. It reads them from
// the answer, because asking a stuck Toxiproxy for them could hang.
func (e *engine) remember(method, path string, answer []byte) {
	parts := partsOf(path)
	made := []Proxy{}
	switch {
	case method == http.MethodGet || len(parts) > 2:
		return
	case method == http.MethodDelete && len(parts) == 2:
		e.mutex.Lock()
		delete(e.known, parts[1])
		e.mutex.Unlock()
		return
	case parts[0] == "populate":
		var list struct {
			Proxies []Proxy `json:"proxies"`
		}
		_ = json.Unmarshal(answer, &list) // An answer of another shape names no proxy.
		made = list.Proxies
	case parts[0] == "proxies":
		var one Proxy
		_ = json.Unmarshal(answer, &one)
		made = append(made, one)
	}
	e.mutex.Lock()
	defer e.mutex.Unlock()
	for _, proxy := range made {
		if proxy.Name != "" {
			e.known[proxy.Name] = proxy
		}
	}
}

// rebuilds is how often the engine was rebuilt.
func (e *engine) rebuilds() int {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.built
}

// close stops all proxies at the same time, and waits at most a second for one that hangs.
func (e *engine) close() {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	api := e.api
	// A call that still hangs must not bring the proxies back when it misses its deadline.
	e.api = newAPI()
	clear(e.known)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var group sync.WaitGroup
		for _, proxy := range api.Collection.Proxies() {
			group.Go(proxy.Stop)
		}
		group.Wait()
	}()
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}

// recorder keeps an answer until it is certain that the call did not hang.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is the answer's header.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps a piece of the body.
func (r *recorder) Write(piece []byte) (int, error) { return r.body.Write(piece) }
