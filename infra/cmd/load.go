package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"chaosworkshop/infra/internal/cli"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/model"
)

// loadFlags are what the user may say about a load.
type loadFlags struct {
	url      string
	rate     int
	duration time.Duration
	timeout  time.Duration
	seed     uint64
	pairs    int
	out      string
	json     bool
	remote   bool
}

// newLoadCommand sends requests to an exercise and says what comes back.
func newLoadCommand() *cobra.Command {
	var flags loadFlags
	command := &cobra.Command{
		Use:   "load",
		Short: "Send requests to an exercise at a constant rate, and watch what comes back",
		Long: "Send requests to an exercise at a constant rate, however slowly it answers: an open loop, as real users are.\n" +
			"The airports come from the dataset; one seed always asks for the same. Ctrl-C ends with the summary.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runLoad(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), flags)
		},
	}
	command.Flags().StringVar(&flags.url, "url", "", "the exercise (default: the one on PORT)")
	command.Flags().IntVar(&flags.rate, "rate", 50, fmt.Sprintf("requests a second, at most %d", load.MaxRate))
	command.Flags().DurationVar(&flags.duration, "duration", 30*time.Second, fmt.Sprintf("how long, at most %s", load.MaxDuration))
	command.Flags().DurationVar(&flags.timeout, "timeout", load.DefaultTimeout, "how long a request waits for its answer")
	command.Flags().Uint64Var(&flags.seed, "seed", 1, "decides which airports are asked for")
	command.Flags().IntVar(&flags.pairs, "pairs", 200, "how many different connections are asked for")
	command.Flags().StringVar(&flags.out, "out", "", "also write the run to this file, .json or .html")
	command.Flags().BoolVar(&flags.json, "json", false, "print the summary as JSON")
	command.Flags().BoolVar(&flags.remote, "remote", false, "allow a URL that is not on this machine: only where you may")
	return command
}

// runLoad runs the load: the live lines go to progress, the summary to out.
func runLoad(ctx context.Context, out, progress io.Writer, flags loadFlags) error {
	write, err := summaryWriter(flags.out)
	if err != nil {
		return err
	}
	if flags.duration == 0 {
		return fmt.Errorf("a duration of 0 would not end; choose up to %s", load.MaxDuration)
	}
	if flags.url == "" {
		app, err := config.Load[config.App]()
		if err != nil {
			return err
		}
		flags.url = "http://" + net.JoinHostPort("127.0.0.1", fmt.Sprint(app.Port))
	}
	flags.url = strings.TrimRight(flags.url, "/")
	if !flags.remote && !onThisMachine(flags.url) {
		return fmt.Errorf("%s is not on this machine; add --remote if you may load it", flags.url)
	}
	data, err := workshopData()
	if err != nil {
		return err
	}
	options := load.Options{
		URL: flags.url, Rate: flags.rate, Duration: flags.duration, Timeout: flags.timeout, Seed: flags.seed,
		Pairs: load.Pairs(data, flags.pairs, flags.seed),
	}
	fmt.Fprintf(progress, "%d requests a second to %s for %s; Ctrl-C ends it\n%s\n", flags.rate, flags.url, flags.duration, secondHead)
	breaker := func(ctx context.Context) string {
		metrics, _ := app.MetricsAt(ctx, flags.url) // An app that does not answer shows in the load itself.
		return metrics.Breaker
	}
	summary, err := load.Watch(ctx, options, breaker, printSeconds(progress))
	if err != nil {
		return err
	}
	if flags.json {
		err = summary.WriteJSON(out)
	} else {
		printLoad(out, summary)
	}
	return errors.Join(err, write(summary))
}

// summaryWriter is what writes a summary to the file, by the ending of its name; nothing for no name.
func summaryWriter(path string) (func(load.Summary) error, error) {
	write := load.Summary.WriteJSON
	switch filepath.Ext(path) {
	case ".json":
	case ".html":
		write = load.Summary.WriteHTML
	default:
		if path != "" {
			return nil, fmt.Errorf("%s: the run is written as .json or .html; choose one of these endings", path)
		}
		return func(load.Summary) error { return nil }, nil
	}
	return func(summary load.Summary) error {
		file, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("write the run: %w", err)
		}
		return errors.Join(write(summary, file), file.Close())
	}, nil
}

// workshopData is the data that the database serves: the folder OPENFLIGHTS_DIR, or the sample.
func workshopData() (model.Dataset, error) {
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return model.Dataset{}, err
	}
	if cfg.OpenFlightsDir == "" {
		return openflights.Sample(), nil
	}
	data, _, err := openflights.Load(stack.Folder(cfg.OpenFlightsDir))
	return data, err
}

// onThisMachine tells whether the URL's host is a loopback address. A URL that makes no sense is judged elsewhere.
func onThisMachine(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || parsed.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(parsed.Hostname())
	return ip != nil && ip.IsLoopback()
}

// secondHead stands above the live lines.
const secondHead = "   time    rate   success        p50        p99   breaker     statuses"

// printSeconds returns what writes the live lines. What to do about an app that is down is said once, not every second.
func printSeconds(out io.Writer) func(load.Second) {
	said := ""
	return func(second load.Second) {
		printSecond(out, second)
		if advice := whyNot(second.WhyNot); advice != second.WhyNot && said != second.WhyNot {
			fmt.Fprintf(out, "          %s\n", color.YellowString(advice))
		}
		said = second.WhyNot
	}
}

// printSecond writes the live line of one second.
func printSecond(out io.Writer, second load.Second) {
	clock := fmt.Sprintf("%4d:%02d", second.Second/60, second.Second%60)
	if second.Requests == 0 {
		fmt.Fprintf(out, "%s   %s\n", clock, color.YellowString("nothing came back in this second"))
		return
	}
	breaker := second.Breaker
	if breaker == "" {
		breaker = "-"
	}
	line := fmt.Sprintf("%s  %4d/s  %s  %s %s   %-10s  %s", clock, second.Requests, percent(second.Success),
		latency(second.Latency.P50), latency(second.Latency.P99), breaker, counts(second.Statuses))
	if second.WhyNot != "" {
		line += "  " + color.YellowString(second.WhyNot)
	}
	fmt.Fprintln(out, line)
}

// printLoad writes the summary.
func printLoad(out io.Writer, summary load.Summary) {
	if summary.Requests == 0 {
		fmt.Fprintln(out, "\nNo request was answered before the end.")
		return
	}
	fmt.Fprintf(out, "\n%s\n", color.New(color.Bold).Sprintf("%d requests, %.1f a second", summary.Requests, summary.Sent))
	cli.Pair(out, "success", strings.TrimSpace(percent(summary.Success)))
	cli.Pair(out, "latency", fmt.Sprintf("p50 %s, p95 %s, p99 %s, longest %s", short(summary.Latency.P50), short(summary.Latency.P95),
		short(summary.Latency.P99), short(summary.Latency.Max)))
	var outcomes []string
	for _, outcome := range load.Outcomes() {
		if n := summary.Outcomes[outcome]; n > 0 {
			outcomes = append(outcomes, fmt.Sprintf("%s %d", outcome, n))
		}
	}
	cli.Pair(out, "outcomes", strings.Join(outcomes, ", "))
	cli.Pair(out, "statuses", counts(summary.Statuses))
	if summary.WhyNot != "" {
		cli.Pair(out, "no answer", whyNot(summary.WhyNot))
	}
}

// whyNot is a reason for no answer, and what to do about it where that is clear.
func whyNot(reason string) string {
	if strings.Contains(reason, "refused") {
		return reason + ": is the app running? Start one, such as make exercise1; the load goes on by itself"
	}
	return reason
}

// percent is a share in per cent, coloured by how bad it is.
func percent(share float64) string {
	text := fmt.Sprintf("%6.1f %%", 100*share)
	switch {
	case share >= 0.99:
		return color.GreenString(text)
	case share >= 0.75:
		return color.YellowString(text)
	default:
		return color.RedString(text)
	}
}

// latency is a number of milliseconds, aligned.
func latency(ms float64) string { return fmt.Sprintf("%10s", short(ms)) }

// short is a number of milliseconds in few digits.
func short(ms float64) string {
	switch {
	case ms < 10:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	default:
		return fmt.Sprintf("%.2f s", ms/1000)
	}
}

// counts lists statuses and how often each came, as 200 x 48.
func counts(statuses map[string]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		name := status
		if status == "none" {
			name = "no answer"
		}
		parts = append(parts, fmt.Sprintf("%s x %d", name, statuses[status]))
	}
	return strings.Join(parts, ", ")
}
