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
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options say which documents to run and how.
type Options struct {
	// Root is the folder of the workshop.
	Root string
	// Documents are the paths of the documents from Root; all when empty.
	Documents []string
	// Write replaces transcripts, logs and generated regions in the documents by those of this run.
	Write bool
	// TextOnly runs nothing: it checks, or writes, what is generated from the code.
	TextOnly bool
	// Progress gets one line for each document.
	Progress io.Writer
}

// Result is what a run of the documents came to.
type Result struct {
	// Ran is how many blocks ran.
	Ran int
	// Skipped are the blocks that did not run, each with its place and the reason.
	Skipped []string
	// Problems are what does not hold.
	Problems []Problem
}

// together is how many documents run at once: most of their time is waiting.
const together = 3

// Run runs every command of the documents and compares the transcripts. The error says that the documents could not be
// run; what does not hold in them is in the result.
func Run(ctx context.Context, options Options) (Result, error) {
	var total Result
	if runtime.GOOS == "windows" {
		return total, errors.New("the guide's commands need sh; run this on Linux or macOS")
	}
	if _, err := os.Stat(filepath.Join(options.Root, ".env")); err == nil {
		return total, errors.New("the settings in .env would change what the guide shows; move that file away meanwhile")
	}
	all, err := settings(options.Root)
	if err != nil {
		return total, err
	}
	if len(options.Documents) == 0 {
		if options.Documents, err = Documents(options.Root); err != nil {
			return total, err
		}
	}
	var mutex sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(together)
	for _, name := range options.Documents {
		group.Go(func() error {
			start := time.Now()
			result, err := runDocument(ctx, options, name, all)
			if err != nil {
				return err
			}
			mutex.Lock()
			defer mutex.Unlock()
			total.Ran += result.Ran
			total.Skipped = append(total.Skipped, result.Skipped...)
			total.Problems = append(total.Problems, result.Problems...)
			fmt.Fprintf(options.Progress, "%-22s %3d blocks ran, %d did not, %d problems, %s\n", name,
				result.Ran, len(result.Skipped), len(result.Problems), time.Since(start).Round(time.Second))
			return nil
		})
	}
	return total, group.Wait()
}

// runDocument runs one document from top to bottom.
func runDocument(ctx context.Context, options Options, name string, all []setting) (result Result, err error) {
	doc, err := read(options.Root, name)
	if err != nil {
		return result, err
	}
	if options.Write {
		if doc, err = writeRegions(options.Root, doc); err != nil {
			return result, err
		}
	}
	if result.Problems, err = CheckText(options.Root, name); err != nil || options.TextOnly {
		return result, err
	}
	home, err := os.MkdirTemp("", "guide")
	if err != nil {
		return result, fmt.Errorf("run %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	session, err := newSession(options.Root, home, all)
	if err != nil {
		return result, err
	}
	var fresh []place
	for _, b := range doc.blocks {
		if reason := skipped(b); reason != "" {
			result.Skipped = append(result.Skipped, at(name, b.first-1)+": "+reason)
			continue
		}
		lines, problem := runBlock(ctx, session, doc, b)
		if ctx.Err() != nil {
			return result, errors.Join(ctx.Err(), session.close())
		}
		switch {
		case lines == nil && problem == "": // Nothing to run.
			continue
		case problem != "" && (!options.Write || lines == nil):
			result.Problems = append(result.Problems, Problem{at(name, b.first-1), problem})
		case options.Write && (b.language == "console" || b.language == "log"):
			fresh = append(fresh, place{b.first, b.last, lines})
		}
		result.Ran++
	}
	if err := session.close(); err != nil {
		result.Problems = append(result.Problems, Problem{name, err.Error()})
	}
	if options.Write {
		err = write(options.Root, doc, fresh)
	}
	return result, err
}

// skipped says why the block does not run here, or nothing.
func skipped(b block) string {
	if b.language == "powershell" {
		return "is for Windows"
	}
	for _, option := range b.options {
		reason, conditional := conditions[option]
		variable := "WORKSHOP_" + strings.ToUpper(option)
		if conditional && os.Getenv(variable) != "1" {
			return fmt.Sprintf("%s (%s=1 runs it here)", reason, variable)
		}
	}
	return ""
}

// runBlock runs one block and returns its content as this run would write it, nil where there is none, and what does not
// hold.
func runBlock(ctx context.Context, session *session, doc document, b block) ([]string, string) {
	text := doc.text(b)
	switch {
	case b.language == "sh" && (b.has("keep") || b.has("beside")):
		if err := session.open(ctx, strings.Join(text, "\n"), b.has("beside")); err != nil {
			return nil, err.Error()
		}
		return text, ""
	case b.language == "sh":
		_, err := session.run(ctx, strings.Join(text, "\n"))
		return text, unexpected(err, b.has("fails"))
	case b.language == "console":
		return runTranscript(ctx, session, text, b.has("fails"))
	case b.language == "log":
		lines, missing := found(text, session.log())
		if missing != "" {
			return nil, fmt.Sprintf("no line of the log is like %q; it says:\n%s", missing, strings.Join(session.log(), "\n"))
		}
		return lines, ""
	}
	return nil, ""
}

// runTranscript runs the commands of a transcript. When it fails, the last one must.
func runTranscript(ctx context.Context, session *session, text []string, fails bool) ([]string, string) {
	all := exchanges(text)
	var problems []string
	for i, one := range all {
		output, err := session.run(ctx, one.command)
		if problem := unexpected(err, fails && i == len(all)-1); problem != "" {
			return nil, one.command + ": " + problem
		}
		got := outputLines(output)
		if difference := compare(one.output, got); difference != "" {
			problems = append(problems, fmt.Sprintf("%s: %s; it printed:\n%s", one.command, difference, strings.Join(got, "\n")))
		}
		all[i].output = shortened(one.output, got)
	}
	return transcript(all), strings.Join(problems, "\n")
}

// unexpected says what is wrong with the end of a command, or nothing.
func unexpected(err error, fails bool) string {
	switch {
	case err != nil && !fails:
		return err.Error()
	case err == nil && fails:
		return "it should fail, and did not"
	}
	return ""
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
	if err := write(root, doc, fresh); err != nil {
		return doc, err
	}
	return parse(doc.name, doc.replaced(fresh))
}

// write writes the document with new content for the places.
func write(root string, doc document, fresh []place) error {
	slices.SortFunc(fresh, func(a, b place) int { return a.first - b.first })
	path := filepath.Join(root, filepath.FromSlash(doc.name))
	if err := os.WriteFile(path, []byte(doc.replaced(fresh)), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", doc.name, err)
	}
	return nil
}
