package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Usage marks err as wrong usage.
func Usage(err error) error { return Exit(Broken, err) }

// Nearest is the candidate that is spelled most like the word, or empty if none is near.
func Nearest(word string, candidates []string) string {
	best, near := "", max(1, len(word)/3)+1
	for _, candidate := range candidates {
		if d := distance(word, candidate); d < near {
			best, near = candidate, d
		}
	}
	return best
}

// distance is how many letters must be inserted, removed, changed or swapped with a neighbour to turn one word into the other.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		for j := range rows[i] {
			switch {
			case i == 0 || j == 0:
				rows[i][j] = i + j
			case a[i-1] == b[j-1]:
				rows[i][j] = rows[i-1][j-1]
			default:
				rows[i][j] = 1 + min(rows[i-1][j], rows[i][j-1], rows[i-1][j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					rows[i][j] = min(rows[i][j], 1+rows[i-2][j-2])
				}
			}
		}
	}
	return rows[len(a)][len(b)]
}

// DidYouMean continues an error about an unknown word: with the nearest candidate, or with them all.
func DidYouMean(word string, candidates []string) string {
	if near := Nearest(word, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return "choose from " + strings.Join(candidates, ", ")
}

// Cobra's errors that only their text tells apart.
var (
	unknownCommand = regexp.MustCompile(`^unknown command "(.*?)" for`)
	missingFlags   = regexp.MustCompile(`^required flag\(s\) "([a-z-]+)"`)
)

// explain says what is wrong with the usage of a command, in one line.
func explain(command *cobra.Command, err error) error {
	if _, failed := errors.AsType[exitError](err); failed {
		return err
	}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok && unknown.GetSpecifiedShortnames() == "" {
		var flags []string
		command.Flags().VisitAll(func(flag *pflag.Flag) { flags = append(flags, "--"+flag.Name) })
		word := "--" + unknown.GetSpecifiedName()
		return fmt.Errorf("%s has no flag %s; %s", command.Name(), word, DidYouMean(word, flags))
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		flag := invalid.GetFlag()
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("--%s %s is too large (%s)", flag.Name, invalid.GetValue(), flag.Usage)
		}
		return fmt.Errorf("--%s takes %s, not %q (%s)", flag.Name, kinds(flag.Value.Type()), invalid.GetValue(), flag.Usage)
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s needs a value: %s", missing.GetFlag().Name, missing.GetFlag().Usage)
	}
	if found := missingFlags.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("%s needs --%s, %s; with make: %s=VALUE", command.Name(), found[1], command.Flag(found[1]).Usage, strings.ToUpper(found[1]))
	}
	if found := unknownCommand.FindStringSubmatch(err.Error()); found != nil {
		if command.HasParent() {
			return fmt.Errorf("%s takes no argument such as %q; see %s --help", command.Name(), found[1], command.CommandPath())
		}
		var names []string
		for _, other := range command.Commands() {
			names = append(names, other.Name())
		}
		if near := Nearest(found[1], names); near != "" {
			return fmt.Errorf("there is no command %q; did you mean %s?", found[1], near)
		}
		return fmt.Errorf("there is no command %q; see %s --help", found[1], command.Name())
	}
	return err
}

// kinds says what a flag of a type takes.
func kinds(of string) string {
	switch of {
	case "duration":
		return "a duration such as 30s or 5m"
	case "int", "uint64":
		return "a whole number"
	case "bool":
		return "true or false"
	}
	return "of the type " + of
}
