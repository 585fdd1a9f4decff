// Package cmd holds the commands of the workshop, one file each: flags, output and exit codes. Other packages do the work.
package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
)

// New returns the command line with every command, in the groups and in the order that make lists.
func New() *cobra.Command {
	root := &cobra.Command{
		Use:   "workshop",
		Short: "Build robust software with chaos engineering, in Go",
		Long: "Build robust software with chaos engineering, in Go.\n\n" +
			"Each command is also a target of make, where --ex 3 is EX=3.",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	cobra.EnableCommandSorting = false
	for _, group := range []struct {
		title, more string
		commands    []*cobra.Command
	}{
		{"Learn", "", append(newExerciseCommands(), newInfraCommand(), newChaosCommand(), newCalmCommand(), newLoadCommand(),
			newStartCommand(), newVerifyCommand(), newProgressCommand(), newExperimentCommand(), newDiffCommand(), newTraceCommand(), newRaceCommand())},
		{"Prepare a room", "", []*cobra.Command{newPrepareCommand(), newDoctorCommand(), newBundleCommand(), newBoardCommand(), newSecretsCommand(),
			newImagesCommand(), newK8sCommand()}},
		{"Servers and data", "", []*cobra.Command{newDataCommand(), newSeedCommand(), newUpCommand(), newDownCommand(),
			newLogsCommand(), newPSCommand(), newToxiproxyCLICommand()}},
		{"Maintain the workshop", " (more: go run ./infra/tools)", []*cobra.Command{newTestCommand(), newMatrixCommand(), newCorpusCommand()}},
	} {
		root.AddGroup(&cobra.Group{ID: group.title, Title: group.title + group.more})
		for _, command := range group.commands {
			command.GroupID = group.title
		}
		root.AddCommand(group.commands...)
	}
	root.SetHelpCommandGroupID("Learn")
	return root
}

// title is a line that stands out.
func title(format string, values ...any) string {
	return color.New(color.Bold).Sprintf(format, values...)
}

// printJSON writes a value for programs and, indented, for people.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("print as JSON: %w", err)
	}
	return nil
}

// writeFile writes a file, and creates its folder.
func writeFile(path string, write func(io.Writer) error) error {
	var text bytes.Buffer
	err := write(&text)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, text.Bytes(), 0o644)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
