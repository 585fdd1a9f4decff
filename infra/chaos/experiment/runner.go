package experiment

import (
	"cmp"
	"context"
	"database/sql"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/flightsdb"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/stack"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// DefaultSeed is the seed of every load unless you ask for another.
const DefaultSeed = 1

// Subject is the app under test.
type Subject struct {
	// Folder names it in reports.
	Folder string
	// App says how to start it, or where it is already running. Its environment is added to what every app gets.
	App app.Options
	// Proxy is the address of the proxy that an app uses if it is already running; empty for any free port.
	Proxy string
	// Stage is the exercise that it is judged as, 1 to 5.
	Stage int
}

// Runner runs experiments: with one flights database for all of them, and with a separate meter, Toxiproxy and app for each
// trial, all on free ports. Several trials may run at the same time.
type Runner struct {
	// Settings are the policy values of every app.
	Settings Settings
	// Seed decides which airports the load asks for.
	Seed uint64

	cfg   config.Infra
	stack *stack.Stack
	// other is a database with the same routes, and with other names of airlines.
	other *flightsdb.Server
	pairs []load.Pair
	rows  map[load.Pair][]flight // What the database itself answers.
	// otherRows are what the other one answers.
	otherRows map[load.Pair][]flight
	// database is the database itself, past every proxy.
	database *sql.DB
}

// flight is a row of an answer.
type flight struct{ From, To, Airline string }

// Open starts a runner; Close ends it.
func Open(ctx context.Context, seed uint64) (*Runner, error) {
	settings, err := LoadSettings()
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load[config.Infra]()
	if err != nil {
		return nil, err
	}
	// The experiments' database is the same everywhere.
	cfg = stack.Isolated(cfg)
	cfg.OpenFlightsDir = ""
	running, err := stack.Start(ctx, cfg)
	if err != nil {
		return nil, err
	}
	const pairs = 200
	data := openflights.Sample()
	runner := &Runner{Settings: settings, Seed: seed, cfg: cfg, stack: running, pairs: load.Pairs(data, pairs, seed)}
	for letter := 'A'; letter <= 'J'; letter++ { // Nobody flies there, which is no error.
		runner.pairs = append(runner.pairs, load.Pair{From: "QQ" + string(letter), To: "ZZZ"})
	}
	for i := range data.Airlines {
		data.Airlines[i].Name += " II"
	}
	runner.other, err = flightsdb.Start(ctx, flightsdb.Options{Addr: "127.0.0.1:0", RootPassword: cfg.RootPassword, Data: data})
	if err == nil {
		runner.database, runner.rows, err = runner.read(ctx, running.Database())
	}
	var other *sql.DB
	if err == nil {
		other, runner.otherRows, err = runner.read(ctx, runner.other.Addr())
	}
	if err == nil {
		err = other.Close()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the right answers: %w", err), runner.Close())
	}
	return runner, nil
}

// Close ends the runner's databases.
func (r *Runner) Close() (err error) {
	if r.database != nil {
		err = r.database.Close()
	}
	if r.other != nil {
		err = errors.Join(err, r.other.Close())
	}
	return errors.Join(err, r.stack.Close())
}

// read asks a database itself, past every proxy, what the right answers are.
func (r *Runner) read(ctx context.Context, addr string) (*sql.DB, map[load.Pair][]flight, error) {
	target := mysql.NewConfig()
	target.Net, target.Addr, target.DBName = "tcp", addr, "flights"
	target.User, target.Passwd = "root", r.cfg.RootPassword
	connector, err := mysql.NewConnector(target)
	if err != nil {
		return nil, nil, err
	}
	database := sql.OpenDB(connector)
	database.SetMaxIdleConns(0) // Each query dials, as those of the apps do.
	rows, err := database.QueryContext(ctx, "SELECT r.src_ap, r.dst_ap, a.name FROM routes r JOIN airlines a ON a.alid = r.alid")
	if err != nil {
		return database, nil, err
	}
	defer rows.Close()
	found := map[load.Pair][]flight{}
	for rows.Next() {
		var one flight
		if err := rows.Scan(&one.From, &one.To, &one.Airline); err != nil {
			return database, nil, err
		}
		pair := load.Pair{From: one.From, To: one.To}
		found[pair] = append(found[pair], one)
	}
	return database, found, rows.Err()
}

// right returns a function that tells whether body is the answer for the pair with that index: the same rows, in any order. The
// layout of the JSON does not matter. It adds what is wrong to wrongs.
func (r *Runner) right(rows map[load.Pair][]flight, wrongs *wrongs) func(index, status int, body []byte) bool {
	byAirline := func(a, b flight) int { return cmp.Compare(a.Airline, b.Airline) }
	return func(index, status int, body []byte) bool {
		pair, got := r.pairs[index], []flight(nil)
		err := json.Unmarshal(body, &got)
		want := slices.SortedFunc(slices.Values(rows[pair]), byAirline)
		what := ""
		switch slices.SortFunc(got, byAirline); {
		case status != http.StatusOK:
			what = fmt.Sprintf("a %d", status)
		case err != nil || got == nil:
			what = "no JSON list of flights"
		case len(got) != len(want):
			what = fmt.Sprintf("%s instead of %d", howMany(len(got), "row"), len(want))
		case !slices.Equal(got, want):
			what = "other rows than the database has"
		default:
			return true
		}
		wrongs.add(fmt.Sprintf("%s to %s: %s", pair.From, pair.To, what))
		return false
	}
}

// Run runs an experiment on an app. The error says that the environment is broken: the app does not start, or the
// experiment's own parts do not work.
func (r *Runner) Run(ctx context.Context, e Experiment, subject Subject) (*Run, error) {
	run, err := r.observe(ctx, e, subject)
	if err != nil {
		return nil, err
	}
	run.judge(e)
	return run, nil
}

// observe runs the method once and writes down what happens.
func (r *Runner) observe(ctx context.Context, e Experiment, subject Subject) (*Run, error) {
	run := &Run{Experiment: e.ID, Folder: subject.Folder, Stage: subject.Stage, Modules: modules(subject.App.Binary)}
	return run, observe(ctx, e, r.lab(subject), run)
}

// lab is where the workshop's own experiments run on an app.
func (r *Runner) lab(subject Subject) lab {
	answers := &wrongs{}
	return lab{
		proxies: []Proxy{{Name: toxi.ProxyName, Listen: cmp.Or(subject.Proxy, "127.0.0.1:0"), Upstream: r.stack.Database()}},
		start: func(ctx context.Context, proxy string) (*app.Process, error) {
			env, err := app.Env(proxy, r.cfg.RootPassword)
			if err != nil {
				return nil, err
			}
			maps.Copy(env, r.Settings.variables())
			maps.Copy(env, subject.App.Env)
			options := subject.App
			options.Env = env
			return app.Start(ctx, options)
		},
		attached: subject.App.URL != "", differences: answers.differences,
		mistake:  func(text string, _ ...string) error { return errors.New(text) },
		upstream: r.other.Addr(), right: r.right(r.otherRows, answers),
		load:    load.Options{Pairs: r.pairs, Seed: r.Seed, Right: r.right(r.rows, answers), Timeout: r.Settings.Deadline + patience, Clients: clients},
		health:  "/health/",
		table:   "routes",
		unlucky: r.Settings.unlucky(),
		control: func(ctx context.Context) { _, _ = r.database.ExecContext(ctx, "SELECT 1") }, // Only the time matters, not the result.
	}
}

// clients is how many clients the load comes from, so that nothing that a single client does decides about the others.
const clients = 1000

// patience is how much longer than the app's last bound a user waits.
const patience = 1500 * time.Millisecond

// modules returns the relevant modules that a binary was built with; none when they cannot be read.
func modules(binary string) []Version {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil
	}
	versions := []Version{{"go", info.GoVersion}}
	for _, module := range info.Deps {
		switch module.Path {
		case "github.com/failsafe-go/failsafe-go", "github.com/gin-gonic/gin", "gorm.io/gorm", "gorm.io/driver/mysql", "github.com/go-sql-driver/mysql":
			versions = append(versions, Version{module.Path, module.Version})
		}
	}
	return versions
}
