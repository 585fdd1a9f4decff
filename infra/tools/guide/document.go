// Package guide keeps the workshop's documents true: it runs their commands, compares their transcripts with a run, and
// generates what the code knows better.
package guide

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// document is one Markdown file.
type document struct {
	// name is the path from the workshop's root, with slashes.
	name    string
	lines   []string
	blocks  []block
	regions []region
}

// block is one fenced block. The words of its info string are the language and the options: ```sh keep.
type block struct {
	language string
	options  []string
	// first and last bound the lines between the fences: lines[first:last].
	first, last int
}

// has tells whether the block has the option.
func (b block) has(option string) bool { return slices.Contains(b.options, option) }

// region is what stands between <!-- generated: name --> and <!-- end generated -->: lines[first:last].
type region struct {
	name        string
	first, last int
}

var (
	fence       = regexp.MustCompile("^```(.*)$")
	regionStart = regexp.MustCompile(`^<!-- generated: (.+) -->$`)
)

const regionEnd = "<!-- end generated -->"

// read reads the document name below root.
func read(root, name string) (document, error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	if err != nil {
		return document{}, fmt.Errorf("read %s: %w", name, err)
	}
	return parse(name, string(text))
}

// Documents are the documents below root, by their paths from there: the README, the lessons, and what infra says.
func Documents(root string) ([]string, error) {
	var names []string
	for _, pattern := range []string{"README.md", "exercise?/README.md", "infra/docs/*.md"} {
		found, err := fs.Glob(os.DirFS(root), pattern)
		if err != nil {
			return nil, fmt.Errorf("list the documents: %w", err)
		}
		names = append(names, found...)
	}
	return names, nil
}

// Script is the text of all blocks of commands, in all documents, that have the option.
func Script(root, option string) (string, error) {
	names, err := Documents(root)
	if err != nil {
		return "", err
	}
	var script strings.Builder
	for _, name := range names {
		doc, err := read(root, name)
		if err != nil {
			return "", err
		}
		for _, b := range doc.blocks {
			if b.language == "sh" && b.has(option) {
				script.WriteString(strings.Join(doc.text(b), "\n") + "\n")
			}
		}
	}
	return script.String(), nil
}

// parse finds the blocks and the regions of a document. The error names the line of what was opened and never closed.
func parse(name, text string) (document, error) {
	doc := document{name: name, lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	var open *block
	var inside *region
	for i, line := range doc.lines {
		mark := fence.FindStringSubmatch(line)
		switch {
		case open != nil && line == "```":
			open.last = i
			doc.blocks = append(doc.blocks, *open)
			open = nil
		case open != nil:
		case mark != nil:
			words := strings.Fields(mark[1])
			if len(words) == 0 {
				return doc, fmt.Errorf("%s: the block has no language, so nobody knows whether to run it; write sh, console or another", at(name, i))
			}
			open = &block{language: words[0], options: words[1:], first: i + 1}
		case regionStart.MatchString(line):
			inside = &region{name: regionStart.FindStringSubmatch(line)[1], first: i + 1}
		case line == regionEnd && inside != nil:
			inside.last = i
			doc.regions = append(doc.regions, *inside)
			inside = nil
		}
	}
	if open != nil {
		return doc, fmt.Errorf("%s: the block does not end", at(name, open.first-1))
	}
	if inside != nil {
		return doc, fmt.Errorf("%s: the generated region does not end", at(name, inside.first-1))
	}
	return doc, nil
}

// text is the content of the block.
func (d document) text(b block) []string { return d.lines[b.first:b.last] }

// replaced is the document's text with new content for the places, which are in order and do not overlap.
func (d document) replaced(places []place) string {
	var lines []string
	from := 0
	for _, p := range places {
		lines = append(lines, d.lines[from:p.first]...)
		lines = append(lines, p.lines...)
		from = p.last
	}
	lines = append(lines, d.lines[from:]...)
	return strings.Join(lines, "\n") + "\n"
}

// write writes the document below root with new content for the places.
func (d document) write(root string, places []place) error {
	if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(d.name)), []byte(d.replaced(places)), 0o644); err != nil {
		return fmt.Errorf("write %s: %w", d.name, err)
	}
	return nil
}

// place is new content for lines[first:last] of a document.
type place struct {
	first, last int
	lines       []string
}

// at names a line of a document as editors do; index counts from 0.
func at(name string, index int) string { return fmt.Sprintf("%s:%d", name, index+1) }
