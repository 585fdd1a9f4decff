//go:build unix

package guide

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// runText runs a document of one text and returns the problems, each in a line, and the text afterwards.
func runText(t *testing.T, text string, write bool) (problems, after string) {
	t.Helper()
	root := workshopOf(t, text)
	run, err := runDocument(t.Context(), Options{Root: root, Write: write}, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	rewritten, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(run.problems, "\n"), string(rewritten)
}

// The programs that stay say that they are ready when they are: a shell that is about to start another program would lose
// the Ctrl-C that comes meanwhile.
func TestRun(t *testing.T) {
	t.Setenv("TIMEOUT", "9s")
	for _, test := range []struct{ what, text, want string }{
		{"a command that works", "```sh\ntrue\n```\n", ""},
		{"a command that fails", "```sh\nfalse\ntrue\n```\n", "README.md:1: false\ntrue: exit status 1"},
		{"a command that must fail", "```sh fails\nfalse\n```\n", ""},
		{"a command that must fail and does not", "```sh fails\ntrue\n```\n", "it should fail"},
		{"a transcript that holds", "```console\n$ echo $((40 + 2)) ms\n44 ms\n$ make hello\nhello\n```\n", ""},
		{"a transcript that does not", "```console\n$ echo Healthy\nUnhealthy\n```\n", `documented "Unhealthy", and the output has no such line`},
		{"the reader's own settings", "```console\n$ echo [$TIMEOUT]\n[]\n```\n", ""},
		{"a program that stays, and its log", "```sh keep\n{ sleep 0.2; echo 'say 7 ms, Ctrl-C ends'; } & exec sleep 60\n```\n```log\nsay 9 ms, Ctrl-C ends\n```\n", ""},
		{"a log that does not hold", "```sh keep\n{ sleep 0.2; echo 'Ctrl-C ends'; } & exec sleep 60\n```\n```log\nretry\n```\n", `no line of the log is like "retry"`},
		{"a program that does not stay", "```sh keep\necho no port\n```\n", "it was to stay, and ended; it said:\nno port"},
		{"two programs beside each other", "```sh keep\n{ sleep 0.2; echo one Ctrl-C; } & exec sleep 60\n```\n```sh beside\n{ sleep 0.2; echo two Ctrl-C; } & exec sleep 60\n```\n```log\none Ctrl-C\ntwo Ctrl-C\n```\n", ""},
		{"one program after the other", "```sh keep\n{ sleep 0.2; echo one Ctrl-C; } & exec sleep 60\n```\n```sh keep\n{ sleep 0.2; echo two Ctrl-C; } & exec sleep 60\n```\n```log\none Ctrl-C\n```\n", "no line of the log"},
		{"a free port", "```console\n$ case $PORT in 2????) echo free;; esac\nfree\n```\n", ""},
		{"the documented port instead", "```console\n$ echo $PORT\n5000\n$ test $PORT = 5000\n```\n", ""},
		{"lines left out", "```console\n$ printf 'a\\nb\\nc\\nd\\n'\n...\nb\n...\n```\n", ""},
		{"an unexpected line", "```console\n$ printf 'a\\nb\\n'\na\n```\n", "the output has more lines"},
		{"a command that goes on in the next line", "```console\n$ printf '%s' \\\n    b\nb\n$ echo c\nc\n```\n", ""},
	} {
		problems, after := runText(t, test.text, false)
		if (test.want == "") != (problems == "") || !strings.Contains(problems, test.want) {
			t.Errorf("%s: got problems %q, want %q", test.what, problems, test.want)
		}
		if after != test.text {
			t.Errorf("%s: the document became %q", test.what, after)
		}
	}
}

func TestRunWritesTranscriptsThatDoNotHold(t *testing.T) {
	problems, got := runText(t, "Hi\n```console\n$ printf 'a\\nb\\nc\\n'\nx\n...\n$ echo 1\n$ echo 40 ms\n12 ms\n```\nEnd\n", true)
	if want := "Hi\n```console\n$ printf 'a\\nb\\nc\\n'\na\n...\n$ echo 1\n1\n$ echo 40 ms\n12 ms\n```\nEnd\n"; problems != "" || got != want {
		t.Errorf("got %q and problems %q, want %q", got, problems, want)
	}
}

func TestSkippedBlocksSayWhy(t *testing.T) {
	t.Setenv("WORKSHOP_DOCKER", "")
	b := block{language: "sh", options: []string{"docker"}}
	if got, want := skipped(b), "needs Docker: a test in infra/deploy/compose runs it (WORKSHOP_DOCKER=1 runs it here)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	t.Setenv("WORKSHOP_DOCKER", "1")
	if got := skipped(b); got != "" {
		t.Errorf("got %q where Docker is wanted, want that it runs", got)
	}
}
