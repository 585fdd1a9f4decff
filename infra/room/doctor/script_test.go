package doctor

import (
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
		{"little space", map[string]string{"GOVERSION": "go1.26.3"}, []string{"fix  disk", "700 MB free, but the workshop needs 2048 MB"}},
		{"not compiled", map[string]string{"GOVERSION": "go1.26.3"}, []string{"fix  modules", "make prepare"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, path := filepath.Join(t.TempDir(), "with spaces"), t.TempDir()
			at := filepath.Join(root, "infra", "room", "doctor")
			if err := os.MkdirAll(at, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(root, "go.work"), "go 1.26.0\n\nuse ./infra\n", 0o644)
			write(t, filepath.Join(at, "doctor.sh"), string(script), 0o755)
			for _, tool := range []string{"sh", "sed", "awk", "df", "dirname"} {
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
				for name, value := range test.env {
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
			if strings.Count(string(output), "fix  ") != 1 {
				t.Errorf("got %q, want one finding", output)
			}
		})
	}
}
