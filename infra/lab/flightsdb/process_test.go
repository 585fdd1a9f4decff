package flightsdb

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/openflights"
)

// serveVariable makes the test program a server of the OpenFlights data in the folder that the variable names.
const serveVariable = "FLIGHTSDB_TEST_SERVE"

// limitVariable is how long a statement of that server may take; empty is the default.
const limitVariable = "FLIGHTSDB_TEST_LIMIT"

// serve is the server of a process: it says its address and runs until its input ends.
func serve(dir string) error {
	data := openflights.Sample()
	if dir != sampleData {
		var err error
		if data, _, err = openflights.Load(dir); err != nil {
			return err
		}
	}
	limits := defaultLimits
	if text := os.Getenv(limitVariable); text != "" {
		limit, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		limits.statement = limit
	}
	s, err := startWithin(context.Background(), Options{Addr: "127.0.0.1:0", RootPassword: password, Data: data}, limits)
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	_, _ = io.Copy(io.Discard, os.Stdin)
	return s.Close()
}

// sampleData stands for the built-in sample instead of a folder.
const sampleData = "sample"

// process is a server in a process of its own.
type process struct {
	addr    string
	started time.Time
	pid     int
}

// startProcess runs a server of the data in the folder until the test ends.
func startProcess(t testing.TB, dir string) process {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), serveVariable+"="+dir)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	addr, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("server in a process: %v", err)
	}
	t.Cleanup(func() {
		input.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("server in a process: %v", err)
		}
	})
	return process{addr: strings.TrimSpace(addr), started: started, pid: command.Process.Pid}
}

// resident is the largest memory that the process has had in RAM so far, in megabytes.
func (p process) resident(t testing.TB) float64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		require.Missing(t, "/proc, which only Linux has")
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		t.Fatalf("read memory of process: %v", err)
	}
	return kilobytes / 1024
}

// copyTimes copies the OpenFlights data in the folder with n times its routes, and returns the folder of the copy. The
// copied routes start from airports of their own, so that an answer has as many rows as before.
func copyTimes(t testing.TB, dir string, n int) string {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	routes, err := os.ReadFile(filepath.Join(dir, "routes.dat"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(copied, "routes.dat"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer := bufio.NewWriter(file)
	for number := range n {
		for line := range strings.Lines(string(routes)) {
			fields := strings.Split(line, ",")
			if number > 0 {
				fields[2] += fmt.Sprint(number)
			}
			writer.WriteString(strings.Join(fields, ","))
		}
	}
	if err := writer.Flush(); err != nil {
		t.Fatal(err)
	}
	return copied
}
