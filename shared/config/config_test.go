package config

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/shared/running"
)

func TestDefaults(t *testing.T) {
	alone(t)
	app, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := app.Addr(), "127.0.0.1:5000"; got != want {
		t.Errorf("address: got %s, want %s", got, want)
	}
	if got, want := app.Database.Password, "workshop"; got != want {
		t.Errorf("password: got %s, want %s", got, want)
	}
	if got, want := app.Database.Port, 3307; got != want {
		t.Errorf("port: got %d, want %d", got, want)
	}
}

func TestRealEnvironmentWinsOverFile(t *testing.T) {
	dir := alone(t)
	write(t, filepath.Join(dir, ".env"), "PORT=6001\nDB_USER=file\n")
	t.Setenv("PORT", "6002")
	app, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := app.Port, 6002; got != want {
		t.Errorf("port: got %d, want %d", got, want)
	}
	if got, want := app.Database.User, "file"; got != want {
		t.Errorf("user: got %s, want %s", got, want)
	}
}

func TestPasswordIsTakenLiterally(t *testing.T) {
	alone(t)
	t.Setenv("MYSQL_ROOT_PASSWORD", `p$HOME"@:/#`)
	app, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := app.Database.Password, `p$HOME"@:/#`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorNamesTheVariableAndNotItsValue(t *testing.T) {
	alone(t)
	t.Setenv("DB_PORT", "s3cret")
	_, err := Load[App]()
	if err == nil {
		t.Fatal("got no error")
	}
	if got := err.Error(); !strings.Contains(got, "DB_PORT") || !strings.HasSuffix(got, " (set in the environment)") || strings.Contains(got, "s3cret") {
		t.Errorf("got %q, want DB_PORT and its source, and no value", got)
	}
}

func TestErrorNamesTheFileOfEachVariable(t *testing.T) {
	path := filepath.Join(alone(t), ".env")
	write(t, path, "DB_PORT=0\nPORT=x\n")
	if _, err := Load[App](); err == nil || strings.Count(err.Error(), " (set in "+path+")") != 2 {
		t.Errorf("got %v, want %s with both variables", err, path)
	}
}

func TestBrokenFileIsNamedAndNotQuoted(t *testing.T) {
	dir := alone(t)
	write(t, filepath.Join(dir, ".env"), "MYSQL_ROOT_PASSWORD s3cret\n")
	_, err := Load[App]()
	if err == nil {
		t.Fatal("got no error")
	}
	if got := err.Error(); !strings.Contains(got, ".env") || strings.Contains(got, "s3cret") {
		t.Errorf("got %q, want the file named and no value", got)
	}
}

// An app that is started by hand, in a folder below the workshop's, finds what runs.
func TestPortsOfWhatRuns(t *testing.T) {
	dir := alone(t)
	hold := func(root string, ports map[string]int) {
		t.Helper()
		release, err := running.Hold(root, ports)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(release)
	}
	below := filepath.Join(dir, "work", "exercise3")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	hold(dir, map[string]int{"PROXY_PORT": 3309, "PORT": 5007})
	hold(t.TempDir(), map[string]int{"PROXY_PORT": 3311, "PORT": 5009})
	t.Chdir(below)
	want := func(database, port int) {
		t.Helper()
		app, err := Load[App]()
		if err != nil {
			t.Fatal(err)
		}
		if app.Database.Port != database || app.Port != port {
			t.Errorf("got DB_PORT %d and PORT %d, want %d and %d", app.Database.Port, app.Port, database, port)
		}
	}
	want(3309, 5007)
	write(t, filepath.Join(dir, ".env"), "PROXY_PORT=3400\n")
	want(3400, 5007)
	t.Setenv("PORT", "5100")
	want(3400, 5100)
	t.Setenv("PROXY_PORT", "") // The default, as a test wants it.
	t.Setenv("PORT", "")
	want(3307, 5000)
}

// limits are settings whose bounds are numbers, durations and each other.
type limits struct {
	Attempts int           `env:"ATTEMPTS" envDefault:"10" min:"1" max:"100"`
	Failures uint          `env:"FAILURES" envDefault:"12" min:"1" max:"1000"`
	Timeout  time.Duration `env:"TIMEOUT" envDefault:"1s" min:"1ms" max:"10m"`
	Deadline time.Duration `env:"DEADLINE" envDefault:"5s" min:"TIMEOUT" max:"10m"`
}

func TestEveryValueIsInItsRange(t *testing.T) {
	const (
		attempts = "read settings: ATTEMPTS must be a whole number, at least 1, at most 100 (set in the environment)"
		failures = "read settings: FAILURES must be a whole number, at least 1, at most 1000 (set in the environment)"
		timeout  = "read settings: TIMEOUT must be a duration such as 500ms, at least 1ms, at most 10m (set in the environment)"
		deadline = "read settings: DEADLINE must be a duration such as 500ms, at least TIMEOUT (1s), at most 10m (set in the environment)"
	)
	for _, test := range []struct{ name, value, want string }{
		{"ATTEMPTS", "1", ""}, {"ATTEMPTS", "100", ""}, {"ATTEMPTS", "", ""},
		{"ATTEMPTS", "0", attempts}, {"ATTEMPTS", "101", attempts}, {"ATTEMPTS", "-1", attempts},
		{"ATTEMPTS", "many", attempts}, {"ATTEMPTS", "1.5", attempts}, {"ATTEMPTS", "99999999999999999999", attempts},
		{"FAILURES", "0", failures}, {"FAILURES", "-1", failures},
		{"TIMEOUT", "1ms", ""}, {"TIMEOUT", "0s", timeout}, {"TIMEOUT", "-1s", timeout}, {"TIMEOUT", "999us", timeout},
		{"TIMEOUT", "5", timeout}, {"TIMEOUT", "24h", timeout}, {"TIMEOUT", "s3cret", timeout},
		{"DEADLINE", "1s", ""}, {"DEADLINE", "999ms", deadline},
	} {
		alone(t)
		t.Setenv("TIMEOUT", "")
		t.Setenv("ATTEMPTS", "")
		t.Setenv(test.name, test.value)
		_, err := Load[limits]()
		if got := text(err); got != test.want {
			t.Errorf("%s=%s: got %q, want %q", test.name, test.value, got, test.want)
		}
		t.Setenv(test.name, "")
	}
}

func TestEveryWrongVariableIsNamedInOneLine(t *testing.T) {
	alone(t)
	t.Setenv("ATTEMPTS", "0")
	t.Setenv("TIMEOUT", "0s")
	_, err := Load[limits]()
	want := "read settings: ATTEMPTS must be a whole number, at least 1, at most 100 (set in the environment); TIMEOUT must be a duration such as 500ms, at least 1ms, at most 10m (set in the environment)"
	if got := text(err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestABoundThatIsWrongItselfIsTheOnlyOneNamed(t *testing.T) {
	alone(t)
	t.Setenv("TIMEOUT", "s3cret")
	_, err := Load[limits]()
	if got, want := text(err), "read settings: TIMEOUT must be a duration such as 500ms, at least 1ms, at most 10m (set in the environment)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPortsAndPoolAreInRange(t *testing.T) {
	for name, values := range map[string][]string{
		"PORT": {"-1", "65536", "99999"}, "DB_PORT": {"0", "99999"},
		"DB_MAX_OPEN_CONNS": {"0", "-1", "99999"}, "DB_MAX_IDLE_CONNS": {"-1", "101"},
	} {
		for _, value := range values {
			alone(t)
			t.Setenv(name, value)
			if _, err := Load[App](); !strings.HasPrefix(text(err), "read settings: "+name+" must be a whole number, at least ") {
				t.Errorf("%s=%s: got %v, want the variable and its range", name, value, err)
			}
			t.Setenv(name, "")
		}
	}
	for _, name := range []string{"MYSQL_PORT", "PROXY_PORT", "TOXIPROXY_PORT", "CONSOLE_PORT"} {
		alone(t)
		t.Setenv(name, "65536")
		if _, err := Load[Infra](); !strings.Contains(text(err), name) {
			t.Errorf("%s=65536: got %v, want the variable named", name, err)
		}
		t.Setenv(name, "0")
		if _, err := Load[Infra](); err != nil {
			t.Errorf("%s=0, any free port: got %v", name, err)
		}
	}
}

func TestDefaultsReadNoEnvironment(t *testing.T) {
	dir := alone(t)
	write(t, filepath.Join(dir, ".env"), "ATTEMPTS=7\n")
	t.Setenv("TIMEOUT", "7s")
	want := limits{Attempts: 10, Failures: 12, Timeout: time.Second, Deadline: 5 * time.Second}
	if got := Defaults[limits](); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestDatabasePortFollowsTheProxy(t *testing.T) {
	for _, test := range []struct {
		proxy, database string
		want            int
	}{{"", "", 3307}, {"13307", "", 13307}, {"13307", "3306", 3306}, {"0", "", 3307}} {
		alone(t)
		t.Setenv("PROXY_PORT", test.proxy)
		t.Setenv("DB_PORT", test.database)
		settings, err := Load[App]()
		if err != nil || settings.Database.Port != test.want {
			t.Errorf("PROXY_PORT=%s DB_PORT=%s: got %d, error %v, want %d", test.proxy, test.database, settings.Database.Port, err, test.want)
		}
	}
}

func TestEmptyPasswordIsNoPassword(t *testing.T) {
	alone(t)
	t.Setenv("MYSQL_ROOT_PASSWORD", "")
	settings, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := settings.Database.Password, "workshop"; got != want {
		t.Errorf("got %q, want the default %q, as the infrastructure takes it", got, want)
	}
}

// text is what an error says; no error says nothing.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// alone gives the test a workspace root and a user's config directory of its own, and no variable of the computer.
func alone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.work"), "")
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	for _, name := range []string{"HOME", "AppData", "LocalAppData", "XDG_CACHE_HOME"} {
		t.Setenv(name, dir)
	}
	for _, field := range slices.Concat(variables(reflect.TypeFor[App]()), variables(reflect.TypeFor[Infra]()), variables(reflect.TypeFor[limits]())) {
		name := field.Tag.Get("env")
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A learner's own folder has a go.work too; its settings are those of the workshop.
func TestRootSkipsLearnersFolders(t *testing.T) {
	want, err := filepath.EvalSymlinks(alone(t))
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(want, "work", "exercise3")
	if err := os.MkdirAll(filepath.Join(mine, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(mine, "go.work"), "")
	for _, dir := range []string{want, filepath.Join(want, "work"), mine, filepath.Join(mine, "sub")} {
		t.Chdir(dir)
		if got, err := Root(); err != nil || got != want {
			t.Errorf("from %s: got %s, %v, want %s", dir, got, err, want)
		}
	}
}
