// Package prepare downloads and compiles everything that the workshop needs, so that it then works without a network.
//
// It imports the standard library alone, because it is compiled before anything is downloaded.
package prepare

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// megabytes is about how much there is to download, ownMegabytes how much of it for the workshop's own program. A test compares them with
// what is here.
const (
	megabytes    = 90
	ownMegabytes = 70
)

// Options say what to prepare.
type Options struct {
	// Root is the workshop's folder.
	Root string
	// Out gets the progress: on a Terminal a line that changes, elsewhere one line a step.
	Out      io.Writer
	Terminal bool
}

// Run downloads and compiles what is missing, and then proves that nothing is. After an error a second run continues where this
// one ended.
func Run(ctx context.Context, options Options) error {
	p := &preparer{Options: options}
	fmt.Fprintln(p.Out, "Checking what is here...")
	modules, err := attendees(options.Root)
	if err != nil {
		return err
	}
	packages := 0
	if _, err := os.Stat(filepath.Join(options.Root, "vendor")); err != nil { // A bundle has everything.
		if err := p.download(ctx, modules); err != nil {
			return err
		}
	}
	if packages, err = p.count(ctx, modules); err != nil {
		return err
	}
	if err := p.compile(ctx, modules, packages); err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "Checking that nothing is missing...")
	if _, err := p.count(ctx, modules); err != nil {
		return err
	}
	fmt.Fprintln(p.Out, "Ready: the workshop now works without a network.")
	return nil
}

// Workshop downloads and compiles the workshop's own program alone: in a fresh clone, the first command of all waits for it.
func Workshop(ctx context.Context, options Options) error {
	p := &preparer{Options: options}
	archives, err := p.archives(ctx, []string{"infra"})
	if err != nil {
		return err
	}
	off := []string{"GOWORK=off"}
	packages := 0
	downloaded := func() (done, of int) { return min(size(archives), ownMegabytes), ownMegabytes }
	err = p.Progress("Downloading", "MB", downloaded, func() error {
		return p.explain(ctx, p.run(ctx, "infra", off, func(string) { packages++ }, "list", "-deps", "."), archives)
	})
	if err != nil {
		return err
	}
	var compiled atomic.Int64
	measure := func() (done, of int) { return min(int(compiled.Load()), packages), packages }
	return p.Progress("Compiling", "packages", measure, func() error {
		return p.run(ctx, "infra", off, func(string) { compiled.Add(1) }, "build", "-v", "-buildvcs=false", "-ldflags=-s -w", "-o", p.program("workshop"), ".")
	})
}

// program is the path of a program in bin.
func (p *preparer) program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(p.Root, "bin", name)
}

// attendees are the folders of the modules that attendees need: those of go.work without the maintainers' tools.
func attendees(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, fmt.Errorf("find the modules: %w", err)
	}
	var dirs []string
	for _, word := range strings.Fields(string(text)) {
		if dir, found := strings.CutPrefix(word, "./"); found && dir != "infra/tools" {
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}

type preparer struct{ Options }

// tags are those with which exercises are built. Package app has them too, but it imports what is not downloaded yet.
const tags = "nomsgpack"

// inWorkspace is the environment of a go command at the root. The Makefile starts `make prepare` outside the workspace.
var inWorkspace = []string{"GOWORK="}

// download downloads what each module imports, its tests included, alone and in the workspace.
func (p *preparer) download(ctx context.Context, modules []string) error {
	archives, err := p.archives(ctx, modules)
	if err != nil {
		return err
	}
	measure := func() (done, of int) {
		return min(size(archives), megabytes), megabytes
	}
	return p.Progress("Downloading", "MB", measure, func() error {
		for _, module := range modules {
			if err := p.run(ctx, module, []string{"GOWORK=off"}, nil, resolve(module)...); err != nil {
				return p.explain(ctx, err, archives)
			}
		}
		// The tests of all modules run in the workspace, for which the go command reads the requirements of the tools too.
		return p.explain(ctx, p.run(ctx, "", inWorkspace, nil, append([]string{"list", "-deps", "-test"}, workspace(modules)...)...), archives)
	})
}

// count resolves every import without a network, and returns how many packages that takes.
func (p *preparer) count(ctx context.Context, modules []string) (int, error) {
	seen := map[string]bool{}
	add := func(line string) { seen[line] = true }
	offline := []string{"GOPROXY=off", "GOSUMDB=off"}
	for _, module := range modules {
		off := "GOWORK=off"
		if _, err := os.Stat(filepath.Join(p.Root, module, "vendor")); err != nil && p.vendored() {
			off = "GOWORK=" // Only the workspace of a bundle has this module's packages.
		}
		if err := p.run(ctx, module, append(slices.Clip(offline), off), add, resolve(module)...); err != nil {
			return 0, err
		}
	}
	err := p.run(ctx, "", slices.Concat(offline, inWorkspace), nil, append([]string{"list", "-deps", "-test"}, workspace(modules)...)...)
	return len(seen), err
}

func (p *preparer) vendored() bool {
	_, err := os.Stat(filepath.Join(p.Root, "vendor"))
	return err == nil
}

// compile compiles every package and test, and builds the programs into bin.
func (p *preparer) compile(ctx context.Context, modules []string, packages int) error {
	var compiled atomic.Int64
	count := func(string) { compiled.Add(1) }
	measure := func() (done, of int) { return min(int(compiled.Load()), packages), packages }
	return p.Progress("Compiling", "packages", measure, func() error {
		arguments := append([]string{"list", "-v", "-export", "-deps", "-test", "-f", ""}, workspace(modules)...)
		if err := p.run(ctx, "", inWorkspace, count, arguments...); err != nil {
			return err
		}
		for _, module := range modules {
			name := filepath.Base(module) // With the tag with which exercises are built.
			switch {
			case name == "shared":
				continue
			case name == "infra":
				name = "workshop"
			}
			off := "GOWORK=off"
			if p.vendored() && module == "infra" {
				off = "GOWORK="
			}
			if err := p.run(ctx, module, []string{off}, count, "build", "-v", "-tags="+tags, "-o", p.program(name), "."); err != nil {
				return err
			}
		}
		compiled.Store(int64(packages)) // What was compiled before is not counted.
		return nil
	})
}

// faultTool is the program that `make toxiproxy-cli` builds.
const faultTool = "github.com/Shopify/toxiproxy/v2/cmd/cli"

// resolve are the arguments of a go command that finds what the module in its folder imports.
func resolve(module string) []string {
	if module == "infra" {
		return []string{"list", "-deps", "-test", "./...", faultTool}
	}
	return []string{"list", "-deps", "-test", "./..."}
}

// workspace are the packages of all modules, from the root.
func workspace(modules []string) []string {
	var names []string
	for _, module := range modules {
		names = append(names, "./"+module+"/...")
		if module == "infra" {
			names = append(names, faultTool)
		}
	}
	return names
}

// archives are the paths of the archives that the modules may need, in the module cache: those whose checksums are in a go.sum.
func (p *preparer) archives(ctx context.Context, modules []string) ([]string, error) {
	var cache string
	if err := p.run(ctx, "", nil, func(line string) { cache = line }, "env", "GOMODCACHE"); err != nil {
		return nil, err
	}
	var paths []string
	for _, module := range modules {
		sums, err := os.ReadFile(filepath.Join(p.Root, module, "go.sum"))
		if err != nil {
			return nil, fmt.Errorf("find the modules: %w", err)
		}
		for line := range strings.Lines(string(sums)) {
			words := strings.Fields(line)
			if len(words) == 3 && !strings.HasSuffix(words[1], "/go.mod") {
				paths = append(paths, filepath.Join(cache, "cache", "download", escape(words[0]), "@v", escape(words[1])+".zip"))
			}
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// escape writes a capital letter as the module cache does, for file systems that ignore case.
func escape(path string) string {
	var text strings.Builder
	for _, letter := range path {
		if 'A' <= letter && letter <= 'Z' {
			text.WriteByte('!')
			letter += 'a' - 'A'
		}
		text.WriteRune(letter)
	}
	return text.String()
}

// size is how much of the archives is here, in megabytes, incomplete ones included.
func size(archives []string) int {
	var bytes int64
	for _, path := range archives {
		parts, _ := filepath.Glob(path + "*") // The pattern is valid, or nothing has come. The checksum beside it is small.
		for _, part := range parts {
			if info, err := os.Stat(part); err == nil {
				bytes += info.Size()
			}
		}
	}
	return int(bytes / 1e6)
}

// explain turns the failure of a download into one line: what is missing, and what to do.
func (p *preparer) explain(ctx context.Context, err error, archives []string) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("about %d of %d MB are here, but the rest cannot be downloaded (%w); connect to a network, check that `go env GOPROXY` "+
		"names a module proxy that you can reach, and run `make prepare` again: it continues where it stopped", min(size(archives), megabytes), megabytes, err)
}

// run runs the go command in a folder of the workshop, as Go does.
func (p *preparer) run(ctx context.Context, dir string, env []string, line func(string), arguments ...string) error {
	return Go(ctx, filepath.Join(p.Root, dir), env, line, arguments...)
}

// Go runs the go command in a folder and passes each line of its output to line, if that is not nil. The error holds the last line.
func Go(ctx context.Context, dir string, env []string, line func(string), arguments ...string) error {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = dir
	command.Env = append(os.Environ(), env...)
	lines := &lines{each: line}
	command.Stdout = lines
	command.Stderr = lines
	err := command.Run()
	switch {
	case ctx.Err() != nil:
		return errors.New("stopped; run it again to continue")
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("the go command is not in the PATH; install Go from https://go.dev/dl/ and open a new terminal")
	case err != nil:
		return fmt.Errorf("go %s: %s", arguments[0], lines.last)
	}
	return nil
}

// lines splits what it gets into lines.
type lines struct {
	each func(string)
	rest []byte
	last string
}

// Write implements io.Writer.
func (l *lines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(text), nil
		}
		l.rest = rest
		said := strings.TrimSpace(string(line))
		if said == "" || strings.HasPrefix(said, "go: downloading ") {
			continue
		}
		l.last = said
		if l.each != nil {
			l.each(said)
		}
	}
}

// Progress does something and shows how far it is.
func (p Options) Progress(what, unit string, measure func() (done, of int), do func() error) error {
	before, of := measure()
	if before == of {
		return do()
	}
	if !p.Terminal {
		fmt.Fprintf(p.Out, "%s: %d of %d %s done...\n", what, before, of, unit)
	}
	ended := make(chan error, 1)
	start := time.Now()
	go func() { ended <- do() }()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			if p.Terminal {
				fmt.Fprint(p.Out, "\r\x1b[K")
			}
			if err == nil {
				fmt.Fprintf(p.Out, "%s: done in %s\n", what, time.Since(start).Round(time.Second))
			}
			return err
		case <-ticker.C:
			if done, _ := measure(); p.Terminal {
				fmt.Fprintf(p.Out, "\r\x1b[K%s: %d of %d %s%s", what, done, of, unit, left(time.Since(start), done-before, of-done))
			}
		}
	}
}

// left estimates how long the rest takes, in minutes. It is empty while nothing is known.
func left(took time.Duration, done, rest int) string {
	switch {
	case rest <= 0:
		return ", almost done"
	case done <= 0 || took < 3*time.Second:
		return ""
	}
	minutes := (took*time.Duration(rest)/time.Duration(done) + time.Minute - 1) / time.Minute
	return fmt.Sprintf(", about %d min left", max(1, minutes))
}

// Terminal tells whether a person watches what is written.
func Terminal(out io.Writer) bool {
	file, is := out.(interface{ Stat() (os.FileInfo, error) })
	if !is {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
