package guide

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/shared/config"
)

// blockPatience bounds a command, startPatience the start of a program that stays, stopPatience its end.
const (
	blockPatience = 4 * time.Minute
	startPatience = 2 * time.Minute
	stopPatience  = 20 * time.Second
)

// ready are the words that a program says when it can be used: the command line's and an app's own.
var ready = regexp.MustCompile(`Ctrl-C|INFO listening`)

// portVariables are the ports that the documents name, and the variables that move them. 5001 is the documents' example
// of another port.
var portVariables = map[string]string{
	"5000": "PORT", "5001": "", "3306": "MYSQL_PORT", "3307": "PROXY_PORT", "8474": "TOXIPROXY_PORT", "8475": "CONSOLE_PORT",
}

// session runs the commands of one document, as the reader's terminals would: on ports of its own, so that documents run
// side by side and beside a workshop that is open on this machine.
type session struct {
	root string
	env  []string
	// real are the ports in use, by the documented ones; documented is the reverse.
	real, documented map[string]string
	terminals        []*terminal
}

// newSession is a session with ports and a config directory of its own. Settings of the real environment that would
// change what the documents show are left out, and so is that a make runs this: its own would say which folder they enter.
func newSession(root, home string) (*session, error) {
	workshop, err := config.Root()
	if err != nil {
		return nil, err
	}
	all, err := settings(workshop)
	if err != nil {
		return nil, err
	}
	s := &session{root: root, real: map[string]string{}, documented: map[string]string{}}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		if name != "MAKELEVEL" && !slices.ContainsFunc(all, func(one setting) bool { return one.name == name }) {
			s.env = append(s.env, pair)
		}
	}
	// Go reads its own settings in the config directory: these stay.
	goenv, err := exec.Command("go", "env", "GOENV").Output()
	if err != nil {
		return nil, fmt.Errorf("ask go for its settings: %w; is Go in the PATH?", err)
	}
	s.env = append(s.env, "XDG_CONFIG_HOME="+home, "GOENV="+strings.TrimSpace(string(goenv)))
	for documented, variable := range portVariables {
		number, err := port.Free("127.0.0.1")
		if err != nil {
			return nil, err
		}
		free := strconv.Itoa(number)
		s.real[documented], s.documented[free] = free, documented
		if variable != "" {
			s.env = append(s.env, variable+"="+free)
		}
	}
	// An app that is started alone, and toxiproxy-cli, look on the documented ports.
	s.env = append(s.env, "DB_PORT="+s.real["3307"], "TOXIPROXY_URL=http://127.0.0.1:"+s.real["8474"])
	return s, nil
}

var number = regexp.MustCompile(`\b\d{4,5}\b`)

// translate replaces every number that is a port in the list.
func translate(text string, ports map[string]string) string {
	return number.ReplaceAllStringFunc(text, func(port string) string {
		if other, ok := ports[port]; ok {
			return other
		}
		return port
	})
}

// asDocumented is what a program printed, as it prints it on the documented ports. There toxiproxy-cli needs no --host.
func (s *session) asDocumented(text string) string {
	return strings.ReplaceAll(translate(text, s.documented), " --host http://127.0.0.1:8474", "")
}

// command is the script as a process group of its own, at the workshop's root.
func (s *session) command(script string) *exec.Cmd {
	command := exec.Command("sh", "-ec", translate(script, s.real))
	command.Dir = s.root
	command.Env = s.env
	ownGroup(command)
	return command
}

// run runs the script to its end and returns what it printed, with the documented ports. The error holds what it said on
// standard error.
func (s *session) run(ctx context.Context, script string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, blockPatience)
	defer cancel()
	var output, complaints bytes.Buffer
	command := s.command(script)
	command.Stdout, command.Stderr = &output, &complaints
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("run a command: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { killGroup(command) })
	err := command.Wait()
	stop()
	if ctx.Err() != nil {
		err = fmt.Errorf("it did not end within %s", blockPatience)
	}
	printed := s.asDocumented(output.String())
	if err != nil {
		said := strings.TrimSpace(printed + "\n" + s.asDocumented(complaints.String()))
		err = fmt.Errorf("%w; it said:\n%s", err, said)
	}
	return printed, err
}

// open starts the script in a terminal and returns when it is ready. The terminals before are closed, unless it stands
// beside them.
func (s *session) open(ctx context.Context, script string, beside bool) error {
	if !beside {
		if err := s.close(); err != nil {
			return err
		}
	}
	t := &terminal{command: s.command(script), done: make(chan struct{}), ready: make(chan struct{})}
	t.command.Stdout, t.command.Stderr = t, t
	if err := t.command.Start(); err != nil {
		return fmt.Errorf("open a terminal: %w", err)
	}
	s.terminals = append(s.terminals, t)
	go func() {
		_ = t.command.Wait() // How it ended does not matter: it was to stay.
		close(t.done)
	}()
	select {
	case <-t.ready:
		return nil
	case <-t.done:
		return fmt.Errorf("it was to stay, and ended; it said:\n%s", t.text())
	case <-time.After(startPatience):
		return fmt.Errorf("it was not ready within %s; it said:\n%s", startPatience, t.text())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// log is what the open terminals show, with the documented ports.
func (s *session) log() []string {
	var lines []string
	for _, t := range s.terminals {
		lines = append(lines, outputLines(s.asDocumented(t.text()))...)
	}
	return lines
}

// close presses Ctrl-C in every terminal, the last one first, and waits. The error says which program did not end by it.
func (s *session) close() error {
	var errs []error
	for _, t := range slices.Backward(s.terminals) {
		interruptGroup(t.command)
		select {
		case <-t.done:
		case <-time.After(stopPatience):
			killGroup(t.command)
			<-t.done
			errs = append(errs, fmt.Errorf("Ctrl-C did not end it within %s; it said:\n%s", stopPatience, t.text()))
		}
	}
	s.terminals = nil
	return errors.Join(errs...)
}

// terminal is a program that stays, and what it says.
type terminal struct {
	command *exec.Cmd
	done    chan struct{}
	ready   chan struct{}

	mutex sync.Mutex
	said  bytes.Buffer
}

// Write keeps what the program says and notices when it is ready.
func (t *terminal) Write(piece []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	before := ready.Match(t.said.Bytes())
	t.said.Write(piece)
	if !before && ready.Match(t.said.Bytes()) {
		close(t.ready)
	}
	return len(piece), nil
}

// text is everything that the program said.
func (t *terminal) text() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.said.String()
}
