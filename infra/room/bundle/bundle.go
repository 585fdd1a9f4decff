// Package bundle packs the workshop with everything it needs into one archive, for computers without a network.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"chaosworkshop/infra/internal/tool"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/room/prepare"
)

// topFolder is the folder that the archive extracts to.
const topFolder = "chaosworkshop"

// System is an operating system and a processor, as Go names them.
type System struct{ OS, Processor string }

// String is how Go writes a system.
func (s System) String() string { return s.OS + "/" + s.Processor }

// Program is where the bundle of the workshop at root has the command line for a system.
func Program(root string, s System) string { return app.Prebuilt(root, "workshop", s.OS, s.Processor) }

// Systems are those that most attendees have, and this computer's own.
func Systems() []System {
	systems := []System{{"linux", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}
	if own := (System{runtime.GOOS, runtime.GOARCH}); !slices.Contains(systems, own) {
		systems = append(systems, own)
	}
	return systems
}

// Make packs the workshop at root into an archive in the folder dir: the sources, the packages that they import, and, for each
// of the systems, the command line and the exercises, built. The archive's SHA-256 checksum goes into a .sha256 file next to it. Make returns the
// archive's path and writes its progress to out. Each function of extra writes one more file, whose path in the bundle is its key. Make
// leaves two complete files, or neither.
func Make(ctx context.Context, root, dir string, systems []System, extra map[string]func(ctx context.Context, path string) error, out io.Writer) (path string, err error) {
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
	if err := build(ctx, root, added, systems, out); err != nil {
		return "", err
	}
	for at, write := range extra {
		path := filepath.Join(added, at)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", fmt.Errorf("make the bundle: %w", err)
		}
		if err := write(ctx, path); err != nil {
			return "", err
		}
	}
	more, err := below(added, func(string) bool { return false })
	if err != nil {
		return "", fmt.Errorf("list what was built: %w", err)
	}
	const name = topFolder + ".tar.gz"
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
// folders, from which the go command builds without a network or any setting, and the programs for each system.
//
// The workspace has one vendor folder. Each exercise has its own as well, so that a copy of it also builds alone, with
// GOWORK=off. A workshop that was itself unpacked from a bundle has them already, among its sources.
func build(ctx context.Context, root, target string, systems []System, out io.Writer) error {
	modules, err := tool.Modules(root)
	if err != nil {
		return err
	}
	var exercises []string
	for _, module := range modules {
		if name := filepath.Base(module); strings.HasPrefix(name, "exercise") {
			exercises = append(exercises, name)
		}
	}
	_, err = os.Stat(filepath.Join(root, "vendor"))
	unpacked := err == nil
	if !unpacked {
		fmt.Fprintln(out, "Collecting the packages that the code and its tests import...")
		if err := collect(ctx, root, target, exercises); ctx.Err() != nil {
			return err
		} else if err != nil {
			return fmt.Errorf("%w; the bundle also holds what the maintainers' tools import, which `make prepare` leaves out: run it once with a network", err)
		}
	}
	for i, system := range systems {
		env := []string{"GOOS=" + system.OS, "GOARCH=" + system.Processor, "CGO_ENABLED=0"}
		if !unpacked { // As make builds them, so that nothing is compiled for a second set of versions.
			env = append(env, "GOWORK=off")
		}
		packages := map[string]bool{}
		add := func(name string) { packages[name] = true }
		for _, folder := range append([]string{"infra"}, exercises...) {
			if err := prepare.Go(ctx, filepath.Join(root, folder), env, add, "list", "-deps", "."); err != nil {
				return err
			}
		}
		var compiled atomic.Int64
		count := func(string) { compiled.Add(1) }
		measure := func() (done, of int) { return min(int(compiled.Load()), len(packages)), len(packages) }
		progress := prepare.Options{Out: out, Terminal: prepare.Terminal(out)}
		err := progress.Progress(fmt.Sprintf("Building the programs for %s (%d of %d)", system, i+1, len(systems)), "packages", measure, func() error {
			return programs(ctx, root, target, system, env, exercises, count)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// collect writes the vendor folders of the workspace and of each exercise.
func collect(ctx context.Context, root, target string, exercises []string) error {
	if err := prepare.Go(ctx, root, nil, nil, "work", "vendor", "-o", filepath.Join(target, "vendor")); err != nil {
		return err
	}
	for _, name := range exercises {
		err := prepare.Go(ctx, filepath.Join(root, name), []string{"GOWORK=off"}, nil, "mod", "vendor", "-o", filepath.Join(target, name, "vendor"))
		if err != nil {
			return err
		}
	}
	return nil
}

// programs builds the command line and the exercises for a system, and passes the name of each package that is compiled to count.
func programs(ctx context.Context, root, target string, system System, env, exercises []string, count func(string)) error {
	compile := []string{"build", "-v", "-buildvcs=false", "-trimpath", "-ldflags=-s -w", "-o"}
	if err := prepare.Go(ctx, filepath.Join(root, "infra"), env, count, append(compile, Program(target, system), ".")...); err != nil {
		return err
	}
	for _, name := range exercises {
		program := app.Prebuilt(target, name, system.OS, system.Processor)
		if err := prepare.Go(ctx, filepath.Join(root, name), env, count, append(compile, program, "-tags="+app.Tags, ".")...); err != nil {
			return err
		}
		fingerprint, err := app.Fingerprint(root, name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(program+".sources", []byte(fingerprint+"\n"), 0o644); err != nil {
			return fmt.Errorf("make the bundle: %w", err)
		}
	}
	return nil
}
