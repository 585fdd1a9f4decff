package stages

// step is what one exercise may do to the one before: nothing else may differ.
type step struct {
	// added files are new, changed ones may differ; all others are equal, byte for byte.
	added, changed []string
	// budget is the most lines of code, added and removed, tests not counted.
	budget int
}

// manifest holds the steps to exercise 2, 3, 4 and 5.
var manifest = []step{
	{
		added:   []string{"resilience.go", "timeout_test.go", "timeout_chaos_test.go"},
		changed: []string{"main.go", "routes.go", "helper_test.go"},
		budget:  60,
	},
	{
		added:   []string{"retry_test.go", "retry_chaos_test.go"},
		changed: []string{"resilience.go"},
		budget:  40,
	},
	{
		added:   []string{"breaker.go", "breaker_test.go", "breaker_chaos_test.go"},
		changed: []string{"resilience.go", "routes.go", "main.go", "helper_test.go"},
		budget:  60,
	},
	{
		added:   []string{"health.go", "health_test.go", "health_chaos_test.go"},
		changed: []string{"main.go"},
		budget:  110,
	},
}

// own are the files that every exercise has for itself: its lesson and its module.
var own = []string{"README.md", "go.mod", "go.sum"}

// longest is the most lines of a file of code in an exercise; 80 where the file is not named.
var longest = map[string]int{"main.go": 60}
