package running

import (
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// alone keeps the test from what runs on this computer.
func alone(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, home)
	}
}

func hold(t *testing.T, root string, ports map[string]int) func() {
	t.Helper()
	release, err := Hold(root, ports)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return release
}

func wantPorts(t *testing.T, root string, want map[string]int) {
	t.Helper()
	if got := Ports(root); !maps.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", root, got, want)
	}
}

func TestEachFolderHasItsPorts(t *testing.T) {
	alone(t)
	a, b := t.TempDir(), filepath.Join(t.TempDir(), "with spaces = and signs")
	if err := os.Mkdir(b, 0o755); err != nil {
		t.Fatal(err)
	}
	wantPorts(t, a, map[string]int{})
	infra := hold(t, a, map[string]int{"PROXY_PORT": 3307, "TOXIPROXY_PORT": 8474})
	exercise := hold(t, a, map[string]int{"PORT": 5000})
	hold(t, b, map[string]int{"PROXY_PORT": 3308, "PORT": 5001})
	wantPorts(t, a, map[string]int{"PROXY_PORT": 3307, "TOXIPROXY_PORT": 8474, "PORT": 5000})
	wantPorts(t, b, map[string]int{"PROXY_PORT": 3308, "PORT": 5001})
	if got, want := Elsewhere(a), map[int]string{3308: b, 5001: b}; !maps.Equal(got, want) {
		t.Errorf("elsewhere: got %v, want %v", got, want)
	}
	exercise()
	wantPorts(t, a, map[string]int{"PROXY_PORT": 3307, "TOXIPROXY_PORT": 8474})
	infra()
	wantPorts(t, a, map[string]int{})
}

func TestTheLatestCounts(t *testing.T) {
	alone(t)
	root := t.TempDir()
	hold(t, root, map[string]int{"PORT": 5000})
	later := hold(t, root, map[string]int{"PORT": 5001})
	wantPorts(t, root, map[string]int{"PORT": 5001})
	later()
	wantPorts(t, root, map[string]int{"PORT": 5000})
}

func TestOneFolderByTwoNames(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a permission on Windows")
	}
	alone(t)
	root, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(root, link); err != nil {
		t.Fatal(err)
	}
	hold(t, link, map[string]int{"PORT": 5000})
	wantPorts(t, root, map[string]int{"PORT": 5000})
}

func TestACacheThatCannotBeWritten(t *testing.T) {
	alone(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData"} {
		t.Setenv(name, file)
	}
	root := t.TempDir()
	hold(t, root, map[string]int{"PORT": 5000})
	wantPorts(t, root, map[string]int{"PORT": 5000})
}

// A program that was killed leaves its file behind, which must mislead nobody.
func TestAKilledProgramHoldsNothing(t *testing.T) {
	if root := os.Getenv("HOLD_FOR_TEST"); root != "" {
		if _, err := Hold(root, map[string]int{"PORT": 5000}); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("held\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	alone(t)
	root := t.TempDir()
	other := exec.Command(os.Args[0], "-test.run=^TestAKilledProgramHoldsNothing$")
	other.Env = append(os.Environ(), "HOLD_FOR_TEST="+root)
	if _, err := other.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	said, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(said, make([]byte, len("held\n"))); err != nil {
		t.Fatal(err)
	}
	wantPorts(t, root, map[string]int{"PORT": 5000})
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // It was killed.
	if left := files(dirs()[0]); len(left) != 1 {
		t.Errorf("got %v left over, want one file, or this proves nothing", left)
	}
	wantPorts(t, root, map[string]int{})
}
