// Package bundle packs the workshop with everything it needs into one archive, for computers without a network.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"chaosworkshop/infra/internal/tool"
)

// topFolder is the folder that the archive extracts to.
const topFolder = "chaosworkshop"

// Make packs the workshop at root into an archive in the folder dir: the sources, the packages that they import, and the
// command line built for this system. The archive's SHA-256 checksum goes into a .sha256 file next to it. Make returns the
// archive's path and writes its progress to out. It leaves two complete files, or neither.
func Make(ctx context.Context, root, dir string, out io.Writer) (path string, err error) {
	files, err := sources(ctx, root)
	if err != nil {
		return "", fmt.Errorf("list the sources: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	temp, err := os.MkdirTemp(dir, ".bundle-*")
	if err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	added := filepath.Join(temp, "added")
	if err := build(ctx, root, added, out); err != nil {
		return "", err
	}
	more, err := below(added, func(string) bool { return false })
	if err != nil {
		return "", fmt.Errorf("list what was built: %w", err)
	}
	name := fmt.Sprintf("%s-%s-%s.tar.gz", topFolder, runtime.GOOS, runtime.GOARCH)
	checksum, err := pack(filepath.Join(temp, name), append(files, more...), out)
	if err != nil {
		return "", fmt.Errorf("pack: %w", err)
	}
	path = filepath.Join(dir, name)
	// Without a checksum, an archive is visibly incomplete; with an old one, it would look broken.
	if err := os.Remove(path + ".sha256"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	if err := os.Rename(filepath.Join(temp, name), path); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	if err := os.WriteFile(path+".sha256", []byte(checksum+"  "+name+"\n"), 0o644); err != nil {
		return "", fmt.Errorf("make the bundle: %w", err)
	}
	return path, nil
}

// build writes into the folder target what the bundle adds to the sources, at the same paths as in the archive: vendor
// folders, from which the go command builds without a network or any setting, and the workshop's command line. It leaves
// out the exercises' programs, because each run builds its exercise anyway.
//
// The workspace has one vendor folder. Each exercise has its own as well, so that a copy of it also builds alone, with
// GOWORK=off. A workshop that was itself unpacked from a bundle has them already, among its sources.
func build(ctx context.Context, root, target string, out io.Writer) error {
	modules, err := tool.Modules(root)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(root, "vendor")); err != nil {
		fmt.Fprintln(out, "Collecting the packages that the code and its tests import...")
		if err := goCommand(ctx, root, nil, "work", "vendor", "-o", filepath.Join(target, "vendor")); err != nil {
			return err
		}
		for _, module := range modules {
			name := filepath.Base(module)
			if !strings.HasPrefix(name, "exercise") {
				continue
			}
			if err := goCommand(ctx, filepath.Join(root, name), []string{"GOWORK=off"}, "mod", "vendor", "-o", filepath.Join(target, name, "vendor")); err != nil {
				return err
			}
		}
	}
	fmt.Fprintln(out, "Building the command line...")
	program := filepath.Join(target, "bin", "workshop")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	return goCommand(ctx, filepath.Join(root, "infra"), nil, "build", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o", program, ".")
}

// goCommand runs the go command; the error holds the last line that it wrote.
func goCommand(ctx context.Context, dir string, env []string, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	output, err := command.CombinedOutput()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return errors.New("stopped; no bundle was made")
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("the go command is not in the PATH; install Go from https://go.dev/dl/")
	}
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return fmt.Errorf("go %s in %s: %s", arguments[0], filepath.Base(dir), lines[len(lines)-1])
}
