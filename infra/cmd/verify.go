package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/room/board"
	"chaosworkshop/infra/room/diff"
	"chaosworkshop/infra/room/start"
	"chaosworkshop/shared/config"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	exercise  int
	dir       string
	command   string
	url       string
	proxyPort int
	hint      int
	watch     bool
	json      bool
	report    board.Target
}

// newVerifyCommand judges an app by the experiments of an exercise and of those before it.
func newVerifyCommand() *cobra.Command {
	var flags verifyFlags
	command := &cobra.Command{
		Use:   "verify",
		Short: "Judge an app by the experiments of an exercise and of those before it, and explain what failed",
		Long: "Judge an app as exercise n by the experiments E1 to En, side by side, and explain the first one that did not pass.\n\n" +
			"Without --dir, --cmd or --url, it judges your own work/exercise<n> if there is one, and the workshop's exercise<n> if not.\n" +
			"--dir is any folder with a Go app. --cmd is a command line in any language, started in --dir with PORT, BIND, DB_HOST, DB_PORT,\n" +
			"DB_USER, DB_PASSWORD, DB_NAME, TIMEOUT, DEADLINE and the other settings in its environment. --url is an app that is already running.\n\n" +
			"Exit codes: 0 every hypothesis holds, 1 one does not, 2 no verdict: wrong usage, no build, no start, or an inconclusive run.",
		Args: func(command *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return fmt.Errorf("verify takes flags only; write: verify %s", strings.Join(asFlags(command, args), " "))
		},
		RunE: func(command *cobra.Command, _ []string) error {
			root, err := config.Root()
			if err == nil && flags.hint != 0 {
				err = showHint(command.OutOrStdout(), root, flags)
			} else if err == nil {
				err = judge(command.Context(), command.OutOrStdout(), command.ErrOrStderr(), root, flags)
			}
			if err != nil && err.Error() != "" {
				return cli.Exit(cli.Broken, err)
			}
			return err // Everything has been printed.
		},
	}
	command.Flags().IntVar(&flags.exercise, "ex", 0, "the exercise to judge the app as: 1 to 5")
	command.Flags().StringVar(&flags.dir, "dir", "", "the folder of the app")
	command.Flags().StringVar(&flags.command, "cmd", "", "the command line that starts the app, in any language")
	command.Flags().StringVar(&flags.url, "url", "", "the address of an app that is already running, such as http://127.0.0.1:5000")
	command.Flags().IntVar(&flags.proxyPort, "proxy-port", 0, "with --url: the port of the proxy that the app must use as its database (default PROXY_PORT, 3307)")
	command.Flags().IntVar(&flags.hint, "hint", 0, "show hint 1, 2 or 3 about what failed last, without another run; hint 3 is the solution")
	command.Flags().BoolVar(&flags.watch, "watch", false, "run again whenever you change the app")
	command.Flags().BoolVar(&flags.json, "json", false, "print the runs as JSON")
	command.Flags().StringVar(&flags.report.URL, "report", "", "report the verdict to the instructor's board at this address, with --name and --code")
	command.Flags().StringVar(&flags.report.Name, "name", "", "with --report: a name of your choice")
	command.Flags().StringVar(&flags.report.Code, "code", "", "with --report: the code on the instructor's screen")
	command.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return fmt.Errorf("%w; write: verify --ex 3 [--dir FOLDER | --cmd 'COMMAND' | --url http://HOST:PORT] [--hint 2 | --watch | --json]", err)
	})
	return command
}

// asFlags writes arguments as the flags that they were probably meant to be: EX=3 and 3 are --ex 3.
func asFlags(command *cobra.Command, args []string) []string {
	var flags []string
	for _, arg := range args {
		name, value, set := strings.Cut(arg, "=")
		name = strings.ReplaceAll(strings.ToLower(strings.TrimLeft(name, "-")), "_", "-")
		number := regexp.MustCompile(`^(?:exercise|ex|e)?([1-5])$`).FindStringSubmatch(strings.ToLower(arg))
		info, err := os.Stat(arg)
		switch {
		case set && command.Flags().Lookup(name) != nil && command.Flags().Lookup(name).Value.Type() == "bool":
			flags = append(flags, "--"+name)
		case set && command.Flags().Lookup(name) != nil:
			flags = append(flags, fmt.Sprintf("--%s '%s'", name, value))
		case number != nil:
			flags = append(flags, "--ex "+number[1])
		case err == nil && info.IsDir():
			flags = append(flags, fmt.Sprintf("--dir '%s'", arg))
		default:
			flags = append(flags, fmt.Sprintf("--cmd '%s'", arg))
		}
	}
	return flags
}

// findSubject is the app that the flags name. The error says how to name one.
func findSubject(root string, flags verifyFlags) (experiment.Subject, error) {
	if flags.exercise < 1 || flags.exercise > experiment.Stages {
		if flags.exercise == 0 {
			return experiment.Subject{}, errors.New("say which exercise to judge the app as, such as: make verify EX=3")
		}
		return experiment.Subject{}, fmt.Errorf("there is no exercise %d; choose 1 to %d, such as: make verify EX=%d", flags.exercise, experiment.Stages, experiment.Stages)
	}
	subject := experiment.Subject{Stage: flags.exercise}
	switch {
	case flags.url != "" && (flags.dir != "" || flags.command != ""):
		return experiment.Subject{}, errors.New("URL names an app that is already running; leave out DIR and CMD, or leave out URL so that verify starts the app")
	case flags.url != "" && flags.watch:
		return experiment.Subject{}, errors.New("WATCH needs the app's code; leave out URL and use DIR or CMD")
	case flags.url == "" && flags.proxyPort != 0:
		return experiment.Subject{}, errors.New("PROXY_PORT goes with URL; an app that verify starts finds its proxy in DB_HOST and DB_PORT")
	case flags.url != "":
		return findURL(subject, flags)
	}
	dir := flags.dir
	if home, err := os.UserHomeDir(); err == nil && strings.HasPrefix(dir, "~/") {
		dir = filepath.Join(home, dir[2:])
	}
	own := start.Folder(flags.exercise)
	switch _, err := os.Stat(filepath.Join(root, own)); {
	case dir != "":
	case flags.command != "":
		dir = "."
	case err == nil:
		dir = filepath.Join(root, own)
	default:
		dir = filepath.Join(root, fmt.Sprintf("exercise%d", flags.exercise))
	}
	full, err := filepath.Abs(dir)
	if err != nil {
		return experiment.Subject{}, err
	}
	if info, err := os.Stat(full); err != nil || !info.IsDir() {
		return experiment.Subject{}, fmt.Errorf("there is no folder %s%s", dir, beside(full))
	}
	name := full
	if below, err := filepath.Rel(root, full); err == nil && !strings.HasPrefix(below, "..") {
		name = filepath.ToSlash(below)
		if below == "." {
			name = "the workshop's folder"
		}
	}
	subject.Folder, subject.App.Dir = name, full
	if flags.command != "" {
		subject.Folder, subject.App.Script = fmt.Sprintf("`%s` in %s", flags.command, name), flags.command
	}
	return subject, nil
}

// beside names a few of the folders next to one that is missing.
func beside(missing string) string {
	const most = 8
	var names []string
	entries, _ := os.ReadDir(filepath.Dir(missing))
	for _, entry := range entries {
		if entry.IsDir() && !strings.HasPrefix(entry.Name(), ".") && len(names) < most {
			names = append(names, entry.Name())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "; next to it are the folders " + strings.Join(names, ", ")
}

// findURL is an app that is already running. It must use a proxy on a port that is known beforehand.
func findURL(subject experiment.Subject, flags verifyFlags) (experiment.Subject, error) {
	text := flags.url
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	at, err := url.Parse(text)
	if err != nil || at.Scheme != "http" || at.Port() == "" {
		return experiment.Subject{}, fmt.Errorf("%s is not the address of an app; write URL=http://HOST:PORT, such as URL=http://127.0.0.1:5000", flags.url)
	}
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return experiment.Subject{}, err
	}
	number := cfg.ProxyPort
	if flags.proxyPort != 0 {
		number = flags.proxyPort
	}
	if number < 1 || number > 65535 {
		return experiment.Subject{}, fmt.Errorf("%d is not a port; choose a PROXY_PORT from 1 to 65535, and start the app with it as DB_PORT", number)
	}
	proxy := fmt.Sprintf("127.0.0.1:%d", number)
	listener, err := net.Listen("tcp", proxy)
	if err != nil {
		return experiment.Subject{}, fmt.Errorf("the judge's own proxy cannot listen on %s: the port is taken%s; stop what uses it (make infra and the exercises have their own proxy there), "+
			"or choose another: make verify EX=%d URL=%s PROXY_PORT=3317, and restart the app with DB_PORT=3317", proxy, port.HeldBy(number), flags.exercise, flags.url)
	}
	listener.Close()
	subject.App = app.Options{URL: at.Scheme + "://" + at.Host, Patience: time.Minute}
	subject.Folder, subject.Proxy = subject.App.URL, proxy
	return subject, nil
}

// judge judges the app once, or again whenever it changes.
func judge(ctx context.Context, out, progress io.Writer, root string, flags verifyFlags) error {
	subject, err := findSubject(root, flags)
	if err != nil {
		return err
	}
	if flags.report != (board.Target{}) {
		if err := flags.report.Check(ctx); err != nil {
			return err
		}
	}
	if !flags.watch {
		return verify(ctx, out, progress, root, subject, flags)
	}
	experiment.Watch(ctx, subject.App.Dir, func(ctx context.Context) {
		err := verify(ctx, out, progress, root, subject, flags)
		if ctx.Err() != nil {
			return
		}
		if err != nil && err.Error() != "" {
			fmt.Fprintf(progress, "error: %v\n", err)
		}
		fmt.Fprintf(progress, "Watching %s; save a file to run again, Ctrl-C to end.\n", subject.Folder)
	})
	return nil
}

// journal is the last run of verify, for the hints.
type journal struct {
	Time     time.Time `json:"time"`
	Exercise int       `json:"exercise"`
	// Name and Dir are those of the app, Code the fingerprint of its code.
	Name  string            `json:"name"`
	Dir   string            `json:"dir,omitempty"`
	Code  string            `json:"code,omitempty"`
	Cells []experiment.Cell `json:"cells"`
}

// journalPath is where the journal is, below the workshop's root.
func journalPath(root string) string { return filepath.Join(root, "reports", "verify.json") }

// verify runs the experiments of the exercise and of those before it, remembers the results, and prints them. The error holds
// the exit code.
func verify(ctx context.Context, out, progress io.Writer, root string, subject experiment.Subject, flags verifyFlags) error {
	last := journal{Time: time.Now(), Exercise: flags.exercise, Name: subject.Folder, Dir: subject.App.Dir, Code: start.Fingerprint(subject.App.Dir)}
	var err error
	if last.Cells, err = runExperiments(ctx, progress, subject); err != nil {
		return err
	}
	err = writeFile(journalPath(root), func(out io.Writer) error { return json.NewEncoder(out).Encode(last) })
	if err == nil && subject.App.Dir == filepath.Join(root, start.Folder(flags.exercise)) {
		err = start.Note(root, entry(last))
	}
	if err == nil && flags.json {
		err = printJSON(out, last.Cells)
	}
	if err != nil {
		return err
	}
	if !flags.json {
		printCells(out, last)
	}
	if flags.report.URL != "" {
		reportTo(ctx, progress, flags.report, last)
	}
	if code := exitCode(last.Cells); code != 0 {
		return cli.Exit(code, nil)
	}
	return nil
}

// reportTo tells the instructor's board. If it cannot, that is no failure of the app, so it only says so.
func reportTo(ctx context.Context, progress io.Writer, to board.Target, last journal) {
	report := board.Report{Exercise: last.Exercise, Verdict: experiment.Passed}
	if first := last.firstFailed(); first != nil {
		report.Verdict = first.Run.Verdict
		if check := failedCheck(first.Run); check != nil {
			report.Check = fmt.Sprintf("E%d: %s", first.Number, check.Name)
		}
	}
	if err := to.Send(ctx, report); err != nil {
		fmt.Fprintf(progress, "Not reported: %v\n", err)
		return
	}
	fmt.Fprintf(progress, "Reported to the board as %s.\n", to.Name)
}

// entry is a run as the learner's progress keeps it.
func entry(last journal) start.Entry {
	entry := start.Entry{Time: last.Time, Exercise: last.Exercise, Code: last.Code, Verdicts: map[string]string{}}
	for _, cell := range last.Cells {
		entry.Verdicts[fmt.Sprintf("E%d", cell.Number)] = string(cell.Run.Verdict)
	}
	return entry
}

// runExperiments builds the app if it must, and runs the experiments on it, side by side.
func runExperiments(ctx context.Context, progress io.Writer, subject experiment.Subject) (_ []experiment.Cell, err error) {
	if subject.App.URL == "" && subject.App.Script == "" {
		err := cli.Step("Building "+subject.Folder, func() (err error) {
			subject.App.Binary, err = app.Build(ctx, subject.App.Dir)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	runner, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	by := "E1"
	if subject.Stage > 1 {
		by = fmt.Sprintf("E1 to E%d", subject.Stage)
	}
	if subject.Proxy == "" {
		fmt.Fprintf(progress, "Judging %s by %s; this takes up to a minute...\n", subject.Folder, by)
	} else {
		host, number, _ := strings.Cut(subject.Proxy, ":")
		length := "; this takes up to a minute"
		if subject.Stage > 1 {
			length = fmt.Sprintf(", one after the other; this takes up to %d minutes", subject.Stage)
		}
		fmt.Fprintf(progress, "Judging %s by %s%s. The app must reach its database through the judge's proxy: "+
			"start it with DB_HOST=%s DB_PORT=%s DB_USER=root DB_NAME=flights, and the value of MYSQL_ROOT_PASSWORD as DB_PASSWORD. The judge waits a minute for it.\n",
			subject.Folder, by, length, host, number)
	}
	return runner.Verify(ctx, subject,
		func(done, of int, cell experiment.Cell, left time.Duration) {
			again := ""
			if cell.Tries > 1 {
				again = " when it ran again"
			}
			fmt.Fprintf(progress, "%d/%d  %3.0f s left  E%d %s%s\n", done, of, left.Seconds(), cell.Number, cell.Run.Verdict, again)
		})
}

// firstFailed is the first cell that failed, or else the first that is inconclusive; nil if all passed.
func (j journal) firstFailed() *experiment.Cell {
	var first *experiment.Cell
	for i := range j.Cells {
		cell := &j.Cells[i]
		if cell.Run.Verdict == experiment.Failed {
			return cell
		}
		if first == nil && !cell.OK() {
			first = cell
		}
	}
	return first
}

// printCells writes a line for each experiment, then the details of the first one that did not pass, or what comes next.
func printCells(out io.Writer, last journal) {
	for _, cell := range last.Cells {
		fmt.Fprintf(out, "%s %-14s %s\n", cell.Experiment.ID, cell.Experiment.Title, paintVerdict(cell.Run.Verdict))
	}
	fmt.Fprintln(out)
	first := last.firstFailed()
	if first == nil {
		color.New(color.FgGreen).Fprintf(out, "Every hypothesis of exercise %d holds.\n", last.Exercise)
		fmt.Fprintln(out, afterPassing(last.Exercise))
		return
	}
	printRun(out, first.Experiment, first.Run)
	if check := failedCheck(first.Run); check != nil {
		printLesson(out, first.Run, *check, nil)
		printHint(out, *check, 1)
	}
}

// afterPassing says what comes after an exercise has passed.
func afterPassing(exercise int) string {
	if exercise == experiment.Stages {
		return lastWord
	}
	return fmt.Sprintf("Next: make start EX=%d gives you a folder for exercise %d, with the task. make progress shows how far you are.", exercise+1, exercise+1)
}

// lastWord is for those who have solved everything.
const lastWord = "That was the last exercise: your app bounds every wait, retries what a retry can heal, leaves a failed database alone, and reports its health.\n" +
	"What to do next: try the Explore sections of the lessons; watch all five apps side by side with make race; write the app again in another\n" +
	"language and judge it with make verify EX=5 DIR=its/folder CMD='its command line'; and take it to work: infra/docs/at-work.md."

// paintVerdict is the verdict in its colour.
func paintVerdict(verdict experiment.Verdict) string {
	paint := map[experiment.Verdict]color.Attribute{
		experiment.Passed: color.FgGreen, experiment.Failed: color.FgRed, experiment.Inconclusive: color.FgYellow,
	}
	return color.New(paint[verdict]).Sprint(verdict)
}

// printRun writes a run: the hypothesis, how the injection was verified, every check, and the verdict.
func printRun(out io.Writer, e experiment.Experiment, run *experiment.Run) {
	fmt.Fprintf(out, "%s\n", title("%s %s on %s", e.ID, e.Title, run.Folder))
	fmt.Fprintf(out, "  hypothesis    %s\n", e.Hypothesis)
	for _, felt := range run.Felt {
		if felt.Fault != "" {
			fmt.Fprintf(out, "  injection     %s\n", felt.Text(e.Subject()))
		}
	}
	for _, check := range run.Checks {
		mark := color.GreenString("ok  ")
		switch {
		case run.Verdict == experiment.Inconclusive:
			mark = color.YellowString("?   ")
		case !check.Passed:
			mark = color.RedString("no  ")
		}
		fmt.Fprintf(out, "  %s %s: %s (required: %s)\n", mark, check.Name, check.Measured, check.Required)
	}
	fmt.Fprint(out, paintVerdict(run.Verdict))
	if run.Reason != "" && (run.Died != "" || failedCheck(run) == nil) {
		fmt.Fprintf(out, ": %s", run.Reason) // A check that failed is explained at length.
	}
	fmt.Fprintln(out)
}

// failedCheck is the first check that failed; nil if none did, or if there is no verdict.
func failedCheck(run *experiment.Run) *experiment.Check {
	for i := range run.Checks {
		if !run.Checks[i].Passed && run.Verdict == experiment.Failed {
			return &run.Checks[i]
		}
	}
	return nil
}

// printHint writes hint 1 or 2 about a check.
func printHint(out io.Writer, check experiment.Check, hint int) {
	fmt.Fprintf(out, "\n%s %s\n", title("Hint %d of 3:", hint), check.Hints[hint-1])
	fmt.Fprintf(out, "(make verify HINT=%d shows the next hint, without another run.)\n", hint+1)
}

// showHint writes a hint about what failed in the last run.
func showHint(out io.Writer, root string, flags verifyFlags) error {
	if flags.hint < 1 || flags.hint > 3 {
		return fmt.Errorf("there is no hint %d; choose 1 to 3, such as: make verify HINT=2", flags.hint)
	}
	var last journal
	text, err := os.ReadFile(journalPath(root))
	if err == nil {
		err = json.Unmarshal(text, &last)
	}
	if err != nil || flags.exercise != 0 && flags.exercise != last.Exercise {
		return fmt.Errorf("there is no run yet to give a hint about; run this first: make verify EX=%d", max(1, flags.exercise))
	}
	first := last.firstFailed()
	if first == nil {
		fmt.Fprintf(out, "%s passed exercise %d, so there is nothing to give a hint about.\n", last.Name, last.Exercise)
		return nil
	}
	fmt.Fprintf(out, "E%d on %s, judged on %s: %s\n", first.Number, last.Name, last.Time.Format(time.DateTime), first.Run.Reason)
	if last.Code != start.Fingerprint(last.Dir) {
		fmt.Fprintf(out, "The code has changed since then; make verify EX=%d judges it again.\n", last.Exercise)
	}
	check := failedCheck(first.Run)
	switch {
	case check == nil:
		return nil
	case flags.hint < 3:
		printHint(out, *check, flags.hint)
		return nil
	}
	return printSolution(out, root, first.Number)
}

// printSolution writes what an exercise, 1 to 5, adds to the one before. root is the workshop's folder.
func printSolution(out io.Writer, root string, number int) error {
	fmt.Fprintf(out, "\n%s ", title("Hint 3 of 3:"))
	if number == 1 {
		fmt.Fprintln(out, "exercise 1 is the starting point; restore its files with `git checkout exercise1`.")
		return nil
	}
	from, to := filepath.Join(root, fmt.Sprintf("exercise%d", number-1)), filepath.Join(root, fmt.Sprintf("exercise%d", number))
	files, err := diff.Between(from, to, diff.Options{CodeOnly: true})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "this is what exercise %d adds:\n\n", number)
	return printUnified(out, files, from, to)
}
