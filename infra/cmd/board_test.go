package cmd

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/room/board"
)

// A report of verify is on the page that board names, and in the file of --save when it ends.
func TestBoard(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	reader, writer := io.Pipe()
	defer reader.Close()
	saved := filepath.Join(t.TempDir(), "board.json")
	root := New()
	root.SetOut(writer)
	root.SetArgs([]string{"board", "--bind", "127.0.0.1", "--port", require.FreePort(t), "--code", "ABC12", "--save", saved})
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	said := ""
	for buffer := make([]byte, 1024); !strings.Contains(said, "Ctrl-C"); {
		n, err := reader.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		said += string(buffer[:n])
	}
	page := regexp.MustCompile(`http://\S+/\?code=abc12`).FindString(said)
	if page == "" || !strings.Contains(said, "BIND=0.0.0.0") {
		t.Fatalf("got %q, want the page, and how to open it to the room", said)
	}
	failed := &experiment.Run{Verdict: experiment.Failed, Checks: []experiment.Check{{Name: "nobody waits", Measured: "10 s", Required: "1 s"}}}
	var progress bytes.Buffer
	reportTo(t.Context(), &progress, board.Target{URL: strings.TrimSuffix(page, "/?code=abc12"), Name: "Ada", Code: "abc12"},
		journal{Exercise: 2, Cells: []experiment.Cell{{Number: 2, Run: failed}}})
	if !strings.Contains(progress.String(), "as Ada") {
		t.Errorf("got %q, want that it is reported", &progress)
	}
	answer, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(text), "E2: nobody waits") {
		t.Errorf("got %v %s, want the check that failed", err, text)
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the board did not end within 5 s")
	}
	if text, err := os.ReadFile(saved); err != nil || !strings.Contains(string(text), "nobody waits") {
		t.Errorf("saved: got %v %s", err, text)
	}
	// No board is no failure of the app.
	reportTo(t.Context(), &progress, board.Target{URL: strings.TrimSuffix(page, "/?code=abc12"), Name: "Ada", Code: "abc12"}, journal{Exercise: 1})
	if !strings.Contains(progress.String(), "Not reported: the board") || strings.Contains(progress.String(), "abc12") {
		t.Errorf("got %q, want that it is not reported, without the code", &progress)
	}
}
