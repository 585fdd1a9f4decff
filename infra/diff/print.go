package diff

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/pmezard/go-difflib/difflib"
)

// Colours of a diff; the package prints none where the output is no terminal.
var (
	added   = color.New(color.FgGreen)
	removed = color.New(color.FgRed)
	header  = color.New(color.Bold)
	place   = color.New(color.FgCyan)
)

// PrintUnified writes the files as a unified diff.
func PrintUnified(out io.Writer, files []File, from, to string) error {
	for _, file := range files {
		text, err := file.Unified(from, to)
		if err != nil {
			return fmt.Errorf("compare %s: %w", file.Name, err)
		}
		for line := range strings.Lines(text) {
			paint(line).Fprint(out, line)
		}
	}
	return nil
}

// paint is the colour of a line of a unified diff.
func paint(line string) *color.Color {
	switch {
	case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
		return header
	case strings.HasPrefix(line, "@@"):
		return place
	case strings.HasPrefix(line, "+"):
		return added
	case strings.HasPrefix(line, "-"):
		return removed
	}
	return color.New()
}

// PrintSideBySide writes the files in two columns that fill width characters; equal lines far from a change are left out.
func PrintSideBySide(out io.Writer, files []File, from, to string, width int) {
	column := max(20, (width-3)/2)
	for _, file := range files {
		header.Fprintf(out, "%s   %s\n", fit(name(from, file.Name, file.From), column), name(to, file.Name, file.To))
		matcher := difflib.NewMatcher(file.From, file.To)
		for i, group := range matcher.GetGroupedOpCodes(3) {
			if i > 0 {
				place.Fprintf(out, "%s   ...\n", fit("...", column))
			}
			for _, code := range group {
				printRows(out, file.From[code.I1:code.I2], file.To[code.J1:code.J2], code.Tag == 'e', column)
			}
		}
		fmt.Fprintln(out)
	}
}

// printRows writes one run of lines, equal or not, beside each other.
func printRows(out io.Writer, from, to []string, equal bool, column int) {
	for i := range max(len(from), len(to)) {
		left, right, mark := "", "", " "
		if i < len(from) {
			left = from[i]
		}
		if i < len(to) {
			right = to[i]
		}
		switch {
		case equal:
		case i >= len(to):
			mark = "<"
		case i >= len(from):
			mark = ">"
		default:
			mark = "|"
		}
		if equal {
			fmt.Fprintf(out, "%s %s %s\n", fit(left, column), mark, strings.TrimRight(fit(right, column), " "))
			continue
		}
		removed.Fprint(out, fit(left, column))
		fmt.Fprintf(out, " %s ", mark)
		added.Fprintln(out, strings.TrimRight(fit(right, column), " "))
	}
}

// fit is the line in exactly width characters, with tabs as four spaces.
func fit(line string, width int) string {
	line = strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")
	length := utf8.RuneCountInString(line)
	if length > width {
		return string([]rune(line)[:width-1]) + "…"
	}
	return line + strings.Repeat(" ", width-length)
}
