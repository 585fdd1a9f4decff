package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"chaosworkshop/infra/chaos/load"
)

// startPatience is how long a start may take.
const startPatience = 2 * time.Minute

// startup is the time from `make exercise3` to the first answer with real rows, when nothing is left to compile.
func startup(ctx context.Context, s *session) ([]Row, error) {
	program, err := exec.LookPath("make")
	if err != nil || runtime.GOOS == "windows" {
		return nil, errMissing("make on a system with signals")
	}
	var starts []time.Duration
	// The first start may have something to compile.
	for i := range 1 + pick(s, 7, 1) {
		took, err := s.start3(ctx, program)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			starts = append(starts, took)
			s.say("start %d: %s", i, took.Round(time.Millisecond))
		}
	}
	return []Row{{
		Name:  "make exercise3 to its first answer, caches warm",
		Value: quantile(starts, 0.5), Unit: "ms", Command: "make bench ONLY=startup",
		Target: atMost(2000), Wide: atMost(10_000),
		Note: fmt.Sprintf("median of %d; the slowest %s ms", len(starts), number(quantile(starts, 1))),
	}}, nil
}

// start3 runs `make exercise3` on ports of its own until it answers, and returns how long that took.
func (s *session) start3(ctx context.Context, program string) (time.Duration, error) {
	env, port, err := freePorts()
	if err != nil {
		return 0, err
	}
	output := &journal{}
	command := exec.Command(program, "exercise3")
	command.Dir, command.Stdout, command.Stderr, command.Env = s.root, output, output, append(os.Environ(), env...)
	client := newClient()
	defer client.CloseIdleConnections()
	start := time.Now()
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("start make: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = command.Wait() // It ends by a signal.
	}()
	// make passes the signal on to what it runs.
	defer func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	}()
	for time.Since(start) < startPatience {
		if ask(ctx, client, "http://127.0.0.1:"+port, load.Pair{From: "LHR", To: "JFK"}).status == 200 {
			return time.Since(start), nil
		}
		select {
		case <-ended:
			return 0, fmt.Errorf("make exercise3 ended: %s", output.text.String())
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
	return 0, errors.New("make exercise3 gave no answer in time")
}

// freePorts are settings that put everything on free ports, and the app's port.
func freePorts() (env []string, app string, err error) {
	for _, variable := range []string{"MYSQL_PORT", "PROXY_PORT", "TOXIPROXY_PORT", "CONSOLE_PORT", "PORT"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, "", fmt.Errorf("find a free port: %w", err)
		}
		defer listener.Close()
		app = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
		env = append(env, variable+"="+app)
	}
	return append(env, "BIND=127.0.0.1"), app, nil
}
