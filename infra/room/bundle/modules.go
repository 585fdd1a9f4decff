package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"chaosworkshop/infra/internal/tool"
)

// collectModules downloads into the folder dir what the packages, their tests and the tools of each module need, with the
// workspace and without it, and returns it as the files of a module proxy. It is for every system: a test lists the
// licences of all. What this computer has is copied; the rest
// comes from the network.
func collectModules(ctx context.Context, root, dir string) ([]file, error) {
	dirs, err := tool.Modules(root)
	if err != nil {
		return nil, err
	}
	env, err := fromHere(ctx, dir)
	if err != nil {
		return nil, err
	}
	together := []string{"list", "-deps", "-test", "tool"}
	for _, module := range dirs {
		at := filepath.Join(root, module)
		together = append(together, "./"+filepath.ToSlash(filepath.Clean(module))+"/...")
		if err := goCommand(ctx, at, append(env, "GOWORK=off"), "list", "-deps", "-test", "./...", "tool"); err != nil {
			return nil, err
		}
	}
	for _, system := range tool.Systems() {
		if err := goCommand(ctx, root, append(env, "GOOS="+system, "CGO_ENABLED=0"), together...); err != nil {
			return nil, err
		}
	}
	return proxyFiles(filepath.Join(dir, "cache", "download"))
}

// fromHere is the environment in which the go command fills the module cache dir from this computer's own first.
func fromHere(ctx context.Context, dir string) ([]string, error) {
	output, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		return nil, fmt.Errorf("ask the go command: %w; is Go installed and in the PATH?", err)
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	if len(lines) != 2 {
		return nil, errors.New("ask the go command: it did not say where its modules are")
	}
	here := fileURL(filepath.Join(strings.TrimSpace(lines[0]), "cache", "download"))
	return []string{
		"GOMODCACHE=" + dir, "GOPROXY=" + here + "," + strings.TrimSpace(lines[1]),
		// Writable, so that the folder can be removed; and go.sum has every checksum already.
		"GOFLAGS=-modcacherw", "GOSUMDB=off",
	}, nil
}

// proxyFiles are the files of a download cache that a module proxy serves.
func proxyFiles(download string) ([]file, error) {
	var files []file
	err := filepath.WalkDir(download, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, err := filepath.Rel(download, path)
		if err != nil {
			return err
		}
		if entry.IsDir() && at == "sumdb" {
			return fs.SkipDir
		}
		if !entry.IsDir() && slices.Contains([]string{".info", ".mod", ".zip"}, filepath.Ext(path)) {
			files = append(files, file{modulesFolder + "/" + filepath.ToSlash(at), path})
		}
		return nil
	})
	return files, err
}

// build builds the infrastructure and the exercises into the folder dir.
func build(ctx context.Context, root, dir string) ([]file, error) {
	modules, err := tool.Modules(root)
	if err != nil {
		return nil, err
	}
	suffix, err := exec.CommandContext(ctx, "go", "env", "GOEXE").Output()
	if err != nil {
		return nil, fmt.Errorf("ask the go command: %w", err)
	}
	var files []file
	for _, module := range modules {
		name := filepath.Base(module)
		switch {
		case name == "infra":
			name = "workshop"
		case !strings.HasPrefix(name, "exercise"):
			continue
		}
		name += strings.TrimSpace(string(suffix))
		if err := goCommand(ctx, filepath.Join(root, module), nil, "build", "-trimpath", "-o", filepath.Join(dir, name), "."); err != nil {
			return nil, err
		}
		files = append(files, file{"bin/" + name, filepath.Join(dir, name)})
	}
	return files, nil
}

// goCommand runs the go command; the error has its last line.
func goCommand(ctx context.Context, dir string, env []string, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	output, err := command.CombinedOutput()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return errors.New("stopped; there is no bundle")
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return fmt.Errorf("go %s in %s: %s", arguments[0], filepath.Base(dir), lines[len(lines)-1])
}
