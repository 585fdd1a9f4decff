package cmd

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/start"
	"chaosworkshop/shared/config"
)

// newProgressCommand shows how far the learner is.
func newProgressCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "progress",
		Short: "Show which experiments your own folders have passed, and what comes next",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			standings, err := start.Progress(root)
			if err != nil {
				return err
			}
			printProgress(command.OutOrStdout(), standings)
			return nil
		},
	}
}

// printProgress writes a line for each exercise, and the next step: what is begun comes before what is not.
func printProgress(out io.Writer, standings []start.Standing) {
	next, begun := "", false
	for _, standing := range standings {
		mark := " "
		if standing.Done() {
			mark = color.GreenString("x")
		}
		fmt.Fprintf(out, "  [%s] exercise %d   %s\n", mark, standing.Exercise, describe(standing))
		switch {
		case standing.Done() || begun:
		case standing.Exists:
			next, begun = fmt.Sprintf("make verify EX=%d", standing.Exercise), true
		case next == "":
			next = fmt.Sprintf("make start EX=%d", standing.Exercise)
		}
	}
	fmt.Fprintln(out)
	if next == "" {
		fmt.Fprintln(out, lastWord)
		return
	}
	cli.Pair(out, "next", next)
}

// describe is an exercise's standing in words.
func describe(standing start.Standing) string {
	if standing.Last == nil {
		if standing.Exists {
			return "not judged yet"
		}
		return "not started"
	}
	byVerdict := map[string][]string{}
	for _, id := range slices.Sorted(maps.Keys(standing.Last.Verdicts)) {
		verdict := standing.Last.Verdicts[id]
		byVerdict[verdict] = append(byVerdict[verdict], id)
	}
	var words []string
	for _, verdict := range []string{"passed", "failed", "inconclusive"} {
		if ids := byVerdict[verdict]; len(ids) > 0 {
			words = append(words, strings.Join(ids, " ")+" "+verdict)
		}
	}
	text := strings.Join(words, ", ") + " on " + standing.Last.Time.Local().Format("2006-01-02 at 15:04")
	switch {
	case !standing.Exists:
		text += "; the folder is gone"
	case standing.Changed:
		text += "; the code has changed since, so judge it again"
	}
	return text
}
