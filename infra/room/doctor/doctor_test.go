package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/lab/app"
	"chaosworkshop/infra/lab/flightsdb"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
)

// wantFinding checks the verdict, that the finding has every word, and that it has a remedy exactly when it needs one.
func wantFinding(t *testing.T, got Finding, verdict Verdict, words ...string) {
	t.Helper()
	if got.Verdict != verdict {
		t.Errorf("got %s, want %s: %+v", got.Verdict, verdict, got)
	}
	if (got.Remedy != "") != (verdict != OK) {
		t.Errorf("got the remedy %q with the verdict %s", got.Remedy, got.Verdict)
	}
	text := got.Detail + " -> " + got.Remedy
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("got %q, want it to say %q", text, word)
		}
	}
	if strings.Contains(text, "\n") {
		t.Errorf("got more than one line: %q", text)
	}
}

// folder is a workshop with the files, and no settings of this computer.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	// Not t.TempDir: the go command may still write to its home folder when the test is over.
	home, err := os.MkdirTemp("", "home")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(home) })
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME", "AppData"} {
		t.Setenv(name, home)
	}
	for _, name := range []string{"PORT", "BIND", "DB_PORT", "MYSQL_ROOT_PASSWORD", "OPENFLIGHTS_DIR"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestExamineThisComputer(t *testing.T) {
	seen := map[string]bool{}
	worst := OK
	got := Examine(t.Context(), func(finding Finding) {
		seen[strings.Fields(finding.Name)[0]] = true
		worst = max(worst, finding.Verdict)
		if (finding.Remedy != "") != (finding.Verdict != OK) {
			t.Errorf("%s: got the remedy %q with the verdict %s", finding.Name, finding.Remedy, finding.Verdict)
		}
	})
	if got != worst {
		t.Errorf("got %s, want the worst finding's %s", got, worst)
	}
	for _, name := range []string{"go", "modules", "folder", "disk", "clock", "settings", "dataset", "port", "docker"} {
		if !seen[name] {
			t.Errorf("nothing is said about %s", name)
		}
	}
}

func TestElsewhere(t *testing.T) {
	t.Chdir(t.TempDir())
	got := Examine(t.Context(), func(finding Finding) { wantFinding(t, finding, Fix, "go.work") })
	if got != Fix {
		t.Errorf("got %s, want fix", got)
	}
}

func TestGoVersion(t *testing.T) {
	wantFinding(t, goVersion(t.Context(), folder(t, map[string]string{"go.work": "go 1.26.0\n"})), OK, runtime.Version())
	wantFinding(t, goVersion(t.Context(), folder(t, map[string]string{"go.work": "go 99.1\n"})), Fix, "99.1", "go.dev/dl")
	wantFinding(t, goVersion(t.Context(), folder(t, map[string]string{"go.work": "nonsense\n"})), Ask)
	root := folder(t, map[string]string{"go.work": "go 1.26.0\n"})
	t.Setenv("PATH", t.TempDir())
	wantFinding(t, goVersion(t.Context(), root), Fix, "does not run", "install Go 1.26.0")
}

// A bundle runs without Go, and a computer without make or curl cannot type the lessons.
func TestWithoutPrograms(t *testing.T) {
	program := app.Prebuilt("", "workshop", runtime.GOOS, runtime.GOARCH)
	for _, bundle := range []bool{false, true} {
		files := map[string]string{"go.work": "go 1.26.0\n", ".env.example": ""}
		if bundle {
			files[program] = "a program"
		}
		folder(t, files)
		t.Setenv("PATH", t.TempDir())
		said := map[string]Finding{}
		Examine(t.Context(), func(finding Finding) { said[finding.Name] = finding })
		if bundle {
			wantFinding(t, said["go"], OK, "only to change code")
		} else {
			wantFinding(t, said["go"], Fix, "go.dev/dl")
		}
		if found, is := said["modules"]; is {
			t.Errorf("got %v without the go command, want nothing about modules", found)
		}
		if runtime.GOOS != "windows" {
			wantFinding(t, said["make"], Fix, "not installed", "`make exercise1`")
			wantFinding(t, said["curl"], Fix, "not installed", "install curl")
		}
		wantFinding(t, said["docker"], OK, "not needed")
	}
}

func TestModules(t *testing.T) {
	alone := map[string]string{"go.work": "go 1.26.0\nuse ./a\n", "a/go.mod": "module a\ngo 1.26.0\n", "a/a.go": "package a\n"}
	t.Setenv("GOMODCACHE", t.TempDir())
	t.Setenv("GOSUMDB", "off")
	t.Run("complete", func(t *testing.T) { wantFinding(t, modules(t.Context(), folder(t, alone)), OK, "without a network") })

	needs := map[string]string{"go.work": alone["go.work"],
		"a/go.mod": "module a\ngo 1.26.0\nrequire example.com/absent v1.0.0\n", "a/a.go": "package a\nimport _ \"example.com/absent\"\n"}
	t.Run("missing, without a network", func(t *testing.T) {
		root := folder(t, needs)
		t.Setenv("GOPROXY", "http://127.0.0.1:1")
		wantFinding(t, modules(t.Context(), root), Ask, "make bundle")
	})
	for _, test := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request)
		words  []string
	}{
		{"missing, with a network", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "module example.com/absent") }, []string{"the network has them", "make prepare"}},
		{"a mirror without the module", http.NotFound, []string{"not with the module example.com/absent", "404", "GOPROXY"}},
		{"a login page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "<html>Welcome to the hotel") }, []string{"not with the module example.com/absent", "GOPROXY"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := folder(t, needs)
			proxy := httptest.NewServer(http.HandlerFunc(test.answer))
			defer proxy.Close()
			t.Setenv("GOPROXY", proxy.URL+",direct")
			wantFinding(t, modules(t.Context(), root), Fix, test.words...)
		})
	}
	t.Run("missing, switched off", func(t *testing.T) {
		root := folder(t, needs)
		t.Setenv("GOPROXY", "off")
		wantFinding(t, modules(t.Context(), root), Fix, "GOPROXY is off", "go env -u GOPROXY")
	})
	t.Run("no build cache", func(t *testing.T) {
		root := folder(t, alone)
		t.Setenv("GOCACHE", filepath.Join(root, "go.work", "cache"))
		wantFinding(t, modules(t.Context(), root), Fix, "failed to initialize build cache", "set GOCACHE")
	})
	t.Run("broken", func(t *testing.T) {
		root := folder(t, map[string]string{"go.work": alone["go.work"], "a/go.mod": "mod a\n"})
		wantFinding(t, modules(t.Context(), root), Fix, "go.mod")
	})
	t.Run("a folder is missing", func(t *testing.T) {
		wantFinding(t, modules(t.Context(), folder(t, map[string]string{"go.work": alone["go.work"]})), Ask, "new copy")
	})
}

func TestWritable(t *testing.T) {
	wantFinding(t, writable(folder(t, nil)), OK)
	for _, name := range []string{"bin", "work"} {
		wantFinding(t, writable(folder(t, map[string]string{name: "a file"})), Fix, name)
	}
	gone := filepath.Join(folder(t, nil), "gone")
	wantFinding(t, writable(gone), Fix, gone+" ->")
}

func TestDisk(t *testing.T) { wantFinding(t, disk(t.TempDir()), OK, "GB free") }

func TestClock(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	wantFinding(t, judgeClock(now, now.Add(-time.Hour)), OK)
	wantFinding(t, judgeClock(now, now.Add(30*time.Second)), OK)
	wantFinding(t, judgeClock(now, now.Add(48*time.Hour)), Fix, "48h", "timedatectl")
}

func TestSettings(t *testing.T) {
	example := map[string]string{"go.work": "", ".env.example": "# Copy to .env\n# PORT=5000\n# DB_PORT=3307\n# MYSQL_ROOT_PASSWORD=workshop\n"}
	t.Run("defaults", func(t *testing.T) {
		got := settings(folder(t, example))
		if len(got) != 1 {
			t.Fatalf("got %v, want one finding", got)
		}
		wantFinding(t, got[0], OK, "3 variables have their defaults")
	})
	t.Run("sources, and no value", func(t *testing.T) {
		root := folder(t, example)
		write(t, filepath.Join(root, ".env"), "MYSQL_ROOT_PASSWORD=s3cret\n", 0o644)
		t.Setenv("PORT", "7321")
		got := fmt.Sprint(settings(root))
		for _, want := range []string{"PORT from the environment", "MYSQL_ROOT_PASSWORD from " + filepath.Join(root, ".env"), "1 variables have"} {
			if !strings.Contains(got, want) {
				t.Errorf("got %s, want %q", got, want)
			}
		}
		if strings.Contains(got, "s3cret") || strings.Contains(got, "7321") {
			t.Errorf("a value is shown: %s", got)
		}
		if want := "chmod 600 " + filepath.Join(root, ".env"); runtime.GOOS != "windows" && !strings.Contains(got, want) {
			t.Errorf("got %s, want %q", got, want)
		}
	})
	t.Run("no secret in the file", func(t *testing.T) {
		root := folder(t, example)
		write(t, filepath.Join(root, ".env"), "PORT=7321\n", 0o644)
		if got := fmt.Sprint(settings(root)); strings.Contains(got, "chmod") {
			t.Errorf("got %s, want no word about who can read a file without a password", got)
		}
	})
	t.Run("an inherited database", func(t *testing.T) {
		root := folder(t, map[string]string{"go.work": "", ".env.example": "# DB_HOST=127.0.0.1\n"})
		t.Setenv("DB_HOST", "db.example.com")
		wantFinding(t, settings(root)[0], Fix, "DB_HOST", "unset DB_HOST")
	})
	t.Run("a name that is not a setting", func(t *testing.T) {
		root := folder(t, example)
		write(t, filepath.Join(root, ".env"), "PRT=5001\n", 0o600)
		wantFinding(t, settings(root)[0], Fix, "PRT in ", "did you mean PORT?")
	})
	t.Run("a wrong policy", func(t *testing.T) {
		for _, setting := range []string{"TIMEOUT=1", "RETRY_ATTEMPTS=0", "DEADLINE=500ms", "BREAKER_DELAY=1s"} {
			root := folder(t, example)
			write(t, filepath.Join(root, ".env"), setting+"\n", 0o600)
			name, _, _ := strings.Cut(setting, "=")
			wantFinding(t, settings(root)[0], Fix, name)
		}
	})
	t.Run("a file that cannot be read", func(t *testing.T) {
		for text, remedy := range map[string]string{"\xFF\xFEP\x00": "save it as UTF-8", "PORT\n": "fix it or remove it", "DB_PASSWORD=a #b\n": "correct that file"} {
			root := folder(t, example)
			write(t, filepath.Join(root, ".env"), text, 0o600)
			if got := settings(root)[0]; got.Remedy != remedy || !strings.Contains(got.Detail, filepath.Join(root, ".env")) {
				t.Errorf("%q: got %+v, want the file and the remedy %q", text, got, remedy)
			}
		}
	})
	t.Run("a wrong value", func(t *testing.T) {
		root := folder(t, example)
		write(t, filepath.Join(root, ".env"), "DB_PORT=s3cret\n", 0o600)
		wantFinding(t, settings(root)[0], Fix, "DB_PORT")
		if got := fmt.Sprint(settings(root)); strings.Contains(got, "s3cret") {
			t.Errorf("a value is shown: %s", got)
		}
	})
}

func TestProxyForThisComputer(t *testing.T) {
	for _, test := range []struct {
		proxy, without string
		want           int
	}{
		{"", "", 0}, {"http://proxy.example.com:3128", "", 1}, {"http://proxy.example.com:3128", "example.com", 1},
		{"http://proxy.example.com:3128", "localhost,127.0.0.1", 0}, {"http://proxy.example.com:3128", "*", 0},
	} {
		t.Setenv("http_proxy", test.proxy)
		t.Setenv("no_proxy", test.without)
		t.Setenv("NO_PROXY", "")
		if got := proxied(); len(got) != test.want {
			t.Errorf("http_proxy=%s no_proxy=%s: got %v, want %d findings", test.proxy, test.without, got, test.want)
		}
	}
}

func TestDocumentedVariables(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	names, err := documented(root)
	if err != nil {
		t.Fatal(err)
	}
	got := " " + strings.Join(names, " ") + " "
	for _, want := range []string{"PORT", "MYSQL_ROOT_PASSWORD", "TIMEOUT", "BREAKER_DELAY"} {
		if !strings.Contains(got, " "+want+" ") {
			t.Errorf("got%s, want %s among them", got, want)
		}
	}
}

func TestDataset(t *testing.T) {
	folder(t, map[string]string{"go.work": ""})
	wantFinding(t, dataset(config.Infra{}), OK, "built-in sample")
	wantFinding(t, dataset(config.Infra{OpenFlightsDir: "nowhere"}), Fix, "OPENFLIGHTS_DIR", "make data")
}

func TestPorts(t *testing.T) {
	data := openflights.Sample()
	database, err := flightsdb.Start(t.Context(), flightsdb.Options{Addr: "127.0.0.1:0", RootPassword: "right", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	proxy, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	exercise := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "database_attempts_total 0")
	}))
	defer exercise.Close()
	airplay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Server", "AirTunes/770.8.1")
		w.WriteHeader(http.StatusForbidden)
	}))
	defer airplay.Close()

	cfg := config.Infra{Bind: "127.0.0.1", RootPassword: "right"}
	wrong := cfg
	wrong.RootPassword = "wr0ng"
	look := func(_ context.Context, cfg config.Infra, variable string, number int, identify func(context.Context, config.Infra, string) (string, error)) Finding {
		return search{cfg: cfg, chosen: map[string]string{variable: "set"}}.look(t.Context(), variable, number, identify)
	}
	// A default that is taken needs nobody's attention.
	wantFinding(t, search{cfg: cfg}.look(t.Context(), "PORT", number(t, airplay.URL), stranger), OK, "AirPlay", "the next free port is used instead, for PORT")
	wantFinding(t, search{cfg: wrong}.look(t.Context(), "MYSQL_PORT", number(t, database.Addr()), flights), OK, "1045", "the next free port is used instead")
	at := number(t, proxy.URL())
	wantFinding(t, search{cfg: cfg, here: map[string]int{"TOXIPROXY_PORT": at}}.look(t.Context(), "TOXIPROXY_PORT", at, toxiproxy), OK, "in use by this workshop")
	wantFinding(t, search{cfg: cfg, elsewhere: map[int]string{at: "/another"}}.look(t.Context(), "TOXIPROXY_PORT", at, toxiproxy), OK, "the workshop in /another", "the next free port")
	wantFinding(t, look(t.Context(), cfg, "MYSQL_PORT", number(t, database.Addr()), flights), OK, fmt.Sprint(len(data.Routes)), "is reused")
	wantFinding(t, look(t.Context(), wrong, "MYSQL_PORT", number(t, database.Addr()), flights), Fix, "1045", "set MYSQL_PORT")
	wantFinding(t, look(t.Context(), cfg, "PROXY_PORT", number(t, other.URL), flights), Fix, "not a flights database", "set PROXY_PORT")
	wantFinding(t, look(t.Context(), cfg, "TOXIPROXY_PORT", number(t, proxy.URL()), toxiproxy), OK, "Toxiproxy", "is reused")
	wantFinding(t, look(t.Context(), cfg, "TOXIPROXY_PORT", number(t, other.URL), toxiproxy), Fix, "not a Toxiproxy")
	wantFinding(t, look(t.Context(), cfg, "PORT", number(t, exercise.URL), stranger), Fix, "an exercise that is already running", "set PORT")
	wantFinding(t, look(t.Context(), cfg, "PORT", number(t, airplay.URL), stranger), Fix, "AirPlay")
	wantFinding(t, look(t.Context(), cfg, "PORT", 0, stranger), OK, "free")
	away := cfg
	away.Bind = "192.0.2.1" // As a port fails for which one has no permission.
	wantFinding(t, look(t.Context(), away, "PORT", 5000, stranger), Fix, "no permission", "set PORT")
	if runtime.GOOS == "linux" {
		wantFinding(t, look(t.Context(), cfg, "PORT", number(t, other.URL), stranger), Fix, fmt.Sprintf("by doctor.test (process %d)", os.Getpid()))
	}
}

// A wrong BIND is one finding, and two variables cannot have one port.
func TestPortsOfTheSettings(t *testing.T) {
	for _, test := range []struct {
		env  string
		want []string // What a finding says, with the names of the ports.
	}{
		{"BIND=1.2.3\n", []string{"fix settings BIND must be an IP address"}},
		{"BIND=192.0.2.1\n", []string{"fix settings BIND must be an IP address"}},
		{"PORT=23307\nPROXY_PORT=23307\n", []string{"fix port 23307 both PORT and PROXY_PORT use this port", "fix port 23307 both PROXY_PORT and PORT use this port"}},
		{"PORT=3307\n", []string{"ok port 3307 PORT is set to this port, so PROXY_PORT uses the next free one"}},
	} {
		root := folder(t, map[string]string{"go.work": "", ".env": test.env})
		cfg, err := config.Load[config.Infra]()
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, finding := range ports(t.Context(), root, cfg) {
			said = append(said, fmt.Sprintln(finding.Verdict, finding.Name, finding.Detail))
		}
		got := strings.Join(said, "")
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%q: got %q, want %q", test.env, got, want)
			}
		}
		if strings.HasPrefix(test.env, "BIND") && len(said) != 1 {
			t.Errorf("%q: got %q, want one finding", test.env, got)
		}
	}
}

func TestFindingAsJSON(t *testing.T) {
	text, err := json.Marshal(Finding{"go", Fix, "old", "install a new one"})
	if got, want := string(text), `{"name":"go","verdict":"fix","detail":"old","remedy":"install a new one"}`; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// number is the port of an address or URL.
func number(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if _, err := fmt.Sscan(text, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}
