package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"go/version"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"chaosworkshop/infra/internal/tool"
	"chaosworkshop/infra/lab/app"
)

// goVersion compares the Go that is installed with the one that go.work requires.
func goVersion(ctx context.Context, root string) Finding {
	path := filepath.Join(root, "go.work")
	text, err := os.ReadFile(path)
	if err != nil {
		return incomplete("go", err.Error())
	}
	work, err := modfile.ParseWork(path, text, nil)
	if err != nil || work.Go == nil {
		return incomplete("go", path+" names no Go version")
	}
	got, _, err := goEnv(ctx, root)
	remedy := "install Go " + work.Go.Version + " or later from https://go.dev/dl/ and open a new terminal"
	switch {
	case err != nil:
		return Finding{"go", Fix, "the go command does not run", remedy}
	case version.Compare(got, "go"+work.Go.Version) < 0:
		return Finding{"go", Fix, got + ", but the workshop needs " + work.Go.Version, remedy}
	}
	return ok("go", got)
}

// bundled tells whether the workshop was unpacked from a bundle that has the programs of this system.
func bundled(root string) bool {
	_, err := os.Stat(app.Prebuilt(root, "workshop", runtime.GOOS, runtime.GOARCH))
	return err == nil
}

// programs names what else the lessons type. On Windows, README does without make, and curl is part of the system.
func programs() []Finding {
	var findings []Finding
	for _, absent := range []Finding{
		{"make", Fix, "not installed, or not in the PATH", "install make, or run the commands without make, for example `make exercise1`"},
		{"curl", Fix, "not installed, or not in the PATH", "install curl; the lessons use it to send requests"},
	} {
		if _, err := exec.LookPath(absent.Name); err != nil && runtime.GOOS != "windows" {
			findings = append(findings, absent)
		}
	}
	return findings
}

// goEnv asks the go command for its version and its module proxies. It asks outside the workspace, where even a Go that
// is too old answers.
func goEnv(ctx context.Context, root string) (version, proxies string, err error) {
	command := exec.CommandContext(ctx, "go", "env", "-json", "GOVERSION", "GOPROXY")
	command.Dir = filepath.Dir(root)
	command.Env = append(os.Environ(), "GOWORK=off", "GOTOOLCHAIN=local")
	output, err := command.Output()
	if err != nil {
		return "", "", err
	}
	var env struct{ GOVERSION, GOPROXY string }
	err = json.Unmarshal(output, &env)
	return env.GOVERSION, env.GOPROXY, err
}

// modules checks that this computer has all that a build and the tests need. It leaves out the maintainers' tools.
func modules(ctx context.Context, root string) Finding {
	dirs, err := tool.Modules(root)
	if err != nil {
		return incomplete("modules", err.Error())
	}
	arguments := []string{"list", "-deps", "-test"}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err != nil {
			return incomplete("modules", dir+" of go.work is missing")
		}
		if filepath.Base(dir) != "tools" {
			arguments = append(arguments, "./"+filepath.ToSlash(filepath.Clean(dir))+"/...")
		}
	}
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	if err := command.Run(); err == nil {
		return ok("modules", "all on this computer: the workshop works without a network")
	}
	if text := complaints.String(); strings.Contains(text, "build cache") {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		return Finding{"modules", Fix, first, "set GOCACHE, and if need be GOMODCACHE, to a folder that you can write to"}
	} else if !strings.Contains(text, "GOPROXY=off") && !strings.Contains(text, "lookup disabled") {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		return Finding{"modules", Fix, "the go command cannot read the code: " + first, "undo your last change to a go.mod or an import"}
	}
	const remedy = "make prepare (takes a few minutes, once; after that, you need no network)"
	if _, proxies, err := goEnv(ctx, root); err == nil {
		switch answer, err := ask(ctx, proxies, missing.FindStringSubmatch(complaints.String())); {
		case err == nil && answer == "":
			return Finding{"modules", Fix, "some are missing, but the network has them", remedy}
		case err == nil:
			return Finding{"modules", Fix, "some are missing, and " + answer, "ask your company which GOPROXY to use, or run `go env -u GOPROXY` to use Go's own; then make prepare"}
		}
	}
	return Finding{"modules", Ask, "some are missing, and no module proxy answers", "the instructor's bundle (made by `make bundle`) has them"}
}

// missing finds the module and its version in what the go command says about a module that is not on this computer.
var missing = regexp.MustCompile(`([^\s:]+)@(v[^\s:]+): module lookup disabled`)

// ask asks the first module proxy for a module that is missing. A login page, a mirror without the module, or a company's proxy
// that wants a password also answers; then answer says so. The error means that nothing answers.
func ask(ctx context.Context, proxies string, wanted []string) (answer string, err error) {
	first, _, _ := strings.Cut(strings.ReplaceAll(proxies, "|", ","), ",")
	switch {
	case first == "off":
		return "GOPROXY is off", nil
	case first == "direct" || wanted == nil:
		return "", nil // There is nobody to ask; prepare will find out.
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	url := strings.TrimRight(first, "/") + "/" + escape(wanted[1]) + "/@v/" + escape(wanted[2]) + ".mod"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	if request.URL.Scheme == "file" {
		client.Transport.(*http.Transport).RegisterProtocol("file", http.NewFileTransport(http.Dir("/")))
	}
	got, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if got.StatusCode == http.StatusOK && modfile.ModulePath(text) != "" {
		return "", nil
	}
	return fmt.Sprintf("%s answers, but not with the module %s (%s)", request.URL.Host, wanted[1], got.Status), nil
}

// escape writes a path or version as a module proxy wants it.
func escape(text string) string {
	escaped, err := module.EscapePath(text)
	if err != nil {
		return text
	}
	return escaped
}
