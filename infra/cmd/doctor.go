package cmd

import (
	"fmt"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/room/doctor"
)

// newDoctorCommand checks whether the workshop can run here.
func newDoctorCommand() *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Check that this computer is ready, and say how to fix what is not",
		Long: "Check that this computer is ready, and say how to fix what is not.\n\n" +
			"Exit codes: 0 it is ready, 1 follow the fix lines, 2 ask your instructor.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			out := command.OutOrStdout()
			paint := map[doctor.Verdict]color.Attribute{doctor.OK: color.FgGreen, doctor.Fix: color.FgYellow, doctor.Ask: color.FgRed}
			var findings []doctor.Finding
			verdict := doctor.Examine(command.Context(), func(finding doctor.Finding) {
				findings = append(findings, finding)
				if asJSON {
					return
				}
				fmt.Fprintf(out, "%s  %-14s %s\n", color.New(paint[finding.Verdict]).Sprintf("%-3s", finding.Verdict), finding.Name, finding.Detail)
				if finding.Remedy != "" {
					fmt.Fprintf(out, "     %-14s -> %s\n", "", finding.Remedy)
				}
			})
			if asJSON {
				if err := printJSON(out, map[string]any{"verdict": verdict, "findings": findings}); err != nil {
					return err
				}
			}
			if verdict != doctor.OK {
				return cli.Exit(int(verdict), nil)
			}
			return nil
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	return command
}
