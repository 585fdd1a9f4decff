package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// results are figures of Go benchmarks: by package and benchmark, such as exercise5.Policies, then by unit.
type results map[string]map[string][]float64

// median is the median of a figure over all its runs; an error when there is none.
func (r results) median(name, unit string) (float64, error) {
	values := slices.Sorted(slices.Values(r[name][unit]))
	if len(values) == 0 {
		return 0, fmt.Errorf("no benchmark reported %s of %s", unit, name)
	}
	return values[len(values)/2], nil
}

// skipped finds the line of a benchmark that says what it lacks.
var skipped = regexp.MustCompile(`NOTHING WAS TESTED: (.*) is missing`)

// goTest runs Go benchmarks in a folder of the workshop; args follow `go test -v -run ^$`, which says what is skipped.
// The error is an errMissing when a benchmark says that something is missing.
func (s *session) goTest(ctx context.Context, folder string, args ...string) (results, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-v", "-run", "^$", "-benchmem"}, args...)...)
	command.Dir = filepath.Join(s.root, folder)
	output, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test %s: %w:\n%s", strings.Join(args, " "), err, output)
	}
	if lacks := skipped.FindSubmatch(output); lacks != nil {
		return nil, errMissing(lacks[1])
	}
	return parse(output)
}

// parse reads the output of go test.
func parse(output []byte) (results, error) {
	found := results{}
	reader := benchfmt.NewReader(bytes.NewReader(output), "go test")
	for reader.Scan() {
		result, ok := reader.Result().(*benchfmt.Result)
		if !ok {
			continue // Not a line of figures.
		}
		name, _, _ := strings.Cut(result.GetConfig("pkg")+"."+string(result.Name.Full()), "-")
		name = strings.TrimPrefix(name, "chaosworkshop/")
		if found[name] == nil {
			found[name] = map[string][]float64{}
		}
		for _, value := range result.Values {
			// The reader turns nanoseconds into seconds; the ledger shows what the benchmark printed.
			figure, unit := value.Value, value.Unit
			if value.OrigUnit != "" {
				figure, unit = value.OrigValue, value.OrigUnit
			}
			found[name][unit] = append(found[name][unit], figure)
		}
	}
	if err := reader.Err(); err != nil {
		return nil, fmt.Errorf("read benchmarks: %w", err)
	}
	if len(found) == 0 {
		return nil, errors.New("read benchmarks: go test printed none")
	}
	return found, nil
}
