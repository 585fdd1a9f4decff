package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/tools/guide"
	"chaosworkshop/shared/config"
)

// newGuideCommand checks that the documents say what is true.
func newGuideCommand() *cobra.Command {
	var write, textOnly bool
	var script string
	command := &cobra.Command{
		Use:   "guide [DOCUMENT...]",
		Short: "Run every command of the documents and compare their transcripts with this run",
		Long: "Run every command of the README files and compare their transcripts with this run.\n\n" +
			"Times, shares and counts may differ a little, all other words not. Blocks that need Docker or the internet run\n" +
			"where WORKSHOP_DOCKER=1 or WORKSHOP_ONLINE=1.",
		RunE: func(command *cobra.Command, documents []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			if script != "" {
				text, err := guide.Script(root, script)
				fmt.Fprint(command.OutOrStdout(), text)
				return err
			}
			result, err := guide.Run(command.Context(), guide.Options{
				Root: root, Documents: documents, Write: write, TextOnly: textOnly, Progress: command.ErrOrStderr(),
			})
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			for _, skipped := range result.Skipped {
				fmt.Fprintln(out, "not run:", skipped)
			}
			for _, problem := range result.Problems {
				fmt.Fprintf(out, "%s: %s\n", problem.Where, problem.What)
			}
			fmt.Fprintf(out, "%d blocks ran, %d did not\n", result.Ran, len(result.Skipped))
			if len(result.Problems) > 0 {
				return errors.New("the documents do not hold; mend them, or the code, or take this run's transcripts: make guide WRITE=1")
			}
			return nil
		},
	}
	command.Flags().BoolVar(&write, "write", false, "write this run's transcripts and what is generated into the documents")
	command.Flags().BoolVar(&textOnly, "text", false, "run nothing; check only what is generated from the code, quoted code, links and names")
	command.Flags().StringVar(&script, "script", "", "run nothing; print the commands of the blocks that need this, such as docker")
	return command
}
