package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"golang.org/x/tools/go/packages"

	"chaosworkshop/infra/internal/tool"
	"chaosworkshop/shared/config"
)

// check is one thing that lint looks at; it writes what is wrong to out.
type check struct {
	name string
	run  func(ctx context.Context, out io.Writer) error
}

// errWrong says that a check found something, and wrote it.
var errWrong = errors.New("found something")

// newLintCommand checks the code of every module without running it.
func newLintCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "Check the code: format, vet, staticcheck, modules, the exercises' order, other systems",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err != nil {
				return err
			}
			modules, err := tool.Modules(root)
			if err != nil {
				return err
			}
			failed := 0
			for _, check := range lintChecks(root, modules) {
				var words bytes.Buffer
				start := time.Now()
				err := check.run(command.Context(), &words)
				if command.Context().Err() != nil {
					return nil
				}
				verdict := color.GreenString("ok")
				if err != nil {
					failed++
					verdict = color.RedString("failed")
				}
				fmt.Fprintf(command.OutOrStdout(), "%-44s %s  %s\n", check.name, verdict, time.Since(start).Round(100*time.Millisecond))
				if err != nil {
					fmt.Fprintln(command.OutOrStdout(), strings.TrimSpace(words.String()))
				}
				if _, refused := errors.AsType[*exec.ExitError](err); err != nil && !refused && !errors.Is(err, errWrong) {
					return err
				}
			}
			if failed > 0 {
				return fmt.Errorf("%d checks failed: fix what they name above", failed)
			}
			return nil
		},
	}
}

// lintChecks are all checks, the fast ones first.
func lintChecks(root string, modules []string) []check {
	var all []string
	for _, module := range modules {
		all = append(all, module+"/...")
	}
	checks := []check{
		{"gofmt", func(ctx context.Context, out io.Writer) error {
			var files bytes.Buffer
			if err := (tool.Run{Args: []string{"gofmt", "-l", "."}, Output: &files}).Do(ctx); err != nil {
				return err
			}
			wrong := strings.Fields(files.String())
			if len(wrong) > 0 {
				wrong = []string{"gofmt -w " + strings.Join(wrong, " ")}
			}
			return found(out, wrong, nil)
		}},
		{"the exercises' order, and no import upwards", run("", nil, "go", "test", "-count=1", "./infra/tools/stages")},
		{"workflows", run("infra/tools", nil, "go", "tool", "actionlint")},
		{"vet", run("", nil, append([]string{"go", "vet"}, all...)...)},
		{"modules are what go.sum says", run("", nil, "go", "mod", "verify")},
		{"staticcheck", run("", nil, append([]string{"go", "tool", "staticcheck"}, all...)...)},
	}
	for _, module := range modules {
		checks = append(checks,
			check{"go.mod is tidy: " + module, run(module, []string{"GOWORK=off"}, "go", "mod", "tidy", "-diff")},
			check{"builds alone: " + module, run(module, []string{"GOWORK=off"}, "go", "vet", "./...")},
		)
	}
	for _, system := range []string{"windows", "darwin"} {
		checks = append(checks, check{"compiles for " + system + ", tests included", typed(root, system, all)})
	}
	return checks
}

// found writes what is wrong, and fails if anything is.
func found(out io.Writer, wrong []string, err error) error {
	if err != nil || len(wrong) == 0 {
		return err
	}
	fmt.Fprintln(out, strings.Join(wrong, "\n"))
	return errWrong
}

// run is a check by a program.
func run(dir string, env []string, args ...string) func(context.Context, io.Writer) error {
	return func(ctx context.Context, out io.Writer) error {
		return tool.Run{Dir: dir, Env: env, Args: args, Output: out}.Do(ctx)
	}
}

// typed is a check that the packages and their tests would compile for another system. It reads the types from the sources of
// everything that they import, which takes seconds; to compile those for a second and a third system takes minutes where
// no cache is warm.
func typed(root, system string, patterns []string) func(context.Context, io.Writer) error {
	return func(ctx context.Context, out io.Writer) error {
		loaded, err := packages.Load(&packages.Config{
			Context: ctx,
			Dir:     root,
			Env:     append(os.Environ(), "GOOS="+system, "CGO_ENABLED=0"),
			Mode:    packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedTypes,
			Tests:   true,
		}, patterns...)
		if err != nil {
			return fmt.Errorf("list the packages for %s: %w", system, err)
		}
		var wrong []string
		seen := map[string]bool{} // A package and its test variant have the same errors.
		packages.Visit(loaded, nil, func(one *packages.Package) {
			for _, problem := range one.Errors {
				if !seen[problem.Error()] {
					seen[problem.Error()] = true
					wrong = append(wrong, problem.Error())
				}
			}
		})
		return found(out, wrong, nil)
	}
}
