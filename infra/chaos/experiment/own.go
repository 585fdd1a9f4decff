package experiment

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
)

// Journal is the record of one experiment: what ran, and what happened.
type Journal struct {
	Experiment Experiment `json:"experiment"`
	// Tries counts the runs: one that is not enough for a verdict is repeated once, unless that would change nothing.
	Tries int  `json:"tries"`
	Run   *Run `json:"run"`
}

// RunFile runs an experiment that Load has read. The error says that the environment is broken. Whatever happens, every
// fault is gone and the command has ended when it returns. say tells people what takes long.
func RunFile(ctx context.Context, e Experiment, say func(line string)) (Journal, error) {
	journal := Journal{Experiment: e}
	for {
		// The journal names the service, but not its environment, which may hold passwords.
		run := &Run{Experiment: e.ID, Folder: load.Shown(e.Target.URL) + e.Target.Command}
		if err := observe(ctx, e, e.lab(say), run); err != nil {
			return journal, err
		}
		run.judge(e)
		run.settle(journal.Run)
		journal.Run = run
		journal.Tries++
		again := run.again()
		if again == "" || run.lasting || journal.Tries == 2 {
			return journal, nil
		}
		say("Running again: " + again)
		awaitQuiet(ctx)
	}
}

// lab is where an experiment of a file runs. say tells people what takes long.
func (e Experiment) lab(say func(line string)) lab {
	answers := &right{requests: e.Requests, calm: map[int]any{}, lacks: map[place]error{}}
	options := load.Options{Seed: DefaultSeed, Right: answers.is, Timeout: load.DefaultTimeout}
	for _, request := range e.Requests {
		header := http.Header{}
		for name, value := range request.Headers {
			header.Set(name, value)
		}
		options.Requests = append(options.Requests, load.Request{Method: request.Method, Path: request.Path, Header: header, Body: request.Body})
	}
	return lab{
		proxies: e.Proxies, api: e.API, load: options, health: e.Target.Health, plain: true,
		start:   func(ctx context.Context, _ string) (*app.Process, error) { return e.Target.start(ctx, say) },
		mistake: e.mistake, differences: answers.differences,
		lacks: func() error {
			for at, wrong := range answers.lacks {
				if wrong != nil {
					return e.mistake(fmt.Sprintf("in the steady state, no answer has a value at %s: %v", at.path, wrong), "requests", strconv.Itoa(at.request), "right", "json", at.path)
				}
			}
			return nil
		},
	}
}

// moreTime is the advice for a service that starts slowly.
const moreTime = "if the service only needs more time, add `start: 60s` under target"

// start starts the service, unless it is already running, and returns when it is ready.
func (t Target) start(ctx context.Context, say func(line string)) (*app.Process, error) {
	const answers, ready = 15 * time.Second, 30 * time.Second // The schema says so.
	begin, first, all := time.Now(), cmp.Or(t.wait, answers), cmp.Or(t.wait, answers+ready)
	options := app.Options{URL: t.URL, Name: "the service", Reads: "PORT", Patience: first}
	if t.Command != "" {
		options.Script, options.Dir, options.Env = t.Command, t.Dir, t.Env
	}
	waiting := func(what string, most time.Duration) *time.Timer {
		return time.AfterFunc(time.Second, func() {
			say(fmt.Sprintf("Waiting for the service to answer%s, until %s.", what, begin.Add(most).Format(time.TimeOnly)))
		})
	}
	where := ""
	if t.URL != "" {
		where = " at " + load.Shown(t.URL)
	}
	slow := waiting(where, first)
	process, err := app.Start(ctx, options)
	slow.Stop()
	if err != nil && t.Command != "" && time.Since(begin) >= first {
		return nil, fmt.Errorf("%w; %s", err, moreTime)
	}
	if err != nil || t.Ready == "" {
		return process, err
	}
	defer waiting(" 2xx at "+load.Shown(process.URL)+t.Ready, all).Stop()
	ctx, cancel := context.WithDeadline(ctx, begin.Add(all))
	defer cancel()
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for said := "no answer"; ; {
		if status, _, reason := askHealth(ctx, client, process.URL+t.Ready); status/100 == 2 {
			return process, nil
		} else if status > 0 {
			said = fmt.Sprint("status ", status)
		} else {
			said = reason
		}
		select {
		case <-ctx.Done():
			process.Kill()
			return nil, fmt.Errorf("the service is not ready: GET %s%s returned %s; %s", process.URL, t.Ready, said, moreTime)
		case <-process.Done():
			return nil, fmt.Errorf("the service ended before it was ready: %w", process.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}
