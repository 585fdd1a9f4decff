package cmd

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/start"
	"chaosworkshop/shared/config"
)

// wantExit checks the exit code of err.
func wantExit(t *testing.T, err error, want int) {
	t.Helper()
	if got := cli.ExitCode(err); got != want {
		t.Errorf("got %v, want the exit code %d", err, want)
	}
}

// The first failure is explained, with its hint; further hints come without another run.
func TestVerifyNamesWhatBrokeAndHints(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, NOTHING WAS TESTED: -short leaves out what takes seconds")
	}
	t.Parallel()
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	out, progress, err := command(t, "verify", "--ex", "2", "--dir", filepath.Join(root, "exercise1"))
	wantExit(t, err, cli.Failed)
	if !strings.Contains(out, "no answer later than the bound") || !strings.Contains(out, "Hint 1 of 3") {
		t.Errorf("got %s, want the missing bound and the first hint", out)
	}
	if !strings.Contains(progress, "Judging exercise1 by E1 to E2") {
		t.Errorf("progress: got %q, want what runs", progress)
	}
	for hint, want := range map[string]string{"2": "Hint 2 of 3", "3": "+++"} {
		began := time.Now()
		out, _, err = command(t, "verify", "--ex", "2", "--hint", hint)
		if err != nil || !strings.Contains(out, want) || time.Since(began) > 2*time.Second {
			t.Errorf("hint %s: got %s, %v after %s, want %q at once", hint, out, err, time.Since(began), want)
		}
	}
	if _, _, err = command(t, "verify", "--ex", "3", "--hint", "2"); err == nil || !strings.Contains(err.Error(), "make verify EX=3") {
		t.Errorf("a hint without a run: got %v, want how to run", err)
	}
}

// Wrong usage exits 2 and says what is right.
// What failed is explained before what noise made inconclusive.
func TestVerifyExplainsAFailureFirst(t *testing.T) {
	cell := func(number int, verdict experiment.Verdict) experiment.Cell {
		return experiment.Cell{Number: number, Want: experiment.Passed, Run: &experiment.Run{Verdict: verdict}}
	}
	for _, test := range []struct {
		verdicts []experiment.Verdict
		want     int
	}{
		{[]experiment.Verdict{experiment.Passed, experiment.Passed}, 0},
		{[]experiment.Verdict{experiment.Inconclusive, experiment.Failed, experiment.Failed}, 2},
		{[]experiment.Verdict{experiment.Passed, experiment.Inconclusive, experiment.Inconclusive}, 2},
	} {
		var last journal
		for i, verdict := range test.verdicts {
			last.Cells = append(last.Cells, cell(i+1, verdict))
		}
		got := 0
		if first := last.firstFailed(); first != nil {
			got = first.Number
		}
		if got != test.want {
			t.Errorf("%v: got E%d, want E%d", test.verdicts, got, test.want)
		}
	}
}

func TestVerifySaysTheRightSpelling(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                                      "make verify EX=3",
		"--ex 6":                                "choose 1 to 5",
		"--ex three":                            "verify --ex 3",
		"--exercise 3":                          "verify --ex 3",
		"EX=3 PROXY_PORT=1 WATCH=1":             "verify --ex '3' --proxy-port '1' --watch",
		"exercise3 " + root:                     "--ex 3 --dir '" + root + "'",
		"--ex 3 --dir " + root + "/exercise33":  "exercise1, exercise2",
		"--ex 3 --url localhost":                "URL=http://127.0.0.1:5000",
		"--ex 3 --url http://x:1 --dir .":       "leave out DIR and CMD",
		"--ex 3 --url http://x:1 --watch":       "WATCH needs",
		"--ex 3 --proxy-port 3317":              "PROXY_PORT goes with URL",
		"--ex 3 --url x:1 --proxy-port 3333333": "1 to 65535",
		"--ex 3 --hint 4":                       "make verify HINT=2",
		"--ex 1 --report board:8476":            "REPORT=http://HOST:PORT",
		"--ex 1 --report http://127.0.0.1:8476": "NAME of your choice",
		"--ex 1 --name ada":                     "REPORT=http://HOST:PORT",
	} {
		_, _, err := command(t, append([]string{"verify"}, strings.Fields(args)...)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", args, err, want)
		}
	}
}

// A proxy's port that is taken is said before anything starts.
func TestVerifyNamesAPortThatIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	taken := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	_, _, err = command(t, "verify", "--ex", "1", "--url", "127.0.0.1:5000", "--proxy-port", taken)
	wantExit(t, err, cli.Broken)
	if !strings.Contains(err.Error(), "PROXY_PORT=3317") {
		t.Errorf("got %v, want another port", err)
	}
}

func TestVerifyQuotesTheCompiler(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module broken\n\ngo 1.26.0\n", "main.go": "package main\n\nfunc main() { undeclared() }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := command(t, "verify", "--ex", "3", "--dir", dir)
	wantExit(t, err, cli.Broken)
	if !strings.Contains(err.Error(), "undefined: undeclared") {
		t.Errorf("got %v, want the compiler's words", err)
	}
}

func TestVerifyQuotesAnAppThatDoesNotStart(t *testing.T) {
	dir := t.TempDir()
	const app = "package main\n\nimport \"log\"\n\nfunc main() { log.Fatal(\"no config today\") }\n"
	for name, text := range map[string]string{"go.mod": "module broken\n\ngo 1.26.0\n", "main.go": app} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := command(t, "verify", "--ex", "1", "--dir", dir)
	wantExit(t, err, cli.Broken)
	if !strings.Contains(err.Error(), "no config today") {
		t.Errorf("got %v, want the app's words", err)
	}
}

func TestTheLastHintIsTheSolution(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= experiment.Stages; number++ {
		out := &bytes.Buffer{}
		if err := printSolution(out, root, number); err != nil {
			t.Errorf("exercise %d: %v", number, err)
		}
		if got := strings.Contains(out.String(), "+++"); got != (number > 1) {
			t.Errorf("exercise %d: got a diff: %t", number, got)
		}
	}
}

func TestProgressShowsTheNextStep(t *testing.T) {
	passed := &start.Entry{Time: time.Now(), Verdicts: map[string]string{"E1": "passed", "E2": "passed"}}
	failed := &start.Entry{Time: time.Now(), Verdicts: map[string]string{"E1": "passed", "E2": "failed"}}
	for _, test := range []struct {
		standings []start.Standing
		want      []string
	}{
		{[]start.Standing{{Exercise: 2}}, []string{"[ ] exercise 2   not started", "make start EX=2"}},
		{[]start.Standing{{Exercise: 2, Exists: true}}, []string{"not judged yet", "make verify EX=2"}},
		{[]start.Standing{{Exercise: 2, Exists: true, Last: failed}}, []string{"E1 passed, E2 failed on 2", "make verify EX=2"}},
		{[]start.Standing{{Exercise: 2, Exists: true, Last: passed, Changed: true}}, []string{"[ ]", "E1 E2 passed on 2", "changed since", "make verify EX=2"}},
		{[]start.Standing{{Exercise: 2, Last: passed}}, []string{"[ ]", "the folder is gone", "make start EX=2"}},
		{[]start.Standing{{Exercise: 2, Exists: true, Last: passed}, {Exercise: 3}}, []string{"[x] exercise 2", "make start EX=3"}},
		{[]start.Standing{{Exercise: 2}, {Exercise: 3, Exists: true, Last: failed}, {Exercise: 4, Exists: true}}, []string{"[ ] exercise 2", "make verify EX=3"}},
		{[]start.Standing{{Exercise: 5, Exists: true, Last: passed}}, []string{"[x] exercise 5", "last exercise"}},
	} {
		var out strings.Builder
		printProgress(&out, test.standings)
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("got\n%swant %q", out.String(), want)
			}
		}
	}
}
