package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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

// goEnv is what the go command says about itself.
type goEnv struct{ GOVERSION, GOPROXY, GOMODCACHE string }

// goVersion compares the Go that is installed with the one that the workspace asks for.
func goVersion(ctx context.Context, root string) Finding {
	want, err := wanted(root)
	if err != nil {
		return Finding{"go", Ask, err.Error(), "get a new copy of the workshop: its go.work is not whole"}
	}
	got, err := readGoEnv(ctx, root)
	if err != nil {
		return Finding{"go", Fix, "the go command does not run", "install Go " + want + " or later from https://go.dev/dl/ and open a new terminal"}
	}
	if version.Compare(got.GOVERSION, "go"+want) < 0 {
		return Finding{"go", Fix, got.GOVERSION + ", and the workshop needs " + want, "install Go " + want + " or later from https://go.dev/dl/"}
	}
	return ok("go", got.GOVERSION)
}

// wanted is the Go version that go.work asks for.
func wanted(root string) (string, error) {
	path := filepath.Join(root, "go.work")
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	work, err := modfile.ParseWork(path, text, nil)
	if err != nil || work.Go == nil {
		return "", fmt.Errorf("%s names no Go version", path)
	}
	return work.Go.Version, nil
}

// readGoEnv asks the go command. Outside the workspace's modules, so that a too old one answers as well.
func readGoEnv(ctx context.Context, root string) (goEnv, error) {
	command := exec.CommandContext(ctx, "go", "env", "-json", "GOVERSION", "GOPROXY", "GOMODCACHE")
	command.Dir = filepath.Dir(root)
	command.Env = append(os.Environ(), "GOWORK=off", "GOTOOLCHAIN=local")
	output, err := command.Output()
	if err != nil {
		return goEnv{}, err
	}
	var env goEnv
	return env, json.Unmarshal(output, &env)
}

// modules tells whether everything that a build and the tests need is on this computer already.
func modules(ctx context.Context, root string) Finding {
	dirs, err := tool.Modules(root)
	if err != nil {
		return Finding{"modules", Ask, err.Error(), "get a new copy of the workshop: its go.work is not whole"}
	}
	arguments := []string{"list", "-deps", "-test"}
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(root, dir, "go.mod")); err != nil {
			return Finding{"modules", Ask, dir + " is not there", "get a new copy of the workshop: a folder of go.work is missing"}
		}
		arguments = append(arguments, "./"+filepath.ToSlash(filepath.Clean(dir))+"/...")
	}
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	// A bundle brings its modules as a file proxy; any other proxy is the network.
	if !strings.HasPrefix(os.Getenv("GOPROXY"), "file:") {
		command.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=")
	}
	var complaints bytes.Buffer
	command.Stderr = &complaints
	if err := command.Run(); err == nil {
		return ok("modules", "all on this computer: the workshop works without a network")
	}
	if !strings.Contains(complaints.String(), "GOPROXY=off") && !strings.Contains(complaints.String(), "lookup disabled") {
		first, _, _ := strings.Cut(strings.TrimSpace(complaints.String()), "\n")
		return Finding{"modules", Fix, "the go command cannot read the code: " + first, "undo your last change to a go.mod or an import"}
	}
	env, err := readGoEnv(ctx, root)
	if err == nil && reachable(ctx, env.GOPROXY) {
		return Finding{"modules", Fix, "not all are on this computer, and the network has them", "go mod download (once, some minutes; afterwards no network is needed)"}
	}
	return Finding{"modules", Ask, "not all are on this computer, and no module proxy answers", "the instructor's bundle (made by `make bundle`) holds them"}
}

// reachable tells whether the first of the module proxies answers at all.
func reachable(ctx context.Context, proxies string) bool {
	first, _, _ := strings.Cut(proxies, ",")
	first, _, _ = strings.Cut(first, "|")
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
