package livepage

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Control is what the buttons of the page do.
type Control interface {
	// Inject puts the named fault in place; Calm removes every fault.
	Inject(ctx context.Context, fault string) error
	Calm(ctx context.Context) error
	// SetRate changes the load on each lane, in requests a second; Pause stops it, or lets it go on.
	SetRate(ctx context.Context, rate int) error
	Pause(ctx context.Context, paused bool) error
	// Pool starts the apps anew, with pooled or with fresh connections; Reset starts everything anew.
	Pool(ctx context.Context, pooled bool) error
	Reset(ctx context.Context) error
}

// Server serves the page of a race, live or recorded.
type Server struct {
	listener net.Listener
	http     *http.Server
	ended    context.Context // Ends the streams of events: a shutdown would wait for them.
	end      context.CancelFunc
	served   chan error
	close    func() error
}

// Listen takes a port of the loopback interface, whatever else listens where: faults are nobody else's business. Port 0
// takes any free one.
func Listen(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("start the console: %w", err)
	}
	return listener, nil
}

// ServeRace serves the page of a live race on the listener.
func ServeRace(listener net.Listener, hub *Hub, control Control) (*Server, error) {
	server := newServer(listener)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) { streamEvents(server.ended, hub, w, r) })
	routes.HandleFunc("GET /take-home.html", func(w http.ResponseWriter, _ *http.Request) { takeHome(w, hub.WriteRun) })
	handleActions(routes, control)
	return server, server.serve(routes, pageLive)
}

// ServeReplay serves the page of a recorded run on the listener.
func ServeReplay(listener net.Listener, run *Run) (*Server, error) {
	server := newServer(listener)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /run.jsonl", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jsonl")
		_ = run.Write(w) // The page is gone; there is nobody to tell.
	})
	routes.HandleFunc("GET /take-home.html", func(w http.ResponseWriter, _ *http.Request) { takeHome(w, run.Write) })
	return server, server.serve(routes, pageReplay)
}

// URL is the address of the page.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

// Close ends every stream of events and the server. A second call does nothing more.
func (s *Server) Close() error { return s.close() }

func (s *Server) shutDown() error {
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	if failed := <-s.served; !errors.Is(failed, http.ErrServerClosed) {
		err = errors.Join(err, failed)
	}
	if err != nil {
		return fmt.Errorf("end the console: %w", err)
	}
	return nil
}

func newServer(listener net.Listener) *Server {
	ended, end := context.WithCancel(context.Background())
	server := &Server{listener: listener, ended: ended, end: end, served: make(chan error, 1)}
	server.close = sync.OnceValue(server.shutDown)
	return server
}

// serve adds the page to the routes and serves them, guarded.
func (s *Server) serve(routes *http.ServeMux, mode pageMode) error {
	site, err := newSite(mode)
	if err != nil {
		s.end()
		return errors.Join(err, s.listener.Close())
	}
	site.handle(routes)
	s.http = &http.Server{
		Handler:           guard(s.listener.Addr(), site.policy, routes),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	go func() { s.served <- s.http.Serve(s.listener) }()
	return nil
}
