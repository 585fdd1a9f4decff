// Package toxi runs Toxiproxy inside the process, or reuses one that already runs, and injects the workshop's faults.
package toxi

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Options say where Toxiproxy listens.
type Options struct {
	// APIAddr is the host and port of the HTTP API. Port 0 takes any free port.
	APIAddr string
	// Listen and Upstream make the proxy ProxyName: what comes to Listen goes to Upstream. If Listen is empty, there is no
	// proxy; if a Toxiproxy that was already running has the proxy, it stays as it is.
	Listen, Upstream string
	// Deadline bounds each API call of an owned server. A call that misses it means a deadlock, and the server rebuilds its
	// proxies. The default is 2 s: a call takes milliseconds, and the whole repair fits into 3 s.
	Deadline time.Duration
}

// Server is a running Toxiproxy, and the client of it.
type Server struct {
	*Client
	listen string

	// Only for an owned server.
	engine *engine
	http   *http.Server
	served chan struct{}

	// Only for a Toxiproxy that was already running: the proxies that this Server made, and what keeps them.
	mutex   sync.Mutex
	created []Proxy
	stop    context.CancelFunc
	keeping sync.WaitGroup
}

// Start starts Toxiproxy in this process, or reuses one that already answers at the API's address. The caller stops it with
// Close.
func Start(ctx context.Context, options Options) (*Server, error) {
	server, err := attachOrServe(ctx, options)
	if err != nil || options.Listen == "" {
		return server, err
	}
	if proxy, err := server.Proxy(ctx, ProxyName); err == nil {
		server.listen = proxy.Listen
		return server, nil
	}
	proxy, err := server.Create(ctx, ProxyName, options.Listen, options.Upstream)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("create %s: %w", ProxyName, err), server.Close())
	}
	server.listen = proxy.Listen
	return server, nil
}

// attachOrServe reuses the Toxiproxy that answers, or serves one.
func attachOrServe(ctx context.Context, options Options) (*Server, error) {
	if _, port, err := net.SplitHostPort(options.APIAddr); err == nil && port != "0" {
		client := NewClient("http://" + options.APIAddr)
		probe, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := client.Version(probe); err == nil {
			return &Server{Client: client}, nil
		}
	}
	if options.Deadline == 0 {
		options.Deadline = 2 * time.Second
	}
	listener, err := net.Listen("tcp", options.APIAddr)
	if err != nil {
		return nil, fmt.Errorf("start Toxiproxy: %w", err)
	}
	engine := newEngine(options.Deadline)
	local := isLoopback(listener.Addr().String())
	server := &Server{
		Client: NewClient("http://" + listener.Addr().String()),
		engine: engine,
		http:   &http.Server{Handler: guard(engine, local), ReadHeaderTimeout: 5 * time.Second},
		served: make(chan struct{}),
	}
	go func() {
		defer close(server.served)
		_ = server.http.Serve(listener) // Always ErrServerClosed: the listener is ours alone.
	}()
	return server, nil
}

// Owned tells whether Toxiproxy runs in this process.
func (s *Server) Owned() bool { return s.engine != nil }

// ProxyAddr is the address that the proxy ProxyName listens on.
func (s *Server) ProxyAddr() string { return s.listen }

// Rebuilds counts how often a deadlock made the server rebuild its proxies.
func (s *Server) Rebuilds() int {
	if s.engine == nil {
		return 0
	}
	return s.engine.rebuilds()
}

// keepEvery is how often a Server checks that the proxies that it made in someone else's Toxiproxy are still there.
const keepEvery = time.Second

// Create makes a proxy as Client.Create does, and remembers it: Close removes it. When someone else's Toxiproxy
// restarts, it has lost the proxy, and the Server makes it again.
func (s *Server) Create(ctx context.Context, name, listen, upstream string) (Proxy, error) {
	proxy, err := s.Client.Create(ctx, name, listen, upstream)
	if err != nil || s.engine != nil {
		return proxy, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.created = append(s.created, proxy)
	if s.stop == nil {
		keeping, stop := context.WithCancel(context.WithoutCancel(ctx))
		s.stop = stop
		s.keeping.Go(func() { s.keep(keeping) })
	}
	return proxy, nil
}

// keep makes the proxies again that are gone, until ctx ends.
func (s *Server) keep(ctx context.Context) {
	for {
		select {
		case <-time.After(keepEvery):
		case <-ctx.Done():
			return
		}
		s.mutex.Lock()
		created := slices.Clone(s.created)
		s.mutex.Unlock()
		for _, proxy := range created {
			if _, err := s.Proxy(ctx, proxy.Name); errors.Is(err, errNotFound) {
				// When it fails, such as on a port that is not free yet, the next turn tries again.
				_, _ = s.Client.Create(ctx, proxy.Name, proxy.Listen, proxy.Upstream)
			}
		}
	}
}

// Close removes every toxic and every proxy and closes every port. On a Toxiproxy that is not owned it removes only
// the proxies that this Server made.
func (s *Server) Close() error {
	ctx := context.Background()
	if s.engine == nil {
		s.mutex.Lock()
		created, stop := s.created, s.stop
		s.mutex.Unlock()
		if stop != nil {
			stop()
			s.keeping.Wait()
		}
		errs := []error{}
		for _, proxy := range created {
			errs = append(errs, s.Delete(ctx, proxy.Name))
		}
		return errors.Join(errs...)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	<-s.served
	s.engine.close()
	return err
}
