package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"chaosworkshop/infra/diff"
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
			before, err := stageFolder(from)
			if err != nil {
				return err
			}
			after, err := stageFolder(to)
			if err != nil {
				return err
			}
			files, err := diff.Between(before, after, options)
			if err != nil {
				return err
			}
			switch style {
			case "unified":
				return diff.PrintUnified(command.OutOrStdout(), files, before, after)
			case "side":
				diff.PrintSideBySide(command.OutOrStdout(), files, before, after, terminalWidth())
				return nil
			}
			return fmt.Errorf("there is no style %q; choose unified or side", style)
		},
	}
	command.Flags().StringVar(&from, "from", "1", "the exercise to start from: 1 to 5, or a folder")
	command.Flags().StringVar(&to, "to", "2", "the exercise to go to: 1 to 5, or a folder")
	command.Flags().StringVar(&style, "style", "unified", "unified, or side for side by side")
	command.Flags().BoolVar(&options.CodeOnly, "code", false, "leave out tests and go.mod")
	return command
}

// stageFolder is the folder of an exercise that is named by its number or by its folder.
func stageFolder(name string) (string, error) {
	if !regexp.MustCompile(`^[1-5]$`).MatchString(name) {
		return filepath.Clean(name), nil
	}
	root, err := config.Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, "exercise"+name), nil
}

// terminalWidth is the width of the terminal in characters, or 160 where there is none.
func terminalWidth() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		return width
	}
	return 160
}
