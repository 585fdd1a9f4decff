package doctor

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// The script finds what keeps the doctor itself from being compiled.
func TestScript(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("doctor.ps1 does this on Windows")
	}
	script, err := os.ReadFile("doctor.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		env  map[string]string // What go env answers; nil means that there is no Go.
		want []string
	}{
		{"no Go", nil, []string{"fix  go", "install Go 1.26.0", "go.dev/dl"}},
		{"old Go", map[string]string{"GOVERSION": "go1.9.7"}, []string{"fix  go", "go1.9.7, but the workshop needs 1.26.0"}},
		{"GOFLAGS", map[string]string{"GOVERSION": "go1.27rc1", "GOFLAGS": "-mod=vendor"}, []string{"fix  GOFLAGS", "-mod=vendor", "go env -u GOFLAGS"}},
		{"GOPROXY", map[string]string{"GOVERSION": "go1.26.0", "GOPROXY": "off"}, []string{"fix  GOPROXY", "go env -u GOPROXY"}},
		{"GOWORK", map[string]string{"GOVERSION": "go1.26.0", "GOWORK": "off"}, []string{"fix  GOWORK", "go env -u GOWORK"}},
		{"a GOPROXY that is no URL", map[string]string{"GOVERSION": "go1.26.0", "GOPROXY": "nonsense,direct"}, []string{"fix  GOPROXY", "something other than URLs", "go env -u GOPROXY"}},
		{"no build cache", map[string]string{"GOVERSION": "go1.26.0", "GOCACHE": "/dev/null/cache"}, []string{"fix  GOCACHE", "/dev/null/cache", "export GOCACHE="}},
		{"no build cache at all", map[string]string{"GOVERSION": "go1.26.0", "GOCACHE": "off"}, []string{"fix  GOCACHE", "export GOCACHE="}},
		{"no module cache", map[string]string{"GOVERSION": "go1.26.0", "GOMODCACHE": "/dev/null/mod"}, []string{"fix  GOMODCACHE", "export GOMODCACHE="}},
		{"little space", map[string]string{"GOVERSION": "go1.26.3"}, []string{"fix  disk", "700 MB free, but the workshop needs 2048 MB"}},
		{"not compiled", map[string]string{"GOVERSION": "go1.26.3", "GOPROXY": "https://proxy.example.com|file:///mirror,direct"}, []string{"fix  modules", "-> make prepare", "says why"}},
		{"not compiled, without make", map[string]string{"GOVERSION": "go1.26.3"}, []string{"fix  make", "-> install make", "fix  modules", "-> (cd infra && GOWORK=off go run ./room/prepare/now)"}},
		{"not compiled, without curl", map[string]string{"GOVERSION": "go1.26.3"}, []string{"fix  curl", "-> install curl", "fix  modules", "-> make prepare"}},
		{"Windows line endings", map[string]string{"GOVERSION": "go1.26.3"}, []string{"fix  folder", "CRLF", "core.autocrlf false"}},
		{"a bundle without Go", nil, []string{"fix  of the bundle"}},
		{"a bundle and old Go", map[string]string{"GOVERSION": "go1.9.7"}, []string{"fix  of the bundle"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, path := filepath.Join(t.TempDir(), "with spaces"), t.TempDir()
			at := filepath.Join(root, "infra", "room", "doctor")
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(root, "go.work"), "go 1.26.0\n\nuse ./infra\n", 0o644)
			write(t, filepath.Join(at, "doctor.sh"), string(script), 0o755)
			switch {
			case test.name == "Windows line endings":
				write(t, filepath.Join(at, "doctor.sh"), strings.ReplaceAll(string(script), "\n", "\r\n"), 0o755)
			case strings.HasPrefix(test.name, "a bundle"):
				program := filepath.Join(root, "bin", runtime.GOOS+"-"+runtime.GOARCH, "workshop")
				if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
					t.Fatal(err)
				}
				write(t, program, "#!/bin/sh\necho 'fix  of the bundle:' $1\nexit 1\n", 0o755)
			}
			for _, tool := range []string{"sh", "sed", "awk", "df", "dirname", "uname", "tr", "mkdir", "make", "curl"} {
				if test.name == "not compiled, without "+tool {
					continue
				}
				real, err := exec.LookPath(tool)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(real, filepath.Join(path, tool)); err != nil {
					t.Fatal(err)
				}
			}
			if test.name == "little space" {
				if err := os.Remove(filepath.Join(path, "df")); err != nil {
					t.Fatal(err)
				}
				write(t, filepath.Join(path, "df"), "#!/bin/sh\necho Filesystem\necho '/dev/disk 0 0 716800 0% /'\n", 0o755)
			}
			if test.env != nil {
				fake := "#!/bin/sh\ncase $2 in\n"
				caches := map[string]string{"GOCACHE": t.TempDir(), "GOMODCACHE": t.TempDir()}
				maps.Copy(caches, test.env)
				for name, value := range caches {
					fake += name + ") echo '" + value + "' ;;\n"
				}
				write(t, filepath.Join(path, "go"), fake+"esac\n", 0o755)
			}
			command := exec.Command(filepath.Join(path, "sh"), filepath.Join(at, "doctor.sh"))
			command.Env = []string{"PATH=" + path}
			output, err := command.CombinedOutput()
			if command.ProcessState.ExitCode() != 1 {
				t.Errorf("got %v, want the exit code 1", err)
			}
			for _, want := range test.want {
				if !strings.Contains(string(output), want) {
					t.Errorf("got %q, want it to say %q", output, want)
				}
			}
			findings := strings.Count(strings.Join(test.want, "\n"), "fix  ")
			if got := strings.Count(string(output), "fix  "); got != findings {
				t.Errorf("got %q, want %d findings", output, findings)
			}
		})
	}
}
