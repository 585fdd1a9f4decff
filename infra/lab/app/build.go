package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"chaosworkshop/shared/config"
)

// Tags leave out Gin's MessagePack, which no exercise uses and which would be a quarter of the first build.
const Tags = "nomsgpack"

// BuildError says that a folder does not compile, in the compiler's own words.
type BuildError struct {
	// Dir is the folder.
	Dir string
	// Output is what the compiler said.
	Output string
}

func (e *BuildError) Error() string {
	return fmt.Sprintf("%s does not build; fix what the compiler reports:\n%s", e.Dir, e.Output)
}

// sharedModule is the module that a copy of an exercise looks for beside itself.
const sharedModule = "chaosworkshop/shared"

// Build compiles the app in the folder dir and returns the path of the binary, below bin/ at the workshop's root. The
// folder may be anywhere: an exercise, a copy of one, or a module of its own. Its main package is in the folder itself, or
// the only one below it. In a bundle, an exercise that nobody has changed is not compiled: its program is there. The error is a *BuildError when the compiler refused.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := config.Root()
	if err != nil {
		return "", err
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", dir, err)
	}
	if info, err := os.Stat(full); err != nil || !info.IsDir() {
		return "", fmt.Errorf("build %s: there is no such folder", dir)
	}
	if binary, err := prebuilt(root, full); err != nil || binary != "" {
		return binary, err
	}
	scratch, err := os.MkdirTemp("", "workshop-build-")
	if err != nil {
		return "", fmt.Errorf("build %s: %w", dir, err)
	}
	defer os.RemoveAll(scratch)
	b := builder{dir: dir, full: full, env: os.Environ()}
	if err := b.findModule(root, scratch); err != nil {
		return "", fmt.Errorf("build %s: %w", dir, err)
	}
	target, err := b.mainPackage(ctx)
	if err != nil {
		return "", err
	}
	binary := filepath.Join(root, "bin", binaryName(root, full))
	_, err = b.run(ctx, "build", "-buildvcs=false", "-ldflags=-w", "-tags="+Tags, "-o", binary, target)
	return binary, err
}

// builder is a folder to compile, and what the go command needs for it.
type builder struct {
	dir, full string
	env       []string
	flags     []string // For every go command that compiles or lists.
}

// run is `go VERB FLAGS ARGS` in the folder.
func (b *builder) run(ctx context.Context, verb string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", slices.Concat([]string{verb}, b.flags, args)...)
	command.Dir, command.Env = b.full, b.env
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	err := command.Run()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if _, refused := errors.AsType[*exec.ExitError](err); refused {
		said := strings.TrimSpace(string(bytes.ToValidUTF8(complaints.Bytes(), nil)))
		if said == "" { // A compiler that refuses says why. Ctrl-C reached it first, and is on its way here.
			select {
			case <-ctx.Done():
				return "", ctx.Err()
			case <-time.After(time.Second):
			}
		}
		return "", &BuildError{Dir: b.dir, Output: said}
	}
	if err != nil {
		return "", fmt.Errorf("build %s: %w; is Go installed and in the PATH?", b.dir, err)
	}
	return output.String(), nil
}

// mainPackage is the package to compile: that of the folder, or the only main package below.
func (b *builder) mainPackage(ctx context.Context) (string, error) {
	output, err := b.run(ctx, "list", "-e", "-find", "-f", "{{.Name}}\t{{.Dir}}", "./...")
	if err != nil {
		return "", err
	}
	var packages []string
	for line := range strings.Lines(output) {
		name, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if name != "main" {
			continue
		}
		below, err := filepath.Rel(b.full, dir)
		if err != nil {
			return "", fmt.Errorf("build %s: %w", b.dir, err)
		}
		packages = append(packages, "./"+filepath.ToSlash(below))
	}
	switch {
	case slices.Contains(packages, "./."):
		return ".", nil
	case len(packages) == 0:
		return "", fmt.Errorf("build %s: it has no Go main package; name the folder of the app, or give its command line in CMD", b.dir)
	case len(packages) > 1:
		return "", fmt.Errorf("build %s: it has %d main packages; name the folder of one: %s", b.dir, len(packages), strings.Join(packages, ", "))
	}
	return packages[0], nil
}

// findModule prepares for the folder's module. It builds by its own go.mod, whose modules are all that it needs: the workspace
// would also ask for those of everything else. In a bundle the workspace has them all. If its go.mod replaces a module of the
// workshop by a path that is not there, as in a copy of an exercise elsewhere, the replacement is the workshop's own folder, in
// a go.mod in the folder scratch.
func (b *builder) findModule(root, scratch string) error {
	module := above(b.full, "go.mod")
	if work := above(b.full, "go.work"); work == root {
		if _, err := os.Stat(filepath.Join(root, "vendor")); err == nil {
			used, err := uses(root, module)
			if err != nil || used {
				return err
			}
		}
		b.env = append(b.env, "GOWORK=off")
	}
	if module == "" {
		return errors.New("neither it nor a folder above has a go.mod; run `go mod init app` and `go mod tidy` in it, or give the app's command line in CMD")
	}
	if info, err := os.Stat(filepath.Join(module, "vendor", "modules.txt")); err == nil && info.Mode().IsRegular() {
		return nil // All that it needs is there.
	}
	path := filepath.Join(module, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	file, err := modfile.Parse(path, text, nil)
	if err != nil {
		return nil // The go command says so in its own words.
	}
	if !slices.ContainsFunc(file.Require, func(r *modfile.Require) bool { return r.Mod.Path == sharedModule }) {
		return nil
	}
	for _, replace := range file.Replace {
		if replace.Old.Path != sharedModule {
			continue
		}
		target := replace.New.Path
		if !filepath.IsAbs(target) {
			target = filepath.Join(module, filepath.FromSlash(target))
		}
		if _, err := os.Stat(filepath.Join(target, "go.mod")); err == nil {
			return nil
		}
	}
	if err := file.AddReplace(sharedModule, "", filepath.Join(root, "shared"), ""); err != nil {
		return err
	}
	// Other relative paths count from the folder of the go.mod.
	for _, replace := range file.Replace {
		if replace.New.Version == "" && !filepath.IsAbs(replace.New.Path) {
			if err := file.AddReplace(replace.Old.Path, replace.Old.Version, filepath.Join(module, filepath.FromSlash(replace.New.Path)), ""); err != nil {
				return err
			}
		}
	}
	changed, err := file.Format()
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	b.flags = []string{"-modfile=" + filepath.Join(scratch, "go.mod")}
	b.env = append(b.env, "GOWORK=off") // A copy of a learner's own folder has a go.work, with which go takes no -modfile.
	return errors.Join(os.WriteFile(filepath.Join(scratch, "go.mod"), changed, 0o600), os.WriteFile(filepath.Join(scratch, "go.sum"), sums, 0o600))
}

// above is the nearest folder with a file of that name, from dir upwards; empty if there is none.
func above(dir, name string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, name)); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// uses tells whether the workshop's go.work uses the module in a folder.
func uses(root, module string) (bool, error) {
	path := filepath.Join(root, "go.work")
	text, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	work, err := modfile.ParseWork(path, text, nil)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(work.Use, func(use *modfile.Use) bool {
		return filepath.Join(root, filepath.FromSlash(use.Path)) == module
	}), nil
}

// binaryName is the folder's name for the workshop's own exercises; another folder gets its path's hash beside it, so
// that two copies of an exercise do not share a binary.
func binaryName(root, dir string) string {
	name := filepath.Base(dir)
	if filepath.Dir(dir) != root {
		hash := fnv.New32a()
		hash.Write([]byte(dir)) // Never an error, according to its documentation.
		name = fmt.Sprintf("%s-%08x", name, hash.Sum32())
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}
