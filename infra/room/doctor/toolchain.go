package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"go/version"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"chaosworkshop/infra/internal/tool"
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
	if text := complaints.String(); !strings.Contains(text, "GOPROXY=off") && !strings.Contains(text, "lookup disabled") {
		first, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
		return Finding{"modules", Fix, "the go command cannot read the code: " + first, "undo your last change to a go.mod or an import"}
	}
	if _, proxies, err := goEnv(ctx, root); err == nil && reachable(ctx, proxies) {
		return Finding{"modules", Fix, "some are missing, but the network has them", "go mod download (takes some minutes, once; after that, you need no network)"}
	}
	return Finding{"modules", Ask, "some are missing, and no module proxy answers", "the instructor's bundle (made by `make bundle`) has them"}
}

// reachable tells whether the first module proxy answers at all.
func reachable(ctx context.Context, proxies string) bool {
	first, _, _ := strings.Cut(strings.ReplaceAll(proxies, "|", ","), ",")
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, first, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return true
}
