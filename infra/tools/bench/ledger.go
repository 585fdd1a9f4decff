package bench

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// Markdown is the ledger as a page of tables. About are the lines that say when and with what it was measured.
func (l Ledger) Markdown(about []string) string {
	page := &strings.Builder{}
	page.WriteString("# Benchmarks\n\nWritten by `make bench`: every figure beside its reference, in one run. Measure again rather than edit.\n" +
		"A target bounds the ratio where there is a reference, else the figure.\n\n")
	for _, line := range about {
		fmt.Fprintf(page, "- %s\n", line)
	}
	for _, section := range l.Sections {
		fmt.Fprintf(page, "\n## %s\n\n", section.Title)
		if section.Missing != "" {
			fmt.Fprintf(page, "Not measured: %s is missing.\n", section.Missing)
			continue
		}
		page.WriteString("| | measured | reference | ratio | target | | notes |\n|---|---|---|---|---|---|---|\n")
		for _, line := range section.Lines {
			reference, ratio, target, verdict := "", "", "", ""
			if line.reference != "" {
				reference, ratio = line.against+": "+number(line.Reference)+" "+line.unit(), number(line.judged())
			}
			if line.target > 0 {
				target, verdict = "at most "+number(line.target), "met"
				if !(line.judged() <= line.target) {
					verdict = "**missed**"
				}
			}
			fmt.Fprintf(page, "| %s | %s %s | %s | %s | %s | %s | %s |\n", line.what, number(line.Value), line.unit(), reference, ratio, target, verdict,
				strings.Join(line.Notes, ", "))
		}
	}
	return page.String()
}

// About says how long the run took, on what machine, and which versions the figures depend on.
func (l Ledger) About(ctx context.Context, root string, took time.Duration) []string {
	versions := []string{"Go " + runtime.Version()}
	list := exec.CommandContext(ctx, "go", "list", "-m", "github.com/failsafe-go/failsafe-go", "github.com/sony/gobreaker/v2",
		"github.com/gin-gonic/gin", "gorm.io/gorm", "gorm.io/driver/mysql", "github.com/go-sql-driver/mysql",
		"github.com/Shopify/toxiproxy/v2", "github.com/dolthub/go-mysql-server")
	list.Dir = root
	modules, _ := list.Output() // Without them the ledger still holds.
	versions = append(versions, strings.FieldsFunc(string(modules), func(r rune) bool { return r == '\n' })...)
	// An administrator's program is not on everybody's path.
	for _, server := range []string{"mariadbd", "/usr/sbin/mariadbd"} {
		output, _ := exec.CommandContext(ctx, server, "--version").Output()
		if number := regexp.MustCompile(`\d+\.\d+\.\d+`).Find(output); number != nil {
			versions = append(versions, "MariaDB "+string(number))
			break
		}
	}
	return []string{
		fmt.Sprintf("%s, %s long", time.Now().Format(time.DateOnly), took.Round(time.Second)),
		fmt.Sprintf("%s/%s, %d cores, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), l.CPU),
		strings.Join(versions, ", "),
	}
}
