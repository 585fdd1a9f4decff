package stages

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// layers are the folders from the bottom up. A package imports from its own layer and those below, never upwards.
var layers = []string{
	"chaosworkshop/shared",
	"chaosworkshop/infra/internal",
	"chaosworkshop/infra/lab",
	"chaosworkshop/infra/chaos",
	"chaosworkshop/infra/deploy",
	"chaosworkshop/infra/room",
	"chaosworkshop/infra/cmd",
	"chaosworkshop/infra",
	"chaosworkshop/infra/tools",
}

// layer is the index in layers of the folder that the package is in, the longest that fits; -1 for a package of others.
func layer(path string) int {
	found := -1
	for i, folder := range layers {
		if (path == folder || strings.HasPrefix(path, folder+"/")) && (found < 0 || len(folder) > len(layers[found])) {
			found = i
		}
	}
	return found
}

// checkLayers lists the imports below root that go upwards, one line each, those of tests included. The error says that
// the go command could not list the packages.
func checkLayers(ctx context.Context, root string) ([]string, error) {
	var wrong []string
	for _, module := range []string{"shared", "infra", filepath.Join("infra", "tools")} {
		command := exec.CommandContext(ctx, "go", "list", "-f",
			`{{.ImportPath}}{{range .Imports}} {{.}}{{end}}{{range .TestImports}} {{.}}{{end}}{{range .XTestImports}} {{.}}{{end}}`, "./...")
		command.Dir = filepath.Join(root, module)
		output, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("list the packages of %s: %w", module, err)
		}
		for line := range strings.Lines(string(output)) {
			paths := strings.Fields(line)
			wrong = append(wrong, upwards(paths[0], paths[1:])...)
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong), nil
}

// upwards lists the imports of the package that are on a higher layer, one line each.
func upwards(from string, imports []string) []string {
	var wrong []string
	for _, path := range imports {
		if above := layer(path); above > layer(from) {
			wrong = append(wrong, fmt.Sprintf("%s imports %s, which is above it: move what both need down, or the caller up", from, path))
		}
	}
	return wrong
}
