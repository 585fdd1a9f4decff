// Package cmd holds the commands of the workshop, one file each: flags, words and exit codes. What they can do is elsewhere.
package cmd

import "github.com/spf13/cobra"

// New returns the command line with every command.
func New() *cobra.Command {
	root := &cobra.Command{
		Use:   "workshop",
		Short: "Build robust software with chaos engineering, in Go",
		Long: "Build robust software with chaos engineering, in Go.\n\n" +
			"Each command is also a make target: `make exercise3` is `go run ./infra exercise3`.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(newExerciseCommands()...)
	root.AddCommand(
		newInfraCommand(),
		newChaosCommand(),
		newCalmCommand(),
		newToxiproxyCLICommand(),
		newDataCommand(),
		newLoadCommand(),
		newRaceCommand(),
		newDiffCommand(),
		newTestCommand(),
		newVerifyCommand(),
		newSeedCommand(),
		newDoctorCommand(),
		newSecretsCommand(),
		newBundleCommand(),
		newUpCommand(),
		newDownCommand(),
		newLogsCommand(),
		newPSCommand(),
		newMatrixCommand(),
	)
	return root
}
