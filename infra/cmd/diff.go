package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fatih/color"
	"github.com/pmezard/go-difflib/difflib"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chaosworkshop/infra/chaos/page"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/diff"
	"chaosworkshop/shared/config"
)

// newDiffCommand shows what one exercise adds to another.
func newDiffCommand() *cobra.Command {
	var from, to, style string
	var options diff.Options
	command := &cobra.Command{
		Use:   "diff",
		Short: "Show the lesson as a diff between two exercises, without go.sum and prose",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if style != "unified" && style != "side" && style != "page" {
				return cli.Usage(fmt.Errorf("there is no style %q; choose unified, side or page", style))
			}
			if number, err := strconv.Atoi(from); err == nil && !command.Flag("to").Changed {
				to = strconv.Itoa(number + 1)
			}
			if to == "" {
				return cli.Usage(fmt.Errorf("say what to compare %s with: an exercise, 1 to 5, or a folder", from))
			}
			before, err := stageFolder(from)
			if err != nil {
				return err
			}
			after, err := stageFolder(to)
			if err != nil {
				return err
			}
			if style == "page" {
				return serveDiff(command.Context(), command.OutOrStdout(), before, after, options)
			}
			files, err := diff.Between(before, after, options)
			if err != nil {
				return err
			}
			if len(files) == 0 {
				fmt.Fprintln(command.ErrOrStderr(), "There is no difference.")
				return nil
			}
			if style == "unified" {
				return printUnified(command.OutOrStdout(), files, before, after)
			}
			width, _, err := term.GetSize(int(os.Stdout.Fd()))
			if err != nil {
				width = 160 // No terminal.
			}
			printSideBySide(command.OutOrStdout(), files, before, after, width)
			return nil
		},
	}
	command.Flags().StringVar(&from, "from", "1", "the exercise to start from: 1 to 5, or a folder")
	command.Flags().StringVar(&to, "to", "", "the exercise to go to: 1 to 5, or a folder (default: the one after)")
	command.Flags().StringVar(&style, "style", "unified", "unified; side for two columns; page for the browser, where it follows what you save")
	command.Flags().BoolVar(&options.CodeOnly, "code", false, "leave out tests and go.mod")
	return command
}

// stageFolder is the folder of an exercise that is named by its number or by its folder.
func stageFolder(name string) (string, error) {
	if !regexp.MustCompile(`^[1-5]$`).MatchString(name) {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			return "", cli.Usage(fmt.Errorf("there is no exercise and no folder %q; choose 1 to 5, or a folder, such as the one that `make start EX=3` creates", name))
		}
		return filepath.Clean(name), nil
	}
	root, err := config.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "exercise"+name), nil
}

// serveDiff serves the page of a diff until ctx ends.
func serveDiff(ctx context.Context, out io.Writer, before, after string, options diff.Options) error {
	handler, policy, err := diff.NewHandler(before, after, options)
	if err != nil {
		return err
	}
	listener, err := listenAlone(out)
	if err != nil {
		return err
	}
	cli.Pair(out, "open", "http://"+listener.Addr().String())
	cli.Pair(out, "Stop it", "Ctrl-C")
	return page.Serve(ctx, listener, page.Guard(listener.Addr(), policy, handler))
}

// The colours of a diff; without a terminal there are none.
var (
	added   = color.New(color.FgGreen)
	removed = color.New(color.FgRed)
	header  = color.New(color.Bold)
	place   = color.New(color.FgCyan)
	plain   = color.New()
)

// printUnified writes the files as a unified diff.
func printUnified(out io.Writer, files []diff.File, from, to string) error {
	for _, file := range files {
		text, err := file.Unified(from, to)
		if err != nil {
			return fmt.Errorf("compare %s: %w", file.Name, err)
		}
		for line := range strings.Lines(text) {
			paint := plain
			switch {
			case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
				paint = header
			case line[0] == '@':
				paint = place
			case line[0] == '+':
				paint = added
			case line[0] == '-':
				paint = removed
			}
			paint.Fprint(out, line)
		}
	}
	return nil
}

// printSideBySide writes the files in two columns that fill width characters. It leaves out equal lines far from a change.
func printSideBySide(out io.Writer, files []diff.File, from, to string, width int) {
	column := max(20, (width-3)/2)
	for _, file := range files {
		header.Fprintf(out, "%s   %s\n", pad(file.Side(from, file.From), column), file.Side(to, file.To))
		for i, group := range difflib.NewMatcher(file.From, file.To).GetGroupedOpCodes(3) {
			if i > 0 {
				place.Fprintf(out, "%s   ...\n", pad("...", column))
			}
			for _, code := range group {
				printRows(out, file.From[code.I1:code.I2], file.To[code.J1:code.J2], code.Tag == 'e', column)
			}
		}
		fmt.Fprintln(out)
	}
}

// printRows writes one run of lines, equal or not, side by side.
func printRows(out io.Writer, from, to []string, equal bool, column int) {
	for i := range max(len(from), len(to)) {
		mark := "|"
		if i >= len(from) {
			mark = ">"
		}
		if i >= len(to) {
			mark = "<"
		}
		before, after := removed, added
		if equal {
			before, after, mark = plain, plain, " "
		}
		lefts, rights := wrap(lineAt(from, i), column), wrap(lineAt(to, i), column)
		for i := range max(len(lefts), len(rights)) {
			before.Fprint(out, pad(lineAt(lefts, i), column))
			fmt.Fprintf(out, " %s ", mark)
			after.Fprintln(out, lineAt(rights, i))
			mark = " "
		}
	}
}

// lineAt is the line with that index, or an empty one after the last.
func lineAt(lines []string, index int) string {
	if index < len(lines) {
		return lines[index]
	}
	return ""
}

// wrap is the line, with tabs as four spaces, in pieces of at most width characters: broken after a space, a comma or a bracket
// where there is one, and indented further than the line.
func wrap(line string, width int) []string {
	rest := []rune(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    "))
	indent := 0
	for indent < len(rest) && rest[indent] == ' ' {
		indent++
	}
	indent = min(indent+2, width/2)
	var pieces []string
	for len(rest) > width {
		end := width
		for i := width; i > width/2 && i > indent; i-- {
			if strings.ContainsRune(" ,(){}[]./", rest[i-1]) {
				end = i
				break
			}
		}
		pieces = append(pieces, strings.TrimRight(string(rest[:end]), " "))
		rest = append([]rune(strings.Repeat(" ", indent)), rest[end:]...)
	}
	return append(pieces, string(rest))
}

// pad is the text with spaces up to width characters.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}
