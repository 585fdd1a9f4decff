package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"chaosworkshop/shared/config"
)

// BuildError says that a folder does not compile, in the compiler's own words.
type BuildError struct {
	// Dir is the folder.
	Dir string
	// Output is what the compiler said.
	Output string
}

func (e *BuildError) Error() string {
	return fmt.Sprintf("%s does not build; fix what the compiler reports:\n%s", e.Dir, e.Output)
}

// Build compiles the main package in the folder dir and returns the path of the binary, below bin/ at the workshop's
// root. The error is a *BuildError when the compiler refused.
func Build(ctx context.Context, dir string) (string, error) {
	root, err := config.Root()
	if err != nil {
		return "", err
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("build %s: %w", dir, err)
	}
	if found, err := filepath.Glob(filepath.Join(full, "*.go")); err != nil || len(found) == 0 {
		return "", fmt.Errorf("build %s: it has no Go files; name the folder of an exercise, such as exercise3", dir)
	}
	binary := filepath.Join(root, "bin", binaryName(root, full))
	// Gin's MessagePack, which no exercise uses, would be a quarter of the first build.
	command := exec.CommandContext(ctx, "go", "build", "-tags=nomsgpack", "-o", binary, ".")
	command.Dir = full
	// By its own go.mod, whose modules are all that it needs: the workspace would also ask for those of everything else.
	command.Env = append(os.Environ(), "GOWORK=off")
	output, err := command.CombinedOutput()
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if _, refused := errors.AsType[*exec.ExitError](err); refused {
		return "", &BuildError{Dir: dir, Output: strings.TrimSpace(string(bytes.ToValidUTF8(output, nil)))}
	}
	if err != nil {
		return "", fmt.Errorf("build %s: %w; is Go installed and in the PATH?", dir, err)
	}
	return binary, nil
}

// binaryName is the folder's name for the workshop's own exercises; another folder gets its path's hash beside it, so
// that two copies of an exercise do not share a binary.
func binaryName(root, dir string) string {
	name := filepath.Base(dir)
	if filepath.Dir(dir) != root {
		hash := fnv.New32a()
		hash.Write([]byte(dir)) // Never an error, according to its documentation.
		name = fmt.Sprintf("%s-%08x", name, hash.Sum32())
	}
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return name
}
