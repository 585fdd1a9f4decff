//go:build unix

package app

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// A command line starts in its folder, and whatever it started ends with it.
func TestScriptEndsWithItsChildren(t *testing.T) {
	dir := folder(t, map[string]string{"notes.txt": ""})
	child := require.FreePort(t)
	for name, end := range map[string]func(*Process){
		"killed":  (*Process).Kill,
		"stopped": func(p *Process) { _ = p.Stop() }, // The shell ends with the interrupt, and says so.
		"ended by itself": func(p *Process) {
			if leader, err := os.FindProcess(p.PID()); err == nil {
				_ = leader.Kill()
			}
			<-p.Done()
		},
	} {
		process, err := Start(t.Context(), Options{
			Script: fmt.Sprintf(`pwd > where; PORT=%s "$APP" & "$APP"; true`, child), Dir: dir,
			Env: map[string]string{roleVariable: "app", "APP": os.Args[0]},
		})
		if err != nil {
			t.Fatal(err)
		}
		if where, err := os.ReadFile(filepath.Join(dir, "where")); err != nil || !strings.HasSuffix(strings.TrimSpace(string(where)), "my app") {
			t.Errorf("%s: it ran in %q, %v, want %s", name, where, err, dir)
		}
		end(process)
		for _, address := range []string{process.address(), "127.0.0.1:" + child} {
			for killed := time.Now(); ; time.Sleep(time.Millisecond) {
				conn, err := net.Dial("tcp", address)
				if err != nil {
					break
				}
				conn.Close()
				if time.Since(killed) > 5*time.Second {
					t.Fatalf("%s: %s is still open", name, address)
				}
			}
		}
	}
}

// A command that puts its server into the background and ends is refused, and its server does not keep running.
func TestScriptThatDoesNotStay(t *testing.T) {
	_, err := Start(t.Context(), Options{Script: `sleep 60 & echo "started"`})
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 0; its last output: started") {
		t.Errorf("got %v, want to hear that it ended", err)
	}
}
