package cli

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/spelling"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Usage marks err as wrong usage.
func Usage(err error) error { return Exit(Broken, err) }

// Cobra's errors that only their text tells apart.
var (
	unknownCommand = regexp.MustCompile(`^unknown command "(.*?)" for`)
	missingFlags   = regexp.MustCompile(`^required flag\(s\) "([a-z-]+)"`)
	exclusiveFlags = regexp.MustCompile(`^if any flags in the group .* none of the others can be; \[(.+)\] were all set`)
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
		return fmt.Errorf("%s has no flag %s; %s", command.Name(), word, spelling.DidYouMean(word, flags))
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
		return fmt.Errorf("%s needs %s; type make %s %s=VALUE", command.Name(), command.Flag(found[1]).Usage, command.Name(), strings.ToUpper(found[1]))
	}
	if found := exclusiveFlags.FindStringSubmatch(err.Error()); found != nil {
		return fmt.Errorf("%s takes only one of --%s", command.Name(), strings.ReplaceAll(found[1], " ", " and --"))
	}
	if found := unknownCommand.FindStringSubmatch(err.Error()); found != nil {
		if command.HasParent() {
			var flags []string
			command.LocalFlags().VisitAll(func(flag *pflag.Flag) {
				if flag.Name != "help" {
					flags = append(flags, "--"+flag.Name)
				}
			})
			takes := "no flag"
			if len(flags) > 0 {
				takes = strings.Join(flags, ", ")
			}
			return fmt.Errorf("%s takes no argument such as %q; it takes %s", command.Name(), found[1], takes)
		}
		var names []string
		for _, other := range command.Commands() {
			names = append(names, other.Name())
		}
		series := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == unnumbered(name) || unnumbered(name) != unnumbered(found[1]) })
		if len(series) > 0 {
			return fmt.Errorf("there is no command %q; there are %s", found[1], strings.Join(series, ", "))
		}
		if near := spelling.Nearest(found[1], names); near != "" {
			return fmt.Errorf("there is no command %q; did you mean %s?", found[1], near)
		}
		return fmt.Errorf("there is no command %q; make help lists all", found[1])
	}
	return err
}

// unnumbered is a name without the number at its end: commands such as exercise1 and exercise2 are a series.
func unnumbered(name string) string { return strings.TrimRight(name, "0123456789") }

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
