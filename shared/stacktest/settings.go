package stacktest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// variable finds the names in .env.example, which lists every setting of the workshop.
var variable = regexp.MustCompile(`(?m)^#? ?([A-Z][A-Z_]*)=`)

// settings are the environment of a test, each as NAME=value: every setting of the workshop is empty, which means its default
// and hides what the user or a .env file sets, except for those that chosen sets. A database that LAB_MYSQL_PORT names keeps its
// password.
func settings(t testing.TB, root string, chosen ...string) []string {
	t.Helper()
	example, err := os.ReadFile(filepath.Join(root, ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, match := range variable.FindAllSubmatch(example, -1) {
		name := string(match[1])
		if name == "MYSQL_ROOT_PASSWORD" && os.Getenv("LAB_MYSQL_PORT") != "" {
			continue
		}
		all = append(all, name+"=")
	}
	return append(all, chosen...)
}

// setenv sets each NAME=value in this process, and returns a function that restores the old values.
func setenv(t testing.TB, settings []string) (restore func()) {
	t.Helper()
	before := map[string]string{}
	for _, setting := range settings {
		name, value, _ := strings.Cut(setting, "=")
		if old, ok := os.LookupEnv(name); ok {
			if _, seen := before[name]; !seen {
				before[name] = old
			}
		}
		if err := os.Setenv(name, value); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for _, setting := range settings {
			name, _, _ := strings.Cut(setting, "=")
			_ = os.Unsetenv(name)
		}
		for name, value := range before {
			_ = os.Setenv(name, value)
		}
	}
}
