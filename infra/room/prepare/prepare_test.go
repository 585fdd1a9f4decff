package prepare

import (
	"archive/zip"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/lab/app"
)

// workshop is a small workspace of the workshop's shape, whose module cache is empty. Its exercise needs example.com/needed.
func workshop(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"go.work":             "go 1.26.0\n\nuse (\n\t./exercise1\n\t./infra/tools\n)\n",
		"infra/tools/go.mod":  "module chaosworkshop/infra/tools\n\ngo 1.26.0\n\nrequire example.com/huge v1.0.0\n",
		"infra/tools/main.go": "package main\n\nimport _ \"example.com/huge\"\n\nfunc main() {}\n",
		"exercise1/go.mod":    "module chaosworkshop/exercise1\n\ngo 1.26.0\n\nrequire example.com/needed v1.0.0\n",
		"exercise1/main.go":   "package main\n\nimport _ \"example.com/needed\"\n\nfunc main() {}\n",
	} {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", "-modcacherw")
	t.Setenv("GOSUMDB", "off")
	for _, dir := range []string{"exercise1", "infra/tools"} {
		t.Setenv("GOPROXY", serve(t))
		t.Setenv("GOMODCACHE", t.TempDir())
		tidy := exec.Command("go", "mod", "tidy")
		tidy.Dir, tidy.Env = filepath.Join(root, dir), append(os.Environ(), "GOWORK=off")
		if output, err := tidy.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
	}
	t.Setenv("GOMODCACHE", t.TempDir())
	return root
}

// serve serves version 1.0.0 of any module, and an archive of example.com/huge only to go mod tidy of the tools.
func serve(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		module, file, found := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/@v/")
		switch {
		case !found || module != "example.com/needed" && module != "example.com/huge":
			http.NotFound(w, r)
		case strings.HasSuffix(file, ".info"):
			_, _ = io.WriteString(w, `{"Version":"v1.0.0"}`)
		case strings.HasSuffix(file, ".mod"):
			_, _ = io.WriteString(w, "module "+module+"\n\ngo 1.26.0\n")
		case strings.HasSuffix(file, ".zip"):
			var archive bytes.Buffer
			zipped := zip.NewWriter(&archive)
			for name, text := range map[string]string{"go.mod": "module " + module + "\n\ngo 1.26.0\n", "a.go": "package a\n"} {
				if file, err := zipped.Create(module + "@v1.0.0/" + name); err == nil {
					_, _ = io.WriteString(file, text)
				}
			}
			_ = zipped.Close()
			_, _ = w.Write(archive.Bytes())
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPreparedWithoutANetwork(t *testing.T) {
	root := workshop(t)
	t.Setenv("GOWORK", "off") // As the Makefile starts it.
	var said bytes.Buffer
	if err := Run(t.Context(), Options{Root: root, Out: &said}); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	for _, want := range []string{
		"Checking what is here...\n", "\nDownloading: 0 of 90 MB", "\nChecking that nothing is missing...\nReady: the workshop now works without a network.\n",
	} {
		if got := said.String(); !strings.Contains(got, want) {
			t.Errorf("got %q, want it to say %q", got, want)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "bin", "exercise1"+suffix())); err != nil {
		t.Error(err)
	}
	if huge, _ := filepath.Glob(filepath.Join(os.Getenv("GOMODCACHE"), "cache", "download", "example.com", "huge", "@v", "*.zip")); len(huge) > 0 {
		t.Errorf("got %v, which only the maintainers' tools need", huge)
	}
	if _, err := os.Stat(filepath.Join(root, "go.work.sum")); err == nil {
		t.Error("it wrote go.work.sum")
	}
	t.Setenv("GOPROXY", "off")
	if err := Run(t.Context(), Options{Root: root, Out: io.Discard}); err != nil {
		t.Errorf("a second time, without a network: %v", err)
	}
}

func TestWithoutANetwork(t *testing.T) {
	root := workshop(t)
	for _, proxy := range []string{"http://127.0.0.1:1", "off"} {
		t.Setenv("GOPROXY", proxy)
		err := Run(t.Context(), Options{Root: root, Out: io.Discard})
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "of 90 MB are here") || !strings.Contains(err.Error(), "make prepare") {
			t.Errorf("GOPROXY=%s: got %v, want one line that says how much is here and what to do", proxy, err)
		}
	}
}

// It is compiled before anything is downloaded.
func TestImportsTheStandardLibraryAlone(t *testing.T) {
	output, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./now").Output()
	if got := strings.Fields(string(output)); err != nil || len(got) != 2 {
		t.Errorf("got %v, %v, want this package and now alone", got, err)
	}
	if tags != app.Tags {
		t.Errorf("it builds exercises with %q, and the workshop with %q", tags, app.Tags)
	}
}

// The totals that the progress counts to are those of what attendees, and the workshop's own program, need.
func TestMegabytes(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	modules, err := attendees(root)
	if err != nil {
		t.Fatal(err)
	}
	p := &preparer{Options{Root: root}}
	cache := ""
	if err := p.run(t.Context(), "", nil, func(line string) { cache = line }, "env", "GOMODCACHE"); err != nil {
		t.Fatal(err)
	}
	for want, of := range map[int][]string{megabytes: append([]string{"-test"}, workspace(modules)...), ownMegabytes: {"./infra"}} {
		archives := map[string]bool{}
		add := func(line string) {
			if path, version, found := strings.Cut(line, "@"); found && version != "" {
				archives[filepath.Join(cache, "cache", "download", escape(path), "@v", escape(version)+".zip")] = true
			}
		}
		arguments := append([]string{"list", "-deps", "-f", "{{with .Module}}{{.Path}}@{{.Version}}{{end}}"}, of...)
		if err := p.run(t.Context(), "", nil, add, arguments...); err != nil {
			t.Fatal(err)
		}
		var bytes int64
		for path := range archives {
			if info, err := os.Stat(path); err == nil { // One is replaced by a folder.
				bytes += info.Size()
			}
		}
		if bytes == 0 {
			t.Skip("a bundle has no archives")
		}
		if got := int(bytes / 1e6); got < want*9/10 || got > want*11/10 {
			t.Errorf("%v: there are %d MB to download, and the progress counts to %d: change the constant", of, got, want)
		}
	}
}

func TestLeft(t *testing.T) {
	for _, test := range []struct {
		took       time.Duration
		done, rest int
		want       string
	}{
		{time.Minute, 0, 90, ""}, {time.Second, 5, 85, ""}, {time.Minute, 90, 0, ", almost done"},
		{time.Minute, 45, 45, ", about 1 min left"}, {time.Minute, 30, 60, ", about 2 min left"}, {time.Minute, 31, 61, ", about 2 min left"},
	} {
		if got := left(test.took, test.done, test.rest); got != test.want {
			t.Errorf("%d of %d after %s: got %q, want %q", test.done, test.done+test.rest, test.took, got, test.want)
		}
	}
}

func suffix() string {
	if os.PathSeparator == '\\' {
		return ".exe"
	}
	return ""
}
