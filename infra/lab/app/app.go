// Package app builds the exercises and runs them as processes of their own.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"chaosworkshop/infra/internal/port"
)

// startPatience bounds the time from an app's start to its first answer. stopPatience bounds the time from the request to
// stop until the app has ended; it is longer than the app's own grace period for requests in flight.
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
	// Output gets what the app logs; nil discards it.
	Output io.Writer
}

// Process is a running exercise.
type Process struct {
	// URL is the app's address, such as http://127.0.0.1:5000.
	URL string

	command *exec.Cmd
	done    chan struct{}
	words   *tail
	err     error // Set before done is closed.
}

// Start starts an app and returns when it answers. The error holds the app's own words if it ended instead.
func Start(ctx context.Context, options Options) (*Process, error) {
	host, number := cmp.Or(options.Env["BIND"], "127.0.0.1"), options.Env["PORT"]
	if number == "" || number == "0" {
		free, err := port.Free(host)
		if err != nil {
			return nil, fmt.Errorf("start the app: %w", err)
		}
		number = strconv.Itoa(free)
	}
	process := &Process{
		URL:     "http://" + port.Reachable(net.JoinHostPort(host, number)),
		command: exec.Command(options.Binary),
		done:    make(chan struct{}),
		words:   &tail{},
	}
	output := io.Writer(process.words)
	if options.Output != nil {
		output = io.MultiWriter(options.Output, process.words)
	}
	command := process.command
	command.Stdout, command.Stderr = output, output
	command.Env = os.Environ()
	for name, value := range options.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Env = append(command.Env, "BIND="+host, "PORT="+number)
	prepare(command)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the app: %w", err)
	}
	go func() {
		process.err = command.Wait()
		close(process.done)
	}()
	if err := process.await(ctx); err != nil {
		process.Kill()
		return nil, err
	}
	return process, nil
}

// await returns when the app answers, or says why it never will.
func (p *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		if _, err := p.Metrics(ctx); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("the app ended during start-up: %s", p.words)
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return ctx.Err()
			}
			return fmt.Errorf("the app did not answer GET %s/metrics within %s; its last words: %s", p.URL, startPatience, p.words)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// PID is the process id.
func (p *Process) PID() int { return p.command.Process.Pid }

// Done is closed when the app has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the app ended, with its last words; nil if it ended well. It is valid after Done.
func (p *Process) Err() error {
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("the app ended with %w: %s", p.err, p.words)
}

// Stop asks the app to end, waits until its requests in flight are answered, and kills it if that takes longer than 12 s.
func (p *Process) Stop() error {
	if err := interrupt(p.command); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.Kill()
		return fmt.Errorf("stop the app: %w", err)
	}
	select {
	case <-p.done:
		return p.Err()
	case <-time.After(stopPatience):
		p.Kill()
		return fmt.Errorf("the app did not end within %s and was killed", stopPatience)
	}
}

// Kill ends the app at once, as a crash would.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // It may have ended already.
	<-p.done
}

// tail keeps the end of an app's output.
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
