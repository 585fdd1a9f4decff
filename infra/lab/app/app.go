// Package app builds the apps under test and runs them: the exercises, your own folder, a command line in any
// language, or an app that is already running.
package app

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"chaosworkshop/infra/internal/port"
)

// startPatience bounds the time from an app's start to its first answer. stopPatience bounds the time from the request to
// stop until the app has ended; it is longer than the app's own grace period for requests in flight. pipePatience is how
// long an app's output is awaited once the app has ended: a child may still hold it.
const (
	startPatience = 15 * time.Second
	stopPatience  = 12 * time.Second
	pipePatience  = time.Second
)

// Options say what to start and how: a Binary, a Script, or nothing because the app runs at URL already.
type Options struct {
	// Binary is what Build returned.
	Binary string
	// Script is a command line in any language, for the system's shell (sh, on Windows cmd).
	Script string
	// URL is the address of an app that is already running, and that is left running.
	URL string
	// Dir is the folder to start in; empty means this process's own.
	Dir string
	// Env is added to this process's environment. Without a PORT, the app gets a free one.
	Env map[string]string
	// Output gets what the app logs; nil discards it.
	Output io.Writer
	// Name is what errors call it; empty means "the app".
	Name string
	// Reads are the variables that errors say it must read; empty means "BIND and PORT".
	Reads string
	// Patience bounds the time until its first answer; 0 means 15 s.
	Patience time.Duration
}

// Process is a running app.
type Process struct {
	// URL is the app's address, such as http://127.0.0.1:5000.
	URL string

	name    string
	reads   string
	command *exec.Cmd // nil for an app that was already running.
	group   group
	done    chan struct{}
	words   *tail
	err     error // Set before done is closed.
}

// Start starts an app and returns when it answers HTTP, whatever it answers. The error is one line, with the app's own last
// words.
func Start(ctx context.Context, options Options) (*Process, error) {
	process := &Process{
		URL: strings.TrimRight(options.URL, "/"), name: cmp.Or(options.Name, "the app"), reads: cmp.Or(options.Reads, "BIND and PORT"),
		done: make(chan struct{}), words: &tail{},
	}
	if options.URL == "" {
		if err := process.start(options); err != nil {
			return nil, fmt.Errorf("start %s: %w", process.name, err)
		}
	}
	if err := process.await(ctx, cmp.Or(options.Patience, startPatience)); err != nil {
		process.Kill()
		return nil, err
	}
	return process, nil
}

// start starts the process.
func (p *Process) start(options Options) error {
	host, number := cmp.Or(options.Env["BIND"], "127.0.0.1"), options.Env["PORT"]
	if number == "" || number == "0" {
		free, err := port.Free(host)
		if err != nil {
			return err
		}
		number = strconv.Itoa(free)
	}
	p.URL = "http://" + port.Reachable(net.JoinHostPort(host, number))
	command := exec.Command(options.Binary)
	if options.Script != "" {
		command = shell(options.Script)
	}
	output := io.Writer(p.words)
	if options.Output != nil {
		output = io.MultiWriter(options.Output, p.words)
	}
	command.Stdout, command.Stderr = output, output
	command.Dir, command.WaitDelay = options.Dir, pipePatience
	command.Env = os.Environ()
	for name, value := range options.Env {
		command.Env = append(command.Env, name+"="+value)
	}
	command.Env = append(command.Env, "BIND="+host, "PORT="+number)
	prepare(command)
	if err := command.Start(); err != nil {
		return err
	}
	p.command, p.group = command, newGroup(command.Process)
	go func() {
		err := command.Wait()
		if !errors.Is(err, exec.ErrWaitDelay) { // Only says that a child held the output.
			p.err = err
		}
		p.group.kill() // Whatever it started ends with it.
		close(p.done)
	}()
	return nil
}

// await returns when the app answers, or says why it never will.
func (p *Process) await(ctx context.Context, patience time.Duration) error {
	const (
		pace = 10 * time.Millisecond
		look = 500 * time.Millisecond
	)
	// How long an app may listen only on other ports: some open ports of their own first.
	elsewhere := max(4*time.Second, patience-11*time.Second)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	begin := time.Now()
	alone, looked := begin, begin
	for {
		listens, err := p.answers(ctx)
		if err == nil {
			return nil
		}
		if untrusted, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
			return fmt.Errorf("this computer does not trust the certificate of %s at %s; add it to the trusted certificates, or on Linux set SSL_CERT_FILE=cert.pem (%w)", p.name, p.URL, untrusted)
		}
		if listens {
			alone = time.Now()
		}
		if time.Since(looked) > look {
			looked = time.Now()
			other := p.group.listening()
			if len(other) == 0 || slices.Contains(other, p.address()) { // A busy computer may have been slow to start it.
				alone = looked
			} else if time.Since(alone) > elsewhere {
				return fmt.Errorf("%s listens on %s, but not on %s; make it read %s from its environment; %s",
					p.name, strings.Join(other, " and "), p.address(), p.reads, p.words)
			}
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended during start-up, with %s; %s", p.name, p.exit(), p.words)
		case <-ctx.Done():
			switch {
			case errors.Is(ctx.Err(), context.Canceled):
				return ctx.Err()
			case listens:
				return fmt.Errorf("%s listens on %s, but gave no HTTP answer within %s (%w); %s", p.name, p.address(), time.Since(begin).Round(time.Second), err, p.words)
			case p.command == nil:
				return fmt.Errorf("nothing listens on %s; start %s first, or correct the URL", p.address(), p.name)
			}
			return fmt.Errorf("nothing listens on %s, %s after the start; make %s read %s from its environment; %s",
				p.address(), time.Since(begin).Round(time.Second), p.name, p.reads, p.words)
		case <-time.After(pace):
		}
	}
}

// answers tells whether something listens at the app's address, and returns nil when it answers HTTP. It asks for the
// metrics, which the exercises do not log; an app without them answers as well. If they hang, it asks for the root.
func (p *Process) answers(ctx context.Context) (listens bool, err error) {
	client := &http.Client{
		Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { listens = true }})
	for _, path := range []string{"/metrics", "/"} {
		var request *http.Request
		if request, err = http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, nil); err != nil {
			return false, err
		}
		var response *http.Response
		if response, err = client.Do(request); err == nil {
			return listens, response.Body.Close()
		}
		if !listens {
			break
		}
	}
	return listens, err
}

// address is the app's host and port.
func (p *Process) address() string { return strings.TrimPrefix(p.URL, "http://") }

// exit is how the app ended, such as exit status 1.
func (p *Process) exit() string {
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// PID is the process id; 0 for an app that was already running.
func (p *Process) PID() int {
	if p.command == nil {
		return 0
	}
	return p.command.Process.Pid
}

// Words are the end of its output in one line, or that it printed nothing.
func (p *Process) Words() string { return p.words.String() }

// Done is closed when the app has ended; never for one that was already running.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the app ended, with its last words; nil if it ended well. It is valid after Done.
func (p *Process) Err() error {
	if p.err == nil {
		return nil
	}
	return fmt.Errorf("%s ended with %w; %s", p.name, p.err, p.words)
}

// Stop asks the app to end, waits until its requests in flight are answered, and kills it if that takes longer than 12 s.
// An app that was already running keeps running.
func (p *Process) Stop() error {
	if p.command == nil {
		return nil
	}
	if p.ended() {
		return p.Err()
	}
	if err := p.group.interrupt(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.Kill()
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	select {
	case <-p.done:
		return p.Err()
	case <-time.After(stopPatience):
		p.Kill()
		return fmt.Errorf("%s did not end within %s and was killed", p.name, stopPatience)
	}
}

// Kill ends the app and whatever it started at once, as a crash would. An app that was already running keeps running.
func (p *Process) Kill() {
	if p.command == nil || p.ended() {
		return
	}
	p.group.kill()
	<-p.done
}

// ended tells whether the app has ended; its id may then be that of another process.
func (p *Process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
