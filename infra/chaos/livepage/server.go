package livepage

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"chaosworkshop/infra/chaos/page"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/shared/problem"
)

//go:embed site
var site embed.FS

// Control does what the buttons of the page ask for.
type Control interface {
	// Inject injects the named fault; Calm removes every fault.
	Inject(ctx context.Context, fault string) error
	Calm(ctx context.Context) error
	// SetRate changes the load on each lane, in requests a second; Pause stops or resumes it.
	SetRate(ctx context.Context, rate int) error
	Pause(ctx context.Context, paused bool) error
	// Pool restarts the apps, with pooled or with new connections; Reset restarts everything.
	Pool(ctx context.Context, pooled bool) error
	Reset(ctx context.Context) error
	// Spans takes in what the apps say of their requests.
	Spans() *trace.Receiver
}

// Server serves the page of a race, live or recorded.
type Server struct {
	listener net.Listener
	http     *http.Server
	hub      *Hub
	streams  streams
	patience time.Duration      // How long a page may take to read a frame.
	end      context.CancelFunc // Ends every request: otherwise a shutdown would wait for the event streams.
	served   chan error
	// Close ends every event stream and the server. A second call does nothing.
	Close func() error
}

// Listen takes a port of the loopback interface, whatever BIND says: nobody else may inject faults. Port 0 takes any free
// one.
func Listen(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fmt.Errorf("start the live page: %w", err)
	}
	return listener, nil
}

// Serve serves the page of a live race on the listener. Without a control it replays the hub's recording instead.
func Serve(listener net.Listener, hub *Hub, control Control) (*Server, error) {
	made, err := page.New(site, nil)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	ctx, end := context.WithCancel(context.Background())
	server := &Server{listener: listener, hub: hub, patience: stalled, end: end, served: make(chan error, 1)}
	server.Close = sync.OnceValue(server.shutDown)
	routes := http.NewServeMux()
	routes.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		var recording []byte
		if control == nil {
			recording = hub.Recording()
		}
		write(w, made, recording)
	})
	routes.HandleFunc("GET /take-home.html", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Disposition", `attachment; filename="chaos-race.html"`)
		write(w, made, hub.Recording())
	})
	if control != nil {
		routes.HandleFunc("GET /events", server.stream)
		routes.HandleFunc("POST /api/{action}", act(control))
		routes.Handle("/v1/traces", control.Spans())
	}
	server.http = &http.Server{
		Handler:           page.Guard(listener.Addr(), made.Policy, routes),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	go func() { server.served <- server.http.Serve(listener) }()
	return server, nil
}

// URL is the address of the page.
func (s *Server) URL() string { return "http://" + s.listener.Addr().String() }

func (s *Server) shutDown() error {
	s.end()
	// A browser keeps connections open that it may need, and a shutdown waits for them.
	ctx, cancel := context.WithTimeout(context.Background(), 250*time.Millisecond)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.http.Close()
	}
	if failed := <-s.served; !errors.Is(failed, http.ErrServerClosed) {
		err = errors.Join(err, failed)
	}
	if err != nil {
		return fmt.Errorf("end the live page: %w", err)
	}
	return nil
}

// write writes the page. With a recording, the page holds the whole race and needs no server.
func write(w http.ResponseWriter, page *page.Page, recording []byte) {
	var whole bytes.Buffer
	// The hub has escaped the recording, so it cannot end its element.
	if err := page.Write(&whole, template.JS(recording)); err != nil {
		problem.Write(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(whole.Bytes()) // The browser may be gone, so the error does not matter.
}

// stalled is how long a page may take to read a frame. Then its stream ends, and it reconnects.
const stalled = 10 * time.Second

// stream sends the race as server-sent events until the page or the server goes: the lanes, the recent past, then every
// frame as it comes. A page that reconnects gets the same, and is complete again.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	recent, next, leave := s.hub.Join()
	defer leave()
	evicted, gone := s.streams.add(r.UserAgent())
	defer gone()
	// Errors say that the page is gone, here and below: the next flush ends the stream.
	_ = out.SetWriteDeadline(time.Now().Add(s.patience))
	fmt.Fprintf(w, "retry: 1000\nevent: hello\ndata: %s\n\n", s.hub.hello)
	for _, frame := range recent {
		fmt.Fprintf(w, "data: %s\n\n", frame)
	}
	for {
		// The deadline also holds for what fmt.Fprintf writes below. No connection lacks it here.
		_ = out.SetWriteDeadline(time.Now().Add(s.patience))
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case frame, more := <-next:
			if !more {
				return
			}
			fmt.Fprintf(w, "data: %s\n\n", frame)
		case <-evicted:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// act carries out what the buttons ask for. Every action is a POST with a JSON body.
func act(control Control) http.HandlerFunc {
	type request struct {
		Name           string
		Rate           int
		Paused, Pooled bool
	}
	actions := map[string]func(context.Context, request) error{
		"fault": func(ctx context.Context, r request) error { return control.Inject(ctx, r.Name) },
		"calm":  func(ctx context.Context, _ request) error { return control.Calm(ctx) },
		"load":  func(ctx context.Context, r request) error { return control.SetRate(ctx, r.Rate) },
		"pause": func(ctx context.Context, r request) error { return control.Pause(ctx, r.Paused) },
		"pool":  func(ctx context.Context, r request) error { return control.Pool(ctx, r.Pooled) },
		"reset": func(ctx context.Context, _ request) error { return control.Reset(ctx) },
	}
	return func(w http.ResponseWriter, r *http.Request) {
		do, ok := actions[r.PathValue("action")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		// A form of another page can post text, never JSON.
		if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); kind != "application/json" {
			problem.Write(w, http.StatusUnsupportedMediaType, "Send application/json.")
			return
		}
		var body request
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&body); err != nil {
			problem.Write(w, http.StatusBadRequest, "The body is not the JSON that this action takes.")
			return
		}
		switch err := do(r.Context(), body); {
		case err == nil:
			w.WriteHeader(http.StatusNoContent)
		case errors.Is(err, errNotYet):
			problem.Write(w, http.StatusConflict, err.Error())
		default:
			problem.Write(w, http.StatusUnprocessableEntity, err.Error())
		}
	}
}
