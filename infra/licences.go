package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"chaosworkshop/infra/licence"
	"chaosworkshop/shared/config"
)

// newLicencesCommand lists the licences of what the workshop is built from.
func newLicencesCommand() *cobra.Command {
	var check bool
	command := &cobra.Command{
		Use:   "licences",
		Short: "List the licences of all modules in infra/LICENSES.md",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return listLicences(command.Context(), check)
		},
	}
	command.Flags().BoolVar(&check, "check", false, "write nothing; fail where the list is old or a licence unknown")
	return command
}

// listLicences writes the list, or checks it.
func listLicences(ctx context.Context, check bool) error {
	root, err := config.Root()
	if err != nil {
		return err
	}
	modules, err := licence.List(ctx, root)
	if err != nil {
		return err
	}
	path := filepath.Join(root, "infra", "LICENSES.md")
	document := []byte(licence.Markdown(modules))
	if check {
		if document, err = os.ReadFile(path); err != nil {
			return fmt.Errorf("read the licences: %w; write them with `make licences`", err)
		}
	} else if err := os.WriteFile(path, document, 0o644); err != nil {
		return fmt.Errorf("write the licences: %w", err)
	}
	if wrong := licence.Check(string(document), modules); len(wrong) > 0 {
		return errors.New(strings.Join(wrong, "\n"))
	}
	return nil
}
