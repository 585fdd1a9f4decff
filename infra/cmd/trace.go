package cmd

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// traceFlags are the flags of trace.
type traceFlags struct {
	exercise int
	dir      string
	fault    string
	after    int
	json     bool
}

// How long the traced request waits for its answer, and how long its spans may take after that.
const (
	tracePatience = 15 * time.Second
	spansPatience = 5 * time.Second
)

// mostBefore bounds the requests before the traced one.
const mostBefore = 100

// newTraceCommand shows one request as a timeline.
func newTraceCommand() *cobra.Command {
	var flags traceFlags
	command := &cobra.Command{
		Use:   "trace",
		Short: "Send one request to an exercise, and show its attempts, dials and backoffs as a timeline",
		Long: "Send one request to an exercise, and show its attempts, dials and backoffs as a timeline.\n\n" +
			"Without --dir, it starts your own work/exercise<n> if there is one, and the workshop's exercise<n> if not. The database and\n" +
			"Toxiproxy are reused if they run. A fault that is already in place stays; --fault injects one for this request only.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runTrace(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), flags)
		},
	}
	command.Flags().IntVar(&flags.exercise, "ex", 0, "the exercise to trace: 1 to 5")
	command.Flags().StringVar(&flags.dir, "dir", "", "the folder of your own version of the exercise")
	command.Flags().StringVar(&flags.fault, "fault", "", "inject this fault of the catalogue meanwhile, such as flaky")
	command.Flags().IntVar(&flags.after, "after", 0, "send this many requests first, all at once, such as 12 to open the breaker")
	command.Flags().BoolVar(&flags.json, "json", false, "print the outcome, the limits and the spans as JSON")
	return command
}

// traced is a trace as JSON: what was asked for, what came of it, and the spans. A limit of 0 is none.
type traced struct {
	Exercise int          `json:"exercise"`
	Fault    string       `json:"fault"`
	After    int          `json:"after"`
	Timeout  int64        `json:"timeoutMs"`
	Attempts int          `json:"retryAttempts"`
	Deadline int64        `json:"deadlineMs"`
	Outcome  load.Outcome `json:"outcome"`
	Says     string       `json:"says"`
	trace.Request
}

// runTrace starts what is missing, traces one request, and ends all that it started.
func runTrace(ctx context.Context, out, progress io.Writer, flags traceFlags) (err error) {
	var fault toxi.Fault
	switch {
	case flags.exercise < 1 || flags.exercise > experiment.Stages:
		return cli.Usage(fmt.Errorf("say which exercise to trace, 1 to %d, such as: make trace EX=3 FAULT=flaky", experiment.Stages))
	case flags.after < 0 || flags.after > mostBefore:
		return cli.Usage(fmt.Errorf("--after %d is out of range; choose 0 to %d", flags.after, mostBefore))
	case flags.fault != "":
		if fault, err = toxi.Lookup(flags.fault); err != nil {
			return cli.Usage(err)
		}
	}
	limits, err := trace.ReadLimits()
	if err != nil {
		return err
	}
	root, err := config.Root()
	if err != nil {
		return err
	}
	subject, err := findSubject(root, verifyFlags{exercise: flags.exercise, dir: flags.dir})
	if err != nil {
		return cli.Usage(err)
	}
	plan, err := newPlan(ctx, progress)
	if err != nil {
		return err
	}
	running, err := stack.Start(ctx, plan.Infra)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.Close()) }()
	inPlace := running.Fault
	if inPlace != "" && flags.fault != "" && flags.fault != inPlace {
		return fmt.Errorf("the fault %s is in place; leave out FAULT to trace a request under it, or remove it first: make calm", inPlace)
	}
	var binary string
	err = cli.Step("Building "+subject.Folder+"; the first time takes a minute", func() (err error) {
		binary, err = app.Build(ctx, subject.App.Dir)
		return err
	})
	if err != nil {
		return err
	}

	env, err := appEnvironment(running, config.App{Bind: "127.0.0.1"})
	if err != nil {
		return err
	}
	spans, err := listenForSpans()
	if err != nil {
		return err
	}
	defer spans.server.Close()
	maps.Copy(env, trace.Environment(spans.url, 50*time.Millisecond))
	process, err := app.Start(ctx, app.Options{Binary: binary, Env: env})
	if err != nil {
		return err
	}
	defer process.Kill() // Nobody waits for requests that it still answers.

	if flags.fault != "" && inPlace == "" {
		injection, err := running.Toxi.InjectOwn(ctx, toxi.ProxyName, fault)
		if err != nil {
			return err
		}
		defer func() {
			_, failed := injection.Remove(context.WithoutCancel(ctx))
			err = errors.Join(err, failed)
		}()
		inPlace = flags.fault
	}
	request, err := spans.trace(ctx, process.URL+"/api/flights/routes?from=LHR&to=JFK", flags.after)
	if err != nil {
		return err
	}
	if inPlace == "" {
		inPlace = "none"
	}
	limits = limits.Of(flags.exercise)
	if flags.json {
		return printJSON(out, traced{
			flags.exercise, inPlace, flags.after, limits.Timeout.Milliseconds(), limits.Attempts, limits.Deadline.Milliseconds(),
			request.Outcome(), request.Sentence(limits), request,
		})
	}
	fmt.Fprintf(out, "%s\n\n", title("One request to %s, started for this trace; fault: %s", subject.Folder, inPlace))
	request.Print(out, limits)
	return nil
}

// spanServer receives the spans of the app, on a port of its own.
type spanServer struct {
	url    string
	server *http.Server
	found  chan trace.Request
	id     string // Of the trace that is wanted.
}

func listenForSpans() (*spanServer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("receive spans: %w", err)
	}
	id := make([]byte, 16)
	_, _ = rand.Read(id) // It never fails.
	s := &spanServer{url: "http://" + listener.Addr().String(), found: make(chan trace.Request, 1), id: fmt.Sprintf("%x", id)}
	routes := http.NewServeMux()
	routes.Handle("/v1/traces", &trace.Receiver{Done: func(request trace.Request) {
		if request.Span.TraceID != s.id {
			return
		}
		select {
		case s.found <- request:
		default:
		}
	}})
	s.server = &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	go func() { _ = s.server.Serve(listener) }() // It ends with the command.
	return s, nil
}

// trace sends a number of requests, and then the one whose spans it returns.
func (s *spanServer) trace(ctx context.Context, address string, before int) (trace.Request, error) {
	client := &http.Client{Timeout: tracePatience, Transport: &http.Transport{DisableKeepAlives: true}}
	send := func(traceparent string) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		request.Header.Set("traceparent", traceparent)
		answer, err := client.Do(request)
		if err != nil {
			return err
		}
		return answer.Body.Close()
	}
	var others sync.WaitGroup
	for range before {
		others.Go(func() { _ = send("") })
	}
	others.Wait()
	_ = send("00-" + s.id + "-00000000000000ff-01") // Whatever the answer, or none, the spans tell it.
	select {
	case request := <-s.found:
		return request, nil
	case <-ctx.Done():
		return trace.Request{}, ctx.Err()
	case <-time.After(spansPatience):
		return trace.Request{}, fmt.Errorf("the app sent no spans within %s; does it serve with shared/server, and open its database with shared/database?", spansPatience)
	}
}
