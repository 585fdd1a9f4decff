package bench

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteMarkdown writes the ledger as a page of tables.
func (l Ledger) WriteMarkdown(out io.Writer) error {
	page := &strings.Builder{}
	fmt.Fprintf(page, "# Benchmarks\n\n")
	fmt.Fprintf(page, "Written by `make bench`: every figure beside its reference, in one run. Measure again rather than edit.\n")
	fmt.Fprintf(page, "A target bounds the ratio where there is a reference, else the figure.\n\n")
	fmt.Fprintf(page, "- %s, %s long%s\n", l.Date.Format(time.DateOnly), l.Took.Round(time.Second), l.kind())
	fmt.Fprintf(page, "- %s/%s, %d cores, %s\n", l.Machine.OS, l.Machine.Arch, l.Machine.Cores, l.Machine.CPU)
	var versions []string
	for _, one := range l.Versions {
		versions = append(versions, one.Name+" "+one.Version)
	}
	fmt.Fprintf(page, "- %s\n", strings.Join(versions, ", "))
	for _, section := range l.Sections {
		fmt.Fprintf(page, "\n## %s\n\n", section.Title)
		if section.Missing != "" {
			fmt.Fprintf(page, "Not measured: %s.\n", section.Missing)
			continue
		}
		fmt.Fprintf(page, "| | measured | reference | ratio | target | | how | command |\n|---|---|---|---|---|---|---|---|\n")
		for _, row := range section.Rows {
			fmt.Fprintf(page, "| %s | %s | %s | %s | %s | %s | %s | `%s` |\n", row.Name, row.amount(row.Value), row.reference(),
				row.ratio(), row.limit(row.Target), row.verdict(), row.Note, strings.ReplaceAll(row.Command, "|", `\|`))
		}
	}
	if _, err := io.WriteString(out, page.String()); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	return nil
}

// kind says that a run was a short one.
func (l Ledger) kind() string {
	if l.Short {
		return ", the short form: too few samples for the targets"
	}
	return ""
}

func (r Row) reference() string {
	if r.Reference == nil {
		return ""
	}
	return r.Reference.Name + ": " + r.amount(r.Reference.Value)
}

func (r Row) ratio() string {
	if r.Reference == nil {
		return ""
	}
	return number(r.Ratio())
}

// verdict is whether the figure meets its target; empty without one.
func (r Row) verdict() string {
	switch {
	case r.Target == nil:
		return ""
	case r.Meets(r.Target):
		return "met"
	}
	return "**missed**"
}
