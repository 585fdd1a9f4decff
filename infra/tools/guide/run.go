package guide

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options say which documents to run and how.
type Options struct {
	// Root is the folder of the workshop.
	Root string
	// Documents are the paths of the documents from Root; all when empty.
	Documents []string
	// Write replaces transcripts that do not hold, and logs, by those of this run, and writes the generated regions.
	Write bool
	// TextOnly runs nothing: with Write, it writes the generated regions.
	TextOnly bool
	// Output gets a line for each document, each block that did not run, and, at the end, each problem.
	Output io.Writer
}

// conditions are the options of blocks that run only where WORKSHOP_<OPTION>=1, each with the reason.
var conditions = map[string]string{
	"docker":     "needs Docker: a test in infra/deploy/compose runs it",
	"mysql":      "needs a MySQL or MariaDB server: a test in infra/tools/guide runs it against one",
	"kubernetes": "needs a Kubernetes cluster: a test in infra/deploy/kubernetes proves the lessons on one",
	"online":     "downloads from the internet",
	"slow":       "takes minutes: continuous integration runs it as a step of its own",
}

// Run runs every command of the documents, three documents at a time, for most of their time is waiting. It returns how
// many problems it printed. The error says that the documents could not be run.
func Run(ctx context.Context, options Options) (problems int, err error) {
	if runtime.GOOS == "windows" {
		return 0, errors.New("the documents' commands need sh; run this on Linux or macOS")
	}
	if _, err := os.Stat(filepath.Join(options.Root, ".env")); err == nil {
		return 0, errors.New("the settings in .env change what the documents show; move that file away for the run")
	}
	if len(options.Documents) == 0 {
		if options.Documents, err = Documents(options.Root); err != nil {
			return 0, err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(3)
	runs := make([]*run, len(options.Documents))
	for i, name := range options.Documents {
		group.Go(func() error {
			start := time.Now()
			var err error
			runs[i], err = runDocument(ctx, options, name)
			if err == nil {
				// One write, so that documents that end together do not mix their lines.
				fmt.Fprintf(options.Output, "%s: %d blocks ran, %d problems, %s\n%s", name, runs[i].blocks, len(runs[i].problems),
					time.Since(start).Round(time.Second), runs[i].skipped.String())
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	// Last, where a reader looks.
	for _, one := range runs {
		for _, problem := range one.problems {
			fmt.Fprintln(options.Output, problem)
		}
		problems += len(one.problems)
	}
	return problems, nil
}

// run is a run of one document.
type run struct {
	session *session
	doc     document
	// blocks is how many ran; skipped has a line for each that did not.
	blocks   int
	skipped  strings.Builder
	problems []string
}

// report notes a problem of the block.
func (r *run) report(b block, problem string) {
	r.problems = append(r.problems, at(r.doc.name, b.first-1)+": "+problem)
}

// runDocument runs one document from top to bottom.
func runDocument(ctx context.Context, options Options, name string) (_ *run, err error) {
	root, write := options.Root, options.Write
	doc, err := read(root, name)
	if err != nil {
		return nil, err
	}
	if write {
		if doc, err = writeRegions(root, doc); err != nil {
			return nil, err
		}
	}
	if options.TextOnly {
		return &run{doc: doc}, nil
	}
	home, err := os.MkdirTemp("", "guide")
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	session, err := newSession(root, home)
	if err != nil {
		return nil, err
	}
	r := &run{session: session, doc: doc}
	var fresh []place
	for _, b := range doc.blocks {
		if reason := skipped(b); reason != "" {
			fmt.Fprintf(&r.skipped, "%s: not run: %s\n", at(name, b.first-1), reason)
			continue
		}
		lines := r.run(ctx, b, write)
		if ctx.Err() != nil {
			return nil, errors.Join(ctx.Err(), session.close())
		}
		if lines != nil {
			fresh = append(fresh, place{b.first, b.last, lines})
		}
	}
	if err := session.close(); err != nil {
		r.report(block{first: 1}, err.Error())
	}
	if write {
		err = doc.write(root, fresh)
	}
	return r, err
}

// skipped says why the block does not run here, or nothing.
func skipped(b block) string {
	for _, option := range b.options {
		variable := "WORKSHOP_" + strings.ToUpper(option)
		if reason := conditions[option]; reason != "" && os.Getenv(variable) != "1" {
			return fmt.Sprintf("%s (%s=1 runs it here)", reason, variable)
		}
	}
	return ""
}

// run runs one block, reports what does not hold, and returns the lines of this run to write in its place, if any.
func (r *run) run(ctx context.Context, b block, write bool) []string {
	text := r.doc.text(b)
	script := strings.Join(text, "\n")
	switch {
	case b.language == "sh" && (b.has("keep") || b.has("beside")):
		if err := r.session.open(ctx, script, b.has("beside")); err != nil {
			r.report(b, err.Error())
		}
	case b.language == "sh":
		_, err := r.session.run(ctx, script)
		r.ended(b, script, err, b.has("fails"))
	case b.language == "console":
		r.blocks++
		return r.transcript(ctx, b, write)
	case b.language == "log":
		lines, missing := found(text, r.session.log(), sameShape)
		const patience = 2 * time.Second // What a program says may arrive a moment later than what it does.
		for began := time.Now(); missing != "" && time.Since(began) < patience; time.Sleep(50 * time.Millisecond) {
			lines, missing = found(text, r.session.log(), sameShape)
		}
		if missing != "" {
			r.report(b, fmt.Sprintf("no line of the log is like %q; it says:\n%s", missing, strings.Join(r.session.log(), "\n")))
			return nil
		}
		r.blocks++
		if slices.Contains(text, ellipsis) {
			return nil
		}
		return lines
	default:
		return nil
	}
	r.blocks++
	return nil
}

// ended reports a command that failed, or that should have and did not.
func (r *run) ended(b block, command string, err error, fails bool) bool {
	switch {
	case err != nil && !fails:
		r.report(b, command+": "+err.Error())
	case err == nil && fails:
		r.report(b, command+": it should fail, and did not")
	default:
		return true
	}
	return false
}

// prompt begins a command of a transcript.
const prompt = "$ "

// transcript runs the commands of a transcript, each of which may go on in the next line after a backslash. In a block
// that fails the last one must. Lines that differ are reported, or returned to be written.
func (r *run) transcript(ctx context.Context, b block, write bool) []string {
	text := r.doc.text(b)
	var fresh []string
	for i := 0; i < len(text); {
		command := []string{strings.TrimPrefix(text[i], prompt)}
		fresh = append(fresh, text[i])
		for i++; i < len(text) && strings.HasSuffix(text[i-1], `\`); i++ {
			command = append(command, text[i])
			fresh = append(fresh, text[i])
		}
		end := i
		for end < len(text) && !strings.HasPrefix(text[end], prompt) {
			end++
		}
		want := text[i:end]
		i = end
		script := strings.Join(command, "\n")
		output, err := r.session.run(ctx, script)
		if !r.ended(b, script, err, b.has("fails") && end == len(text)) {
			return nil
		}
		got := outputLines(output)
		switch difference := compare(want, got); {
		case difference == "": // What holds stays: this run's numbers may be those of a busy machine.
			fresh = append(fresh, want...)
		case write:
			fresh = append(fresh, shortened(want, got)...)
		default:
			r.report(b, fmt.Sprintf("%s: %s; it printed:\n%s", script, difference, strings.Join(got, "\n")))
		}
	}
	return fresh
}

// outputLines are the lines that a program printed, without the blanks at their ends and the empty lines around them.
func outputLines(text string) []string {
	text = strings.Trim(strings.ReplaceAll(text, "\r", ""), "\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t")
	}
	return lines
}

// writeRegions generates the regions of the document anew and writes it.
func writeRegions(root string, doc document) (document, error) {
	var fresh []place
	for _, r := range doc.regions {
		lines, err := generate(root, r.name)
		if err != nil {
			return doc, fmt.Errorf("%s: %w", at(doc.name, r.first-1), err)
		}
		fresh = append(fresh, place{r.first, r.last, lines})
	}
	if err := doc.write(root, fresh); err != nil {
		return doc, err
	}
	return parse(doc.name, doc.replaced(fresh))
}
