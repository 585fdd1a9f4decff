package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/tools/guide"
	"chaosworkshop/shared/config"
)

// newGuideCommand runs the documents.
func newGuideCommand() *cobra.Command {
	var options guide.Options
	var script string
	command := &cobra.Command{
		Use:   "guide [DOCUMENT...]",
		Short: "Run every command in the documents and compare their transcripts with this run",
		Long: "Run every command in the documents and compare their transcripts with this run. Times, shares and counts may differ a\n" +
			"little, all other words may not; a line ... stands for any number of lines. Blocks that need Docker, a MySQL server or\n" +
			"the internet run where WORKSHOP_DOCKER=1, WORKSHOP_MYSQL=1 or WORKSHOP_ONLINE=1.",
		RunE: func(command *cobra.Command, documents []string) (err error) {
			if options.Root, err = config.Root(); err != nil {
				return err
			}
			if script != "" {
				text, err := guide.Script(options.Root, script)
				fmt.Fprint(command.OutOrStdout(), text)
				return err
			}
			options.Documents, options.Output = documents, command.OutOrStdout()
			problems, err := guide.Run(command.Context(), options)
			if err == nil && problems > 0 {
				err = fmt.Errorf("problems in the documents: %d; fix the text or the code, or take this run's transcripts with make guide WRITE=1", problems)
			}
			return err
		},
	}
	command.Flags().BoolVar(&options.Write, "write", false, "write what does not hold as this run has it, and what is generated, into the documents")
	command.Flags().BoolVar(&options.TextOnly, "text", false, "run nothing; with --write, write what is generated from the code")
	command.Flags().StringVar(&script, "script", "", "run nothing; print the commands of the blocks that need this, such as docker")
	return command
}
