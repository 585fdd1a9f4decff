package cmd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/deploy/compose"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/bundle"
	"chaosworkshop/shared/config"
)

// newBundleCommand packs the workshop for computers without a network.
func newBundleCommand() *cobra.Command {
	var only string
	var images bool
	command := &cobra.Command{
		Use:   "bundle",
		Short: "Pack everything into one archive, for computers without a network",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			systems, err := readSystems(only)
			if err != nil {
				return cli.Usage(err)
			}
			var extra map[string]func(context.Context, string) error
			if images {
				found, err := compose.Find(command.Context(), command.ErrOrStderr())
				if err != nil {
					return err
				}
				extra = map[string]func(context.Context, string) error{compose.Images: found.SaveImages}
			}
			path, err := bundle.Make(command.Context(), root, filepath.Join(root, "dist"), systems, extra, command.ErrOrStderr())
			if err != nil {
				return err
			}
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			out, name := command.OutOrStdout(), filepath.Base(path)
			fmt.Fprintf(out, "%s, %d MB\n\n", path, info.Size()>>20)
			cli.Pair(out, "Check it", "sha256sum -c "+name+".sha256")
			cli.Pair(out, "  on macOS", "shasum -a 256 -c "+name+".sha256")
			cli.Pair(out, "  on Windows", "(Get-FileHash "+name+").Hash -eq ((Get-Content "+name+".sha256) -split ' ')[0]")
			cli.Pair(out, "Unpack it", "tar xf "+name+", then cd chaosworkshop")
			cli.Pair(out, "Use it", "make exercise5, or without make the program of your system:")
			for _, system := range systems {
				program, err := filepath.Rel(root, bundle.Program(root, system))
				if err != nil {
					return err
				}
				cli.Pair(out, "  "+system.String(), program+" exercise5")
			}
			cli.Pair(out, "It needs", "nothing else; to change the code, Go")
			return nil
		},
	}
	command.Flags().StringVar(&only, "systems", "", "build for these systems, such as linux/arm64,windows/amd64; by default for those of most attendees")
	command.Flags().BoolVar(&images, "images", false, "add the Docker images for make up that this computer has")
	return command
}

// readSystems reads a list of systems, separated by commas or blanks. Without one, they are bundle's.
func readSystems(text string) ([]bundle.System, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	if len(words) == 0 {
		return bundle.Systems(), nil
	}
	var systems []bundle.System
	for _, word := range words {
		system, processor, both := strings.Cut(word, "/")
		if !both || system == "" || processor == "" {
			return nil, fmt.Errorf("%q is not a system; write the operating system and processor, such as linux/arm64", word)
		}
		systems = append(systems, bundle.System{OS: system, Processor: processor})
	}
	return systems, nil
}
