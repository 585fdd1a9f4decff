package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// loadFlags are the flags of load.
type loadFlags struct {
	load.Options
	pairs  int
	out    string
	json   bool
	remote bool
}

// newLoadCommand sends requests to an exercise and shows what comes back.
func newLoadCommand() *cobra.Command {
	var flags loadFlags
	command := &cobra.Command{
		Use:   "load",
		Short: "Send requests to an exercise at a constant rate, and watch what comes back",
		Long: "Send requests to an exercise at a constant rate, however slowly it answers: an open loop, like real users.\n" +
			"The airports come from the dataset; the same seed asks for the same airports. Ctrl-C ends the load and prints the summary.",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return runLoad(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), flags)
		},
	}
	command.Flags().StringVar(&flags.URL, "url", "", "the exercise (default: the one on PORT)")
	command.Flags().IntVar(&flags.Rate, "rate", usualRate, fmt.Sprintf("requests a second, at most %d", load.MaxRate))
	command.Flags().DurationVar(&flags.Duration, "duration", 30*time.Second, fmt.Sprintf("how long, at most %s; 0 goes on until Ctrl-C", load.MaxDuration))
	command.Flags().DurationVar(&flags.Timeout, "timeout", load.DefaultTimeout, "how long a request waits for its answer")
	command.Flags().Uint64Var(&flags.Seed, "seed", 1, "decides which airports to ask for")
	command.Flags().IntVar(&flags.pairs, "pairs", 200, "how many different pairs of airports to ask for")
	command.Flags().StringVar(&flags.out, "out", "", "also write the run to this file, .json or .html")
	command.Flags().BoolVar(&flags.json, "json", false, "print the summary as JSON")
	command.Flags().BoolVar(&flags.remote, "remote", false, "allow a URL that is not on this computer; only where you have permission")
	return command
}

// runLoad runs the load: the live lines go to progress, the summary to out.
func runLoad(ctx context.Context, out, progress io.Writer, flags loadFlags) error {
	if extension := filepath.Ext(flags.out); flags.out != "" && extension != ".json" && extension != ".html" {
		return cli.Usage(fmt.Errorf("%s: the name of the file must end in .json or .html", flags.out))
	}
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return err
	}
	settings, err := config.Load[config.App]()
	if err != nil {
		return err
	}
	data, err := stack.Dataset(cfg)
	if err != nil {
		return err
	}
	flags.Pairs = load.Pairs(data, flags.pairs, flags.Seed)
	// Wrong usage is said first, whether an exercise runs or not.
	asked := flags.Options
	asked.URL = cmp.Or(flags.URL, "http://127.0.0.1")
	if err := asked.Check(); err != nil {
		return cli.Usage(err)
	}
	if flags.URL == "" {
		if flags.URL, err = stack.AppURL(); err != nil {
			return err
		}
		stranger, err := notAnExercise(ctx, flags.URL)
		if err != nil {
			return err
		}
		if stranger != "" {
			fmt.Fprintln(progress, color.YellowString(stranger))
		}
	}
	flags.URL = strings.TrimRight(flags.URL, "/")
	if !flags.remote && !onThisMachine(flags.URL) {
		return cli.Usage(fmt.Errorf("%s is not on this computer; if you have permission to load-test it, run `make load URL=%s REMOTE=1`", flags.URL, flags.URL))
	}
	sayFault(ctx, progress)
	look := newLook(flags.URL)
	target := load.Shown(flags.URL)
	if name := look(ctx).Name; name != "" {
		target = name + " at " + target
	}
	length := "until Ctrl-C"
	if flags.Duration > 0 {
		length = fmt.Sprintf("for %s; Ctrl-C ends it", flags.Duration)
	}
	requests := "requests"
	if flags.Rate == 1 {
		requests = "request"
	}
	fmt.Fprintf(progress, "%d %s a second to %s %s\n", flags.Rate, requests, target, length)
	if flags.Rate > usualRate && onThisMachine(flags.URL) {
		if holds := calibrate(ctx, settings.Database, flags.Pairs); holds > 0 && flags.Rate > holds {
			fmt.Fprintln(progress, color.YellowString(load.Holds(holds)))
		}
	}
	ports, kept := load.Ports()
	if exhausts, lasting := load.Exhausts(flags.Rate, cmp.Or(flags.Duration, load.MaxDuration), ports, kept); exhausts && onThisMachine(flags.URL) && settings.Database.MaxIdleConns == 0 {
		fmt.Fprintf(progress, "%s\n", color.YellowString("The app opens a connection for each query, and this computer has ports for about %d a second, so some failures "+
			"will not be the app's. Choose a rate up to %d, or start the app with DB_MAX_IDLE_CONNS=100.", lasting, lasting))
	}
	if onThisMachine(flags.URL) && flags.Rate > ports/int(kept.Seconds())/4 {
		flags.OutOfPorts = func() bool { return outOfPorts(settings.Database, cfg) }
	}
	summary, err := load.Watch(ctx, flags.Options, look, printSeconds(progress))
	if err != nil {
		return err
	}
	if flags.json {
		err = summary.WriteJSON(out)
	} else {
		printLoad(out, summary)
	}
	switch filepath.Ext(flags.out) {
	case ".json":
		err = errors.Join(err, writeFile(flags.out, summary.WriteJSON))
	case ".html":
		err = errors.Join(err, writeFile(flags.out, summary.WriteHTML))
	}
	if err == nil && flags.out != "" {
		cli.Pair(progress, "written to", flags.out)
	}
	return err
}

// notAnExercise says that what answers at the address is probably none. The error says that nothing listens there.
func notAnExercise(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/flights/routes?from=LHR&to=JFK", nil)
	if err != nil {
		return "", err
	}
	answer, err := http.DefaultClient.Do(request)
	switch {
	case err != nil && strings.Contains(err.Error(), "refused"): // On each system.
		return "", fmt.Errorf("no exercise runs at %s; start one in another terminal, such as `make exercise1`", address)
	case err != nil:
		return "", nil // The load shows it.
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusForbidden {
		return fmt.Sprintf("the program at %s is probably not an exercise (it answers %d); start one with `make exercise1`", address, answer.StatusCode), nil
	}
	return "", nil
}

// usualRate is a load that any computer holds, in requests a second.
const usualRate = 50

// calibrate is about how many requests a second this computer holds; 0 if no database of ours runs here.
func calibrate(ctx context.Context, database config.Database, pairs []load.Pair) int {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	client, err := stack.Toxiproxy()
	if err != nil {
		return 0
	}
	proxy, err := client.Proxy(ctx, toxi.ProxyName)
	if err != nil || !onThisMachine("tcp://"+proxy.Upstream) {
		return 0
	}
	return load.Calibrate(ctx, port.Reachable(proxy.Upstream), database.User, database.Password, pairs)
}

// sayFault names the fault that is in place, if there is one.
func sayFault(ctx context.Context, out io.Writer) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if client, err := stack.Toxiproxy(); err == nil {
		if fault, err := client.Active(ctx); err == nil && fault != "" {
			fmt.Fprintln(out, color.YellowString(faultInPlace(fault)))
		}
	}
}

// faultInPlace says that a fault is in place, and how to remove it.
func faultInPlace(fault string) string {
	return "the fault " + fault + " is in place; make calm removes it"
}

// outOfPorts tells whether no connection to the proxy or to the database can be opened, because no port is left for it.
func outOfPorts(database config.Database, cfg config.Infra) bool {
	for _, address := range []string{
		net.JoinHostPort(database.Host, strconv.Itoa(database.Port)),
		net.JoinHostPort(cfg.Bind, strconv.Itoa(cfg.MySQLPort)),
	} {
		connection, err := net.DialTimeout("tcp", port.Reachable(address), 200*time.Millisecond)
		if load.IsOutOfPorts(err) {
			return true
		}
		if err == nil {
			connection.Close()
		}
	}
	return false
}

// onThisMachine tells whether the URL's host is a loopback address. It leaves an invalid URL to the load.
func onThisMachine(address string) bool {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" || parsed.Hostname() == "localhost" {
		return true
	}
	ip := net.ParseIP(parsed.Hostname())
	return ip != nil && ip.IsLoopback()
}

// lookPatience is how long load waits for what the app says about itself.
const lookPatience = 300 * time.Millisecond

// newLook returns a function that asks the app at the address about itself. If the app does not answer, the load shows it.
func newLook(address string) func(context.Context) load.App {
	name, health := "", true
	return func(ctx context.Context) load.App {
		ctx, cancel := context.WithTimeout(ctx, lookPatience)
		defer cancel()
		metrics, err := app.MetricsAt(ctx, address)
		now := load.App{
			Name: path.Base(metrics.Module), Breaker: metrics.Breaker,
			Counts: metrics.Module != "", Dials: metrics.Dials, Retries: metrics.Retries,
		}
		if !now.Counts {
			now.Name = ""
		}
		if err == nil && now.Name != name { // Another app may have what this one has not.
			name, health = now.Name, true
		}
		if health {
			report, code := app.HealthAt(ctx, address)
			now.Health, health = report.Status, report.Status != "" || code != http.StatusNotFound
		}
		return now
	}
}

// printSeconds returns a function that writes the live line of each second, in 80 columns. What repeats is said once: what to
// do about an app that is down, and which exercise answers.
func printSeconds(out io.Writer) func(load.Second) {
	const advised = "%5s  %s\n"
	said, name, sending := "", "", true
	fmt.Fprintln(out, " time done success    p50    p99 dials retry breaker   health    errors")
	return func(second load.Second) {
		clock := fmt.Sprintf("%2d:%02d", second.Second/60, second.Second%60)
		if name != "" && second.App != "" && second.App != name {
			fmt.Fprintf(out, advised, "", color.YellowString("now %s answers", second.App))
		}
		name = cmp.Or(second.App, name)
		if second.Sent == 0 && sending {
			fmt.Fprintf(out, advised, "", "all requests are sent; these are the last answers")
		}
		sending = second.Sent > 0
		if second.Requests == 0 {
			fmt.Fprintf(out, advised, clock, color.YellowString("no answer in this second"))
		} else {
			fmt.Fprintln(out, strings.TrimRight(fmt.Sprintf("%5s %4d %s %6s %6s %5s %5s %-9s %-9s %s", clock, second.Requests, percent(second.Success),
				experiment.Duration(second.Latency.P50), experiment.Duration(second.Latency.P99), perRequest(second.Dials), perRequest(second.Retries),
				cmp.Or(second.Breaker, "-"), cmp.Or(second.Health, "-"), failures(second.Statuses)), " "))
		}
		why := second.WhyNot
		if second.OutOfPorts {
			why = "no port is left for the database"
		}
		if why != "" && why != said {
			fmt.Fprintf(out, advised, "", color.YellowString(withAdvice(why)))
		}
		said = why
	}
}

// perRequest is a count per request, where the app counts.
func perRequest(count *float64) string {
	if count == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f", *count)
}

// failures lists every status but 200.
func failures(statuses map[string]int) string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(statuses)) {
		if status != "200" {
			parts = append(parts, fmt.Sprintf("%s:%d", status, statuses[status]))
		}
	}
	return strings.Join(parts, " ")
}

// printLoad writes the summary.
func printLoad(out io.Writer, summary load.Summary) {
	if summary.Requests == 0 {
		fmt.Fprintln(out, "\nNo request was answered before the end.")
		return
	}
	fmt.Fprintf(out, "\n%s\n", title("%d requests, %.1f a second", summary.Requests, summary.Sent))
	cli.Pair(out, "success", strings.TrimSpace(percent(summary.Success)))
	latency := summary.Latency
	cli.Pair(out, "latency", fmt.Sprintf("p50 %s, p95 %s, p99 %s, longest %s", experiment.Duration(latency.P50),
		experiment.Duration(latency.P95), experiment.Duration(latency.P99), experiment.Duration(latency.Max)))
	var outcomes []string
	for _, outcome := range load.Outcomes() {
		if n := summary.Outcomes[outcome]; n > 0 {
			outcomes = append(outcomes, fmt.Sprintf("%s %d", outcome, n))
		}
	}
	cli.Pair(out, "outcomes", strings.Join(outcomes, ", "))
	cli.Pair(out, "statuses", counts(summary.Statuses))
	seconds := 0
	for _, second := range summary.Seconds {
		if second.OutOfPorts {
			seconds++
		}
	}
	if seconds > 0 || summary.NoPort > 0 {
		cli.Pair(out, "no ports", fmt.Sprintf("this computer ran out of ports: %d requests were never sent, and for %d s no connection to the database was possible; "+
			"those failures are not the app's. Choose a lower rate, or start the app with DB_MAX_IDLE_CONNS=100", summary.NoPort, seconds))
	}
	if summary.WhyNot != "" {
		cli.Pair(out, "no answer", strings.TrimSuffix(withAdvice(summary.WhyNot), goesOn))
	}
}

// goesOn is the end of the advice while the load goes on.
const goesOn = "; the load continues on its own"

// withAdvice is a reason for no answer, with advice where it is clear what to do.
func withAdvice(reason string) string {
	if strings.Contains(reason, "refused") {
		return reason + ": is the app running? Start one, such as make exercise1" + goesOn
	}
	return reason
}

// percent is a share in per cent, coloured by how bad it is.
func percent(share float64) string {
	paint := color.RedString
	switch {
	case share >= 0.99:
		paint = color.GreenString
	case share >= 0.75:
		paint = color.YellowString
	}
	return paint("%5.1f %%", 100*share)
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
