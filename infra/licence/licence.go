// Package licence lists the licences of the modules that the workshop is built from.
package licence

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/licensecheck"

	"chaosworkshop/infra/internal/tool"
)

// Unknown stands for a module whose licence is not recognised.
const Unknown = "unknown"

// enough is the share of a licence file, in percent, that must be a known text.
const enough = 75

// Module is a module of somebody else.
type Module struct {
	// Path and Version name it.
	Path, Version string
	// Licences are SPDX identifiers, in order; Unknown when its files are no known licence.
	Licences []string
}

// List finds every module of which some package is built or tested, on Linux, macOS or Windows, and its licences from
// the files beside its go.mod. The error says that the tool chain does not answer.
func List(ctx context.Context, root string) ([]Module, error) {
	dirs, err := tool.Modules(root)
	if err != nil {
		return nil, err
	}
	packages := []string{}
	for _, dir := range dirs {
		packages = append(packages, dir+"/...")
	}
	found := map[string]Module{}
	for _, system := range tool.Systems() {
		if err := list(ctx, system, packages, found); err != nil {
			return nil, fmt.Errorf("list the modules for %s: %w", system, err)
		}
	}
	modules := []Module{}
	for _, module := range found {
		modules = append(modules, module)
	}
	slices.SortFunc(modules, func(a, b Module) int { return strings.Compare(a.Path, b.Path) })
	return modules, nil
}

// list adds the modules for one system to those that were found.
func list(ctx context.Context, system string, packages []string, found map[string]Module) error {
	// The tool chain also says what it downloads.
	var output, complaints bytes.Buffer
	args := append([]string{"go", "list", "-deps", "-test", "-json=Module"}, packages...)
	err := tool.Run{Args: args, Env: []string{"GOOS=" + system, "CGO_ENABLED=0"}, Output: &output, Complaints: &complaints}.Do(ctx)
	if err != nil {
		return fmt.Errorf("go list: %w: %s", err, complaints.Bytes()[:min(complaints.Len(), 500)])
	}
	for decoder := json.NewDecoder(&output); ; {
		var one struct {
			Module *struct {
				Path, Version, Dir string
				Main               bool
				Replace            *struct{ Version string }
			}
		}
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read its answer: %w", err)
		}
		module := one.Module
		// The workshop's own modules have no version, nor has the folder that stands in for somebody else's module.
		if module == nil || module.Main || module.Version == "" || found[module.Path].Path != "" ||
			module.Replace != nil && module.Replace.Version == "" {
			continue
		}
		licences, err := Of(module.Dir)
		if err != nil {
			return err
		}
		found[module.Path] = Module{module.Path, module.Version, licences}
	}
}

// Of are the licences of the files LICENSE, LICENCE or COPYING in the folder of a module.
func Of(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the licence: %w", err)
	}
	licences := []string{}
	for _, entry := range entries {
		name := strings.ToUpper(entry.Name())
		if entry.IsDir() || !strings.HasPrefix(name, "LICENSE") && !strings.HasPrefix(name, "LICENCE") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read the licence: %w", err)
		}
		coverage := licensecheck.Scan(text)
		if coverage.Percent < enough {
			continue
		}
		for _, match := range coverage.Match {
			licences = append(licences, match.ID)
		}
	}
	slices.Sort(licences)
	if licences = slices.Compact(licences); len(licences) == 0 {
		return []string{Unknown}, nil
	}
	return licences, nil
}

// Markdown is the list as a document.
func Markdown(modules []Module) string {
	var text strings.Builder
	text.WriteString("# Licences\n\n`make licences` writes this list; do not edit it. It holds every module of which some package is built or tested,\n" +
		"on Linux, macOS or Windows, with the licence (SPDX) that its own licence files state.\n\n" +
		"| Module | Version | Licence |\n| --- | --- | --- |\n")
	for _, module := range modules {
		fmt.Fprintf(&text, "| %s | %s | %s |\n", module.Path, module.Version, strings.Join(module.Licences, ", "))
	}
	return text.String()
}

// Check compares the document with the list and returns what is wrong, one line each.
func Check(document string, modules []Module) []string {
	wrong := []string{}
	for _, module := range modules {
		if slices.Contains(module.Licences, Unknown) {
			wrong = append(wrong, fmt.Sprintf("the licence of %s %s is not known; read it, and do without the module if it has none", module.Path, module.Version))
		}
	}
	// A checkout on Windows may have other line ends.
	if strings.ReplaceAll(document, "\r\n", "\n") != Markdown(modules) {
		wrong = append(wrong, "infra/LICENSES.md is not what the modules are now; write it anew with `make licences`")
	}
	return wrong
}
