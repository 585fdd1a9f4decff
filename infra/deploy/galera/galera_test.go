// Package galera holds what three MariaDB nodes behind HAProxy need, and the proof of infra/docs/replicas.md.
package galera

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"go.yaml.in/yaml/v4"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/internal/mariadb"
	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/seed"
	"chaosworkshop/infra/lab/toxi"
)

// rate is how many requests a second each exercise gets.
const rate = 20

// room is a cluster with everything in front of it.
type room struct {
	cluster  *mariadb.Cluster
	toxi     *toxi.Server
	balancer *balancer
	apps     []*app.Process // Exercises 1 to 5.
	page     require.Page   // What readers are told.
}

// TestGalera shows what becomes of each exercise when one of three database nodes fails. It takes minutes and the whole
// computer, so it runs only if WORKSHOP_GALERA is 1.
func TestGalera(t *testing.T) {
	if os.Getenv("WORKSHOP_GALERA") != "1" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: set WORKSHOP_GALERA=1")
	}
	r := start(t)
	// The steps follow each other, so the first that fails ends the test.
	for _, step := range []struct {
		name string
		run  func(*testing.T, *room)
	}{
		{"a second seed writes nothing", seedTwice},
		{"the exercises' own tests", exercises},
		{"the proof matrix", matrix},
		{"a silent node whose port is open", silentNode},
		{"a silent node that a health check finds", silentNodeChecked},
		{"a node cut off from its cluster", isolatedNode},
		{"a killed node that comes back", killedNode},
		{"a cluster without a quorum", noQuorum},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, r) }) {
			t.FailNow()
		}
	}
}

func start(t *testing.T) *room {
	users, err := os.ReadFile("haproxy.sql")
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	r := &room{
		cluster: mariadb.StartCluster(t, string(users), options(t)...),
		page:    require.ReadPage(t, filepath.Join("..", "..", "docs", "replicas.md")),
	}
	t.Logf("three nodes: up after %s", time.Since(began).Round(time.Second))
	r.toxi, err = toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.toxi.Close(); err != nil {
			t.Error(err)
		}
	})
	var proxies []string
	for i, node := range r.cluster.Nodes {
		proxy, err := r.toxi.Create(t.Context(), toxi.NodeProxy(i+1), "127.0.0.1:0", node.Addr)
		if err != nil {
			t.Fatal(err)
		}
		proxies = append(proxies, proxy.Listen)
	}
	r.balancer = newBalancer(t, proxies)
	r.balancer.check(t, "tcp")
	for number := range 5 {
		binary, err := app.Build(t.Context(), filepath.Join("..", "..", "..", fmt.Sprintf("exercise%d", number+1)))
		if err != nil {
			t.Fatal(err)
		}
		env, err := app.Env(r.balancer.addr, r.cluster.Password)
		if err != nil {
			t.Fatal(err)
		}
		process, err := app.Start(t.Context(), app.Options{Binary: binary, Env: env})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(process.Kill)
		r.apps = append(r.apps, process)
	}
	return r
}

// options are those of a node in the Compose file.
func options(t *testing.T) []string {
	t.Helper()
	var file struct {
		Node struct{ Command []string } `yaml:"x-node"`
	}
	text, err := os.ReadFile(filepath.Join("..", "docker-compose.yml"))
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil || len(file.Node.Command) == 0 {
		t.Fatalf("read the options of a node: got %v, %v", file, err)
	}
	return file.Node.Command
}

func seedTwice(t *testing.T, r *room) {
	for _, want := range []string{"written", "unchanged"} {
		began := time.Now()
		results, err := seed.Run(t.Context(), seed.Options{DSN: r.target(r.balancer.addr).FormatDSN(), Data: openflights.Sample()})
		if err != nil {
			t.Fatal(err)
		}
		written := 0
		for _, result := range results {
			written += result.Written
		}
		t.Logf("%d rows written in %s", written, time.Since(began).Round(100*time.Millisecond))
		if (written > 0) != (want == "written") {
			t.Errorf("%d rows written, want them %s", written, want)
		}
	}
}

// exercises: each exercise passes its own tests.
func exercises(t *testing.T, r *room) {
	r.through(t, "test", "-count=1", "./exercise1/...", "./exercise2/...", "./exercise3/...", "./exercise4/...", "./exercise5/...")
}

// matrix: each experiment has the verdict that it has on one database.
func matrix(t *testing.T, r *room) {
	r.through(t, "run", "./infra", "matrix", "--html", filepath.Join(t.TempDir(), "matrix.html"))
}

// through runs a command of go whose database is the one behind the balancer.
func (r *room) through(t *testing.T, arguments ...string) {
	t.Helper()
	_, number, err := net.SplitHostPort(r.balancer.addr)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", arguments...)
	command.Dir = filepath.Join("..", "..", "..")
	command.Env = append(os.Environ(), "LAB_MYSQL_PORT="+number, "MYSQL_ROOT_PASSWORD="+r.cluster.Password)
	before := r.selects(t, 1)
	output, err := command.CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	asked := r.selects(t, 1) - before
	t.Logf("node 1 answered %d queries\n%s", asked, output)
	if asked < 10 {
		t.Errorf("node 1 answered %d queries, so something else did", asked)
	}
}

// silentNode: the balancer sends one connection in three to a node that never answers.
func silentNode(t *testing.T, r *room) {
	r.inject(t, 2, "blackhole")
	served := r.load(t, 25*time.Second)
	r.calm(t)
	for _, exercise := range served[:2] {
		exercise.atMost(t, 0.80)
	}
	retries := together("exercises 3 to 5", served[2:]...)
	retries.atLeast(t, 0.99)
	const other = `\| [\d.]+ (?:%|s[^|]*) `
	r.page.Figure(t, `\| served \| (\S+) %`, served[0].percent(), 8)
	r.page.Figure(t, `\| served `+other+`\| (\S+) %`, served[1].percent(), 8)
	r.page.Figure(t, `\| served `+other+other+`\| (\S+) %`, retries.percent(), 0.6)
	r.page.Figure(t, `\| p99 of the latency \| (\S+) s`, served[0].p99, 0.5)
	r.page.Figure(t, `\| p99 of the latency `+other+`\| (\S+) s`, served[1].p99, 0.5)
	r.page.Figure(t, `\| p99 of the latency `+other+other+`\| (\S+) s`, served[2].p99, 1.5)
}

// silentNodeChecked: the balancer takes the node out when it does not answer the check.
func silentNodeChecked(t *testing.T, r *room) {
	r.balancer.check(t, "mysql")
	r.inject(t, 2, "blackhole")
	served := r.load(t, 12*time.Second)
	r.calm(t)
	without := together("exercises 1 and 2", served[:2]...)
	without.atMost(t, 0.995)
	together("exercises 3 to 5", served[2:]...).atLeast(t, 0.99)
	r.page.Figure(t, `exercises 1 and 2 now serve (\S+) %`, without.percent(), 4)
	r.page.Figure(t, `Exercise 3 serves (\S+) %, with a p99 of \S+ s\. A node`, served[2].percent(), 1)
	r.page.Figure(t, `with a p99 of (\S+) s\. A node`, served[2].p99, 0.6)
}

// isolatedNode: the node answers the balancer's check, and refuses every query with error 1047.
func isolatedNode(t *testing.T, r *room) {
	r.isolate(t, 2, true)
	served := r.load(t, 12*time.Second)
	r.isolate(t, 2, false)
	without := together("exercises 1 and 2", served[:2]...)
	without.atMost(t, 0.82)
	together("exercises 3 to 5", served[2:]...).atLeast(t, 0.99)
	r.page.Figure(t, `exercises 1 and 2 serve only (\S+) %`, without.percent(), 10)
	r.page.Figure(t, `Exercise 3 serves (\S+) %, with a p99 of \S+ s, because`, served[2].percent(), 1)
	r.page.Figure(t, `with a p99 of (\S+) s, because`, served[2].p99, 0.5)
}

// killedNode: a node that crashed and starts again serves users again.
func killedNode(t *testing.T, r *room) {
	r.cluster.Nodes[2].Kill()
	served := r.load(t, 10*time.Second)
	retries := together("exercises 3 to 5", served[2:]...)
	retries.atLeast(t, 0.99)
	r.page.Figure(t, `(\d+) % without retries`, together("exercises 1 and 2", served[:2]...).percent(), 4)
	r.page.Figure(t, `and (\d+) % with them`, retries.percent(), 1)
	began := time.Now()
	r.cluster.Nodes[2].Start(t)
	back := time.Since(began)
	t.Logf("part of the cluster again after %s", back.Round(time.Second))
	r.page.Figure(t, `back in the cluster after (\S+) s`, back.Seconds(), 6)
	before := r.selects(t, 3)
	await(t, "the node that came back to serve users", 10*time.Second, func() bool {
		r.get(1, "/api/flights/routes?from=LHR&to=JFK")
		return r.selects(t, 3)-before > 5
	})
}

// noQuorum: two of three nodes are gone, so the third refuses to read tables, though it answers.
func noQuorum(t *testing.T, r *room) {
	if got := r.get(5, "/health/"); got != http.StatusOK {
		t.Fatalf("before: /health/ answers %d, want 200", got)
	}
	r.cluster.Nodes[1].Kill()
	r.cluster.Nodes[2].Kill()
	left := r.open(t, r.cluster.Nodes[0].Addr)
	await(t, "the last node to notice", 30*time.Second, func() bool { return notReady(left) })
	began := time.Now()
	await(t, "/health/ to be 503", 6*time.Second, func() bool { return r.get(5, "/health/") == http.StatusServiceUnavailable })
	unhealthy := time.Since(began)
	t.Logf("/health/ answers 503 %s after the quorum is lost", unhealthy.Round(100*time.Millisecond))
	r.page.Figure(t, `no later than (\S+) s after the node has noticed`, unhealthy.Seconds(), 1)
	if _, err := left.Exec("SELECT 1"); err != nil || left.Ping() != nil {
		t.Errorf("SELECT 1: got %v, want it to pass as the ping does", err)
	}
	if _, err := left.Exec("SET GLOBAL wsrep_provider_options = 'pc.bootstrap=YES'"); err != nil {
		t.Fatal(err)
	}
	await(t, "the last node to serve alone", 10*time.Second, func() bool { return !notReady(left) })
	await(t, "/health/ to be 200 again, with no user", 8*time.Second, func() bool { return r.get(5, "/health/") == http.StatusOK })
}

// notReady tells whether the node refuses to read a table because it has no quorum.
func notReady(db *sql.DB) bool {
	var n int
	refused, ok := errors.AsType[*mysql.MySQLError](db.QueryRow("SELECT COUNT(*) FROM airlines").Scan(&n))
	return ok && refused.Number == 1047
}

// inject puts a fault between the balancer and one node.
func (r *room) inject(t *testing.T, node int, name string) {
	t.Helper()
	fault, err := toxi.Lookup(name)
	if err == nil {
		err = r.toxi.Inject(t.Context(), toxi.NodeProxy(node), fault)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r *room) calm(t *testing.T) {
	t.Helper()
	if _, err := r.toxi.CalmAll(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// isolate cuts a node off from the others, or connects it again, and returns when it has noticed.
func (r *room) isolate(t *testing.T, node int, on bool) {
	t.Helper()
	db := r.open(t, r.cluster.Nodes[node-1].Addr)
	value := 0
	if on {
		value = 1
	}
	if _, err := db.Exec(fmt.Sprintf("SET GLOBAL wsrep_provider_options = 'gmcast.isolate=%d'", value)); err != nil {
		t.Fatal(err)
	}
	await(t, "the node to notice", 30*time.Second, func() bool { return notReady(db) == on })
}

// selects is how many queries a node has answered.
func (r *room) selects(t *testing.T, node int) int {
	t.Helper()
	var name string
	var n int
	// SHOW does not count itself.
	if err := r.open(t, r.cluster.Nodes[node-1].Addr).QueryRow("SHOW GLOBAL STATUS LIKE 'Com_select'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// target is how root logs in to the database flights at addr.
func (r *room) target(addr string) *mysql.Config {
	config := mysql.NewConfig()
	config.Net, config.Addr, config.User, config.Passwd, config.DBName = "tcp", addr, "root", r.cluster.Password, "flights"
	return config
}

func (r *room) open(t *testing.T, addr string) *sql.DB {
	t.Helper()
	connector, err := mysql.NewConnector(r.target(addr))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	t.Cleanup(func() { db.Close() })
	return db
}

// get is the status that an exercise answers with; 0 when there is no answer.
func (r *room) get(exercise int, path string) int {
	client := http.Client{Timeout: 3 * time.Second}
	response, err := client.Get(r.apps[exercise-1].URL + path)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}

// served is how many users of some exercises got their flights.
type served struct {
	name     string
	ok, sent int
	p99      float64 // Of the latency, in seconds; of one exercise alone.
}

// together is the sum over several exercises.
func together(name string, all ...served) served {
	sum := served{name: name}
	for _, one := range all {
		sum.ok, sum.sent = sum.ok+one.ok, sum.sent+one.sent
	}
	return sum
}

func (s served) share() float64   { return float64(s.ok) / float64(max(1, s.sent)) }
func (s served) percent() float64 { return 100 * s.share() }

func (s served) atLeast(t *testing.T, want float64) {
	t.Helper()
	if got := s.share(); got < want {
		t.Errorf("%s: %.1f %% of %d served, want at least %.0f %%", s.name, s.percent(), s.sent, 100*want)
	}
}

// atMost is how a test tells that the fault was felt.
func (s served) atMost(t *testing.T, want float64) {
	t.Helper()
	if got := s.share(); got > want {
		t.Errorf("%s: %.1f %% of %d served, want at most %.0f %%", s.name, s.percent(), s.sent, 100*want)
	}
}

// load sends requests to all exercises side by side, and returns what became of each.
func (r *room) load(t *testing.T, duration time.Duration) []served {
	t.Helper()
	tallies := make([]load.Tally, len(r.apps))
	var loads sync.WaitGroup
	for i, process := range r.apps {
		options := load.Options{URL: process.URL, Rate: rate, Duration: duration, Pairs: load.Pairs(openflights.Sample(), 100, 1), Seed: 1}
		loads.Go(func() {
			if err := load.Run(t.Context(), options, tallies[i].Add); err != nil {
				t.Error(err)
			}
		})
	}
	loads.Wait()
	var all []served
	for i := range tallies {
		tally := &tallies[i]
		one := served{fmt.Sprintf("exercise %d", i+1), tally.Of(load.OK), tally.Count(), tally.Quantile(0.99).Seconds()}
		t.Logf("%s: %5.1f %% of %d served, p50 %s, p99 %s", one.name, one.percent(), one.sent,
			tally.Quantile(0.5).Round(time.Millisecond), tally.Quantile(0.99).Round(10*time.Millisecond))
		all = append(all, one)
	}
	return all
}

// await returns when it is done, which must be so in time.
func await(t *testing.T, what string, patience time.Duration, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s in vain for %s", patience, what)
		}
	}
}
