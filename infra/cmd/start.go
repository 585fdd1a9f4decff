package cmd

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/start"
	"chaosworkshop/shared/config"
)

// newStartCommand gives the user a folder to solve an exercise in.
func newStartCommand() *cobra.Command {
	var number int
	command := &cobra.Command{
		Use:   "start",
		Short: "Copy the previous exercise into work/, with the task, for you to solve",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			switch {
			case number == 1:
				return cli.Usage(errors.New("exercise 1 is the starting point, with nothing to solve; choose 2 to 5"))
			case number < 1 || number > 5:
				return cli.Usage(fmt.Errorf("there is no exercise %d; choose 2 to 5", number))
			}
			root, err := config.Root()
			if err != nil {
				return err
			}
			if err := start.Copy(root, number); err != nil {
				return err
			}
			out, folder := command.OutOrStdout(), filepath.ToSlash(start.Folder(number))
			cli.Pair(out, "yours", folder)
			cli.Pair(out, "the task", folder+"/README.md")
			cli.Pair(out, "judge it", fmt.Sprintf("make verify EX=%d", number))
			return nil
		},
	}
	command.Flags().IntVar(&number, "ex", 0, "the exercise to solve: 2 to 5")
	_ = command.MarkFlagRequired("ex") // The flag exists.
	return command
}
