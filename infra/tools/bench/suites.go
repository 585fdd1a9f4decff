package bench

import "strings"

// suite is one call of go test, and a section of the ledger.
type suite struct {
	name, title string
	// pattern and packages name the benchmarks.
	pattern  string
	packages []string
	// flags are those of the whole run; short those of the short one, which leaves the suite out where there are none.
	flags, short string
	figures      []figure
}

// figure is one value that the ledger shows. Each bound is the most it may be; 0 is no bound.
type figure struct {
	what string
	// of is the benchmark and its unit, as parse writes them.
	of string
	// reference was measured in the same run, and against names it; empty where there is none.
	reference, against string
	// target is what the workshop promises, wide what even a busy machine must keep to.
	target, wide float64
	// notes are further units of the benchmark to show.
	notes []string
}

// unit is the unit of the figure's value: MB of "RSS-MB".
func (f figure) unit() string {
	unit := f.of[strings.LastIndex(f.of, " ")+1:]
	return strings.TrimSuffix(unit[strings.LastIndex(unit, "-")+1:], "/op")
}

const (
	here      = "infra/tools/bench."
	database  = "infra/lab/flightsdb."
	goBreaker = here + "PoliciesGobreaker ns/op"
)

var allocations = []string{"allocs/op", "B/op"}

var suites = []suite{
	{
		name: "policies", title: "What the policies cost", pattern: "^BenchmarkPolicies",
		packages: []string{"./exercise1", "./exercise2", "./exercise3", "./exercise4", "./exercise5", "./infra/tools/bench"},
		flags:    "-benchtime=0.3s -count=5", short: "-benchtime=0.02s",
		figures: []figure{
			{what: "no policy (exercise 1)", of: "exercise1.Policies ns/op"},
			{what: "timeout (exercise 2)", of: "exercise2.Policies ns/op", notes: allocations},
			{what: "retry, timeout and deadline (exercise 3)", of: "exercise3.Policies ns/op", notes: allocations},
			{what: "breaker, retry, timeout and deadline (exercise 4)", of: "exercise4.Policies ns/op", reference: goBreaker, against: "gobreaker", wide: 200, notes: allocations},
			{what: "breaker, retry, timeout and deadline (exercise 5)", of: "exercise5.Policies ns/op", reference: goBreaker, against: "gobreaker", wide: 200, notes: allocations},
			{what: "failsafe-go's breaker alone", of: here + "PoliciesBreaker ns/op", reference: goBreaker, against: "gobreaker", wide: 50, notes: allocations},
			{what: "gobreaker's breaker alone", of: goBreaker, notes: allocations},
			{what: "a context's deadline alone", of: here + "PoliciesDeadline ns/op", notes: allocations},
		},
	}, {
		name: "calm", title: "Latency in calm: exercise 5 beside exercise 1", pattern: "^BenchmarkCalm$", packages: []string{"./infra/tools/bench"},
		flags: "-benchtime=10000x", short: "-benchtime=1000x",
		figures: []figure{
			{what: "median latency of exercise 5", of: here + "Calm exercise5-µs", reference: here + "Calm exercise1-µs", against: "exercise 1", target: 1.05, wide: 1.5},
			{what: "noise: median latency of another exercise 1", of: here + "Calm another1-µs", reference: here + "Calm exercise1-µs", against: "exercise 1"},
		},
	}, {
		name: "startup", title: "Start-up", pattern: "^BenchmarkStart$", packages: []string{"./infra/tools/bench"},
		flags: "-benchtime=7x", short: "-benchtime=1x",
		figures: []figure{
			{what: "`make exercise3` to its first answer, caches warm", of: here + "Start ready-ms", target: 2000, wide: 10_000, notes: []string{"slowest-ms"}},
		},
	}, {
		name: "race", title: "The race: memory and processors", pattern: "^BenchmarkRace$", packages: []string{"./infra/tools/bench"},
		flags: "-benchtime=15x", short: "-benchtime=3x",
		figures: []figure{
			{what: "RAM of a race in calm: database, Toxiproxy, console and five apps", of: here + "Race/calm RSS-MB", target: 300, wide: 600, notes: []string{"apps-MB"}},
			{what: "RAM of a race under flaky", of: here + "Race/flaky RSS-MB", target: 300, wide: 600, notes: []string{"apps-MB"}},
			{what: "processors of a race in calm, without the apps", of: here + "Race/calm own-cores", target: 1, wide: 2},
			{what: "processors of a race under flaky, without the apps", of: here + "Race/flaky own-cores", target: 1, wide: 2},
		},
	}, {
		name: "routes", title: "Flights database beside MariaDB", pattern: "^BenchmarkRoutes$", packages: []string{"./infra/lab/flightsdb"},
		flags: "-benchtime=3000x",
		figures: []figure{
			{what: "routes query, connection kept, 67,663 routes", of: database + "Routes/kept flightsdb-µs", reference: database + "Routes/kept mariadb-µs", against: "MariaDB", target: 4, wide: 12},
			{what: "routes query, connection dialled, 67,663 routes", of: database + "Routes/dialled flightsdb-µs", reference: database + "Routes/dialled mariadb-µs", against: "MariaDB", target: 4, wide: 12},
		},
	}, {
		name: "ready", title: "Flights database: start and memory", pattern: "^BenchmarkReady$", packages: []string{"./infra/lab/flightsdb"},
		flags: "-benchtime=5x", short: "-benchtime=1x",
		figures: []figure{
			{what: "process start to first answer, 67,663 routes", of: database + "Ready/1x ready-ms", target: 200, wide: 2000},
			{what: "process start to first answer, 676,630 routes", of: database + "Ready/10x ready-ms", reference: database + "Ready/1x ready-ms", against: "67,663 routes", target: 12, wide: 40},
			{what: "routes query, 676,630 routes", of: database + "Ready/10x query-µs", reference: database + "Ready/1x query-µs", against: "67,663 routes", target: 2, wide: 6},
			{what: "the most resident memory, 67,663 routes", of: database + "Ready/1x RSS-MB", target: 200, wide: 400},
		},
	},
}
