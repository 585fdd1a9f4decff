package bench

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/shared/config"
)

func TestMain(m *testing.M) {
	// Toxiproxy itself leaves the links of clients that went away while a toxic was changed.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// root is the workshop's folder.
func root(b *testing.B) string {
	b.Helper()
	dir, err := config.Root()
	if err != nil {
		b.Fatal(err)
	}
	return dir
}

// ask asks the app for its routes and returns how long the whole answer took; 0 when it was not a good one.
func ask(client *http.Client, app string) time.Duration {
	start := time.Now()
	response, err := client.Get(app + "/api/flights/routes?from=LHR&to=JFK")
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK {
		return 0
	}
	return time.Since(start)
}

// middle is the median, in the unit.
func middle(times []time.Duration, unit time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(times))
	return float64(sorted[len(sorted)/2]) / float64(unit)
}

// program is a command of the workshop that runs on free ports.
type program struct {
	command *exec.Cmd
	ports   map[string]string
	ended   chan struct{}
	said    *said
}

// startProgram starts a command in the workshop's folder. end ends it.
func startProgram(b *testing.B, arguments ...string) *program {
	b.Helper()
	if runtime.GOOS == "windows" {
		require.Missing(b, "a signal to end another program with")
	}
	p := &program{command: exec.Command(arguments[0], arguments[1:]...), ports: map[string]string{}, ended: make(chan struct{}), said: &said{}}
	p.command.Dir, p.command.Stdout, p.command.Stderr = root(b), p.said, p.said
	p.command.Env = append(os.Environ(), "BIND=127.0.0.1")
	p.command.WaitDelay = 5 * time.Second
	for _, variable := range []string{"MYSQL_PORT", "PROXY_PORT", "TOXIPROXY_PORT", "CONSOLE_PORT", "PORT"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer listener.Close()
		_, p.ports[variable], _ = net.SplitHostPort(listener.Addr().String())
		p.command.Env = append(p.command.Env, variable+"="+p.ports[variable])
	}
	if err := p.command.Start(); err != nil {
		b.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // It ends by a signal.
	}()
	return p
}

// await returns when ready says so.
func (p *program) await(b *testing.B, ready func() bool) {
	b.Helper()
	for end := time.Now().Add(2 * time.Minute); !ready(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-p.ended:
			b.Fatalf("%v ended: %s", p.command.Args, p.said)
		default:
		}
		if time.Now().After(end) {
			p.end()
			b.Fatalf("%v was not ready in time: %s", p.command.Args, p.said)
		}
	}
}

// end ends the program and waits for it. make passes on a SIGTERM to what it runs, and no SIGINT.
func (p *program) end() {
	_ = p.command.Process.Signal(syscall.SIGTERM) // It may have ended.
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// said keeps what a program prints.
type said struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (s *said) Write(piece []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.Write(piece)
}

func (s *said) String() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.text.String()
}

// exercise is the folder of an exercise.
func exercise(b *testing.B, number int) string {
	b.Helper()
	return filepath.Join(root(b), fmt.Sprintf("exercise%d", number))
}
