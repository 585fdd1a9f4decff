package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"chaosworkshop/infra/lab/toxi"
)

// raceProcesses are those of a race: the console with the database and Toxiproxy, and five apps.
const raceProcesses = 6

// memory is what a race takes under its usual load, in calm and under a flaky network: of RAM the sum over all its
// processes, at most, and of the processors what all but the apps take.
func memory(ctx context.Context, s *session) ([]Row, error) {
	if _, err := exec.LookPath("ps"); err != nil {
		return nil, errMissing("ps")
	}
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	env, _, err := freePorts()
	if err != nil {
		return nil, err
	}
	output := &journal{}
	command := exec.Command(program, "race")
	command.Dir, command.Stdout, command.Stderr, command.Env = s.root, output, output, append(os.Environ(), env...)
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start the race: %w", err)
	}
	defer func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait() // It ends by a signal.
	}()
	began := time.Now()
	for tree(ctx, command.Process.Pid).processes != raceProcesses {
		if time.Since(began) > startPatience || ctx.Err() != nil {
			return nil, errors.Join(errors.New("the race did not start: "+output.text.String()), ctx.Err())
		}
		time.Sleep(pollPace)
	}
	var rows []Row
	const lasts = 15 * time.Second
	proxy := toxi.NewClient("http://127.0.0.1:" + strings.TrimPrefix(env[2], "TOXIPROXY_PORT="))
	for _, fault := range []string{"calm", "flaky"} {
		s.say("a race for %s: %s", lasts, fault)
		if fault != "calm" {
			toxic, err := toxi.Lookup(fault)
			if err != nil {
				return nil, err
			}
			if err := proxy.Inject(ctx, toxi.ProxyName, toxic); err != nil {
				return nil, err
			}
		}
		most, console := 0.0, 0.0
		start, first := time.Now(), tree(ctx, command.Process.Pid)
		for more := during(lasts); more() && ctx.Err() == nil; time.Sleep(pollPace) {
			if now := tree(ctx, command.Process.Pid); now.processes == raceProcesses && now.resident > most {
				most, console = now.resident, now.root
			}
		}
		rows = append(rows, Row{
			Name: "a race in RAM: " + fault, Value: most, Unit: "MB", Command: "make bench ONLY=memory",
			Target: atMost(300), Wide: atMost(600),
			Note: fmt.Sprintf("the most in %s, all resident sets together: database, Toxiproxy and console %s MB, five apps %s MB",
				lasts, number(console), number(most-console)),
		}, Row{
			Name: "a race on the processors, without the apps: " + fault, Unit: "cores", Command: "make bench ONLY=memory",
			Value:  (tree(ctx, command.Process.Pid).processor - first.processor) / time.Since(start).Seconds(),
			Target: atMost(1), Wide: atMost(2),
			Note: fmt.Sprintf("the mean of %s, with 5 times 50 requests a second: load, console, Toxiproxy and database", lasts),
		})
	}
	return rows, ctx.Err()
}

// processTree is a process with its children: how many there are, their resident sets in megabytes, and the seconds that
// the root alone had a processor.
type processTree struct {
	processes      int
	root, resident float64
	processor      float64
}

// tree asks the system about a process and its children; nothing when it does not say.
func tree(ctx context.Context, root int) processTree {
	output, err := exec.CommandContext(ctx, "ps", "-A", "-o", "pid=,ppid=,rss=,time=").Output()
	if err != nil {
		return processTree{}
	}
	var found processTree
	for line := range strings.Lines(string(output)) {
		var pid, parent int
		var kilobytes float64
		var processor string
		if _, err := fmt.Sscan(line, &pid, &parent, &kilobytes, &processor); err != nil {
			continue
		}
		switch root {
		case pid:
			found.root, found.processor = kilobytes/1024, seconds(processor)
		case parent:
		default:
			continue
		}
		found.processes++
		found.resident += kilobytes / 1024
	}
	return found
}

// seconds reads a time as ps writes it: minutes and seconds, with hours before them where there are any.
func seconds(text string) float64 {
	total := 0.0
	for field := range strings.SplitSeq(text, ":") {
		value, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return 0
		}
		total = total*60 + value
	}
	return total
}
