package bundle

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// workshop is a small workspace of the workshop's shape: an exercise that needs a module from outside, and infra.
func workshop(t *testing.T) string {
	t.Helper()
	needed := serveModule(t)
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.work":              "go 1.26.0\nuse (\n\t./exercise1\n\t./infra\n)\n",
		"infra/go.mod":         "module chaosworkshop/infra\ngo 1.26.0\n",
		"infra/main.go":        "package main\n\nfunc main() {}\n",
		"exercise1/go.mod":     "module chaosworkshop/exercise1\ngo 1.26.0\nrequire example.com/needed v1.0.0\n",
		"exercise1/go.sum":     needed,
		"exercise1/main.go":    "package main\n\nimport _ \"example.com/needed\"\n\nfunc main() {}\n",
		".env":                 "MYSQL_ROOT_PASSWORD=s3cret\n",
		".env.example":         "# PORT=5000\n",
		"bin/old":              "built before",
		"data/openflights/x":   "downloaded",
		"reports/x":            "a report",
		"dist/old":             "a bundle",
		"exercise1/notes ü.md": "prose",
		"shared/shared.go":     "package shared\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(root)
	return root
}

// serveModule makes example.com/needed available to the go command, and to this test alone, without a network. It returns
// the module's lines in a go.sum.
func serveModule(t *testing.T) string {
	t.Helper()
	const version, mod = "v1.0.0", "module example.com/needed\n\ngo 1.26.0\n"
	proxy := t.TempDir()
	var archive bytes.Buffer
	zipped := zip.NewWriter(&archive)
	for name, text := range map[string]string{"go.mod": mod, "needed.go": "package needed\n"} {
		file, err := zipped.Create("example.com/needed@" + version + "/" + name)
		if err == nil {
			_, err = io.WriteString(file, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	versions := filepath.Join(proxy, "example.com", "needed", "@v")
	if err := os.MkdirAll(versions, 0o755); err != nil {
		t.Fatal(err)
	}
	for ending, text := range map[string]string{".info": `{"Version":"` + version + `"}`, ".mod": mod, ".zip": archive.String()} {
		write(t, filepath.Join(versions, version+ending), text)
	}
	t.Setenv("GOPROXY", (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(proxy), "/")}).String())
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOFLAGS", os.Getenv("GOFLAGS")+" -modcacherw")
	scratch := t.TempDir()
	write(t, filepath.Join(scratch, "go.mod"), "module scratch\n\ngo 1.26.0\n\nrequire example.com/needed "+version+"\n")
	write(t, filepath.Join(scratch, "scratch.go"), "package scratch\n\nimport _ \"example.com/needed\"\n")
	execute(t, scratch, []string{"GOWORK=off"}, "go", "mod", "tidy")
	sums, err := os.ReadFile(filepath.Join(scratch, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	return string(sums)
}

func TestMake(t *testing.T) {
	for _, git := range []bool{false, true} {
		t.Run(fmt.Sprintf("git %v", git), func(t *testing.T) {
			root := workshop(t)
			if git {
				write(t, filepath.Join(root, ".gitignore"), "/bin/\n/data/\n/reports/\n/dist/\n.env\n")
				execute(t, root, nil, "git", "init", "--quiet")
				execute(t, root, nil, "git", "add", "go.work", "infra")
				// Removed since, but not from the index.
				write(t, filepath.Join(root, "infra", "gone.go"), "package main\n")
				execute(t, root, nil, "git", "add", "infra/gone.go")
				if err := os.Remove(filepath.Join(root, "infra", "gone.go")); err != nil {
					t.Fatal(err)
				}
			}
			var said bytes.Buffer
			path, err := Make(t.Context(), root, filepath.Join(root, "dist"), Systems(), nil, &said)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"Building the programs for linux/amd64 (1 of ", "): 0 of ", " packages", "Packing: "} {
				if !strings.Contains(said.String(), want) {
					t.Errorf("got the progress %q, want %q", &said, want)
				}
			}
			wantChecksum(t, path)
			target := t.TempDir()
			names := unpack(t, path, target)
			for _, want := range []string{
				"go.work", ".env.example", "exercise1/main.go", "exercise1/notes ü.md", "infra/main.go",
				"vendor/example.com/needed/needed.go", "exercise1/vendor/example.com/needed/needed.go",
				"bin/linux-amd64/workshop", "bin/linux-amd64/exercise1", "bin/linux-amd64/exercise1.sources",
				"bin/darwin-arm64/workshop", "bin/darwin-arm64/exercise1", "bin/windows-amd64/workshop.exe", "bin/windows-amd64/exercise1.exe",
			} {
				if !names["chaosworkshop/"+want] {
					t.Errorf("%s is not in the bundle", want)
				}
			}
			for name := range names {
				rest := strings.TrimPrefix(name, "chaosworkshop/")
				for _, never := range []string{".git/", ".env", "bin/old", "data/", "reports/", "dist/", "infra/gone.go"} {
					if rest == never || strings.HasSuffix(never, "/") && strings.HasPrefix(rest, never) {
						t.Errorf("%s is in the bundle", name)
					}
				}
			}
			// The unpacked bundle builds on a computer without modules and without a network: in the workspace, and alone as a copy.
			unpacked := filepath.Join(target, "chaosworkshop")
			if err := os.CopyFS(filepath.Join(unpacked, "tryout1"), os.DirFS(filepath.Join(unpacked, "exercise1"))); err != nil {
				t.Fatal(err)
			}
			for folder, workspace := range map[string]string{"exercise1": "", "tryout1": "off"} {
				execute(t, filepath.Join(unpacked, folder), []string{
					"GOPROXY=off", "GOMODCACHE=" + t.TempDir(), "GOFLAGS=-modcacherw", "GOWORK=" + workspace,
				}, "go", "build", "-buildvcs=false", "-o", filepath.Join(target, "built"), ".")
			}
			if left, _ := filepath.Glob(filepath.Join(root, "dist", ".bundle-*")); len(left) > 0 {
				t.Errorf("%v is left behind", left)
			}
			if git {
				return
			}
			// A bundle can be packed again where it was unpacked.
			t.Setenv("GOPROXY", "off")
			t.Setenv("GOMODCACHE", t.TempDir())
			again, err := Make(t.Context(), unpacked, filepath.Join(target, "dist"), Systems(), nil, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if names := unpack(t, again, t.TempDir()); !names["chaosworkshop/vendor/example.com/needed/needed.go"] {
				t.Error("packed again: its packages are not in the bundle")
			}
		})
	}
}

func TestMakeLeavesNothingWhenItFails(t *testing.T) {
	root := workshop(t)
	write(t, filepath.Join(root, "infra", "main.go"), "package main\n\nfunc main() { undefined() }\n")
	_, err := Make(t.Context(), root, filepath.Join(root, "dist"), Systems(), nil, io.Discard)
	if err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Make(ctx, root, filepath.Join(root, "dist"), Systems(), nil, io.Discard); err == nil {
		t.Error("got no error after a stop")
	}
	files, err := os.ReadDir(filepath.Join(root, "dist"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 1 {
		t.Errorf("got %v in dist, want what was there before", files)
	}
}

// What the maintainers' tools import is not on a computer that is merely prepared.
func TestMakeWithoutANetwork(t *testing.T) {
	root := workshop(t)
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOMODCACHE", t.TempDir())
	_, err := Make(t.Context(), root, filepath.Join(root, "dist"), Systems(), nil, io.Discard)
	if err == nil || strings.ContainsAny(err.Error(), "\n\t") || !strings.Contains(err.Error(), "run it once with a network") {
		t.Errorf("got %v, want one line that says what to do", err)
	}
}

// wantChecksum compares the archive with the file next to it.
func wantChecksum(t *testing.T, path string) {
	t.Helper()
	archive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path + ".sha256")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x  %s\n", sha256.Sum256(archive), filepath.Base(path)); string(got) != want {
		t.Errorf("checksum: got %q, want %q", got, want)
	}
}

// unpack extracts an archive and returns the names in it.
func unpack(t *testing.T, path, target string) map[string]bool {
	t.Helper()
	source, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	unzipped, err := gzip.NewReader(source)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	archive := tar.NewReader(unzipped)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		names[header.Name] = true
		at := filepath.Join(target, filepath.FromSlash(header.Name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		file, err := os.OpenFile(at, os.O_CREATE|os.O_WRONLY, fs.FileMode(header.Mode))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(file, archive); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// execute runs a command that must succeed.
func execute(t *testing.T, dir string, env []string, arguments ...string) {
	t.Helper()
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(arguments, " "), err, output)
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
