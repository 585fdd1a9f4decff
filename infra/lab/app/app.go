package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// startPatience bounds the time from an app's start to its first answer, stopPatience the time from the request to end
// to its end: longer than the app's own grace for requests in flight.
const (
	startPatience = 20 * time.Second
	stopPatience  = 12 * time.Second
)

// Options say what to start and how.
type Options struct {
	// Binary is what Build returned.
	Binary string
	// Env is added to this process's environment. Without a PORT the app gets a free one.
	Env map[string]string
	// Output gets what the app logs; nil drops it.
	Output io.Writer
}

// Process is a running exercise.
type Process struct {
	// URL is the app's address, such as http://127.0.0.1:5000.
	URL string

	command *exec.Cmd
	client  *http.Client
	done    chan struct{}
	words   *tail
	err     error // Set before done is closed.
}

// Start starts an app and returns when it answers. The error holds the app's own words if it ended instead.
func Start(ctx context.Context, options Options) (*Process, error) {
	host, port := options.Env["BIND"], options.Env["PORT"]
	if host == "" {
		host = "127.0.0.1"
	}
	if port == "" || port == "0" {
		free, err := freePort(host)
		if err != nil {
			return nil, fmt.Errorf("start the app: %w", err)
		}
		port = free
	}
	app := &Process{
		URL:     "http://" + net.JoinHostPort(reachable(host), port),
		command: exec.Command(options.Binary),
		client:  &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}},
		done:    make(chan struct{}),
		words:   &tail{},
	}
	output := io.Writer(app.words)
	if options.Output != nil {
		output = io.MultiWriter(options.Output, app.words)
	}
	app.command.Stdout, app.command.Stderr = output, output
	app.command.Env = os.Environ()
	for name, value := range options.Env {
		app.command.Env = append(app.command.Env, name+"="+value)
	}
	app.command.Env = append(app.command.Env, "BIND="+host, "PORT="+port)
	prepare(app.command)
	if err := app.command.Start(); err != nil {
		return nil, fmt.Errorf("start the app: %w", err)
	}
	go func() {
		app.err = app.command.Wait()
		close(app.done)
	}()
	if err := app.await(ctx); err != nil {
		app.Kill()
		return nil, err
	}
	return app, nil
}

// await returns when the app answers, or says why it never will.
func (a *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		if _, err := a.Metrics(ctx); err == nil {
			return nil
		}
		select {
		case <-a.done:
			return fmt.Errorf("the app ended at its start: %s", a.words)
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return fmt.Errorf("the app did not answer GET %s/metrics within %s; its last words: %s", a.URL, startPatience, a.words)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// PID is the process id.
func (a *Process) PID() int { return a.command.Process.Pid }

// Done is closed when the app has ended.
func (a *Process) Done() <-chan struct{} { return a.done }

// Err is how the app ended, nil for well; valid after Done. It holds the app's last words.
func (a *Process) Err() error {
	if a.err == nil {
		return nil
	}
	return fmt.Errorf("the app ended with %w: %s", a.err, a.words)
}

// Stop asks the app to end, waits until its requests in flight are answered, and kills it if that takes longer than 12 s.
func (a *Process) Stop() error {
	defer a.client.CloseIdleConnections()
	if err := interrupt(a.command); err != nil && !errors.Is(err, os.ErrProcessDone) {
		a.Kill()
		return fmt.Errorf("stop the app: %w", err)
	}
	select {
	case <-a.done:
		return a.Err()
	case <-time.After(stopPatience):
		a.Kill()
		return fmt.Errorf("the app did not end within %s and was killed", stopPatience)
	}
}

// Kill ends the app at once, as a crash would.
func (a *Process) Kill() {
	_ = a.command.Process.Kill() // It may have ended already.
	<-a.done
}

// freePort is a port of the host on which nothing listens now.
func freePort(host string) (string, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// reachable is the address to call for a server that listens on host.
func reachable(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// tail keeps the last of what an app said.
type tail struct {
	mutex sync.Mutex
	text  []byte
}

// tailSize is how much is kept, in bytes.
const tailSize = 4 << 10

func (t *tail) Write(piece []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.text = append(t.text, piece...)
	if len(t.text) > tailSize {
		t.text = t.text[len(t.text)-tailSize:]
	}
	return len(piece), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if text := strings.TrimSpace(string(t.text)); text != "" {
		return text
	}
	return "it said nothing"
}
