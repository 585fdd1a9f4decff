package stack

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/running"
)

// folder is a workshop's folder without settings, in which nothing runs; the test runs in it.
func folder(t *testing.T) string {
	t.Helper()
	dir, home := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.work"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "AppData", "LocalAppData"} {
		t.Setenv(name, home)
	}
	for _, name := range []string{"BIND", "PORT", "MYSQL_PORT", "PROXY_PORT", "TOXIPROXY_PORT", "CONSOLE_PORT", "MYSQL_ROOT_PASSWORD", "DB_PORT"} {
		t.Setenv(name, "") // To have it back at the end.
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// defaults is a plan in which every port has a default that is free, so that the test depends on no port of this computer.
func defaults(t *testing.T) *Plan {
	t.Helper()
	plan := &Plan{here: map[string]int{}, elsewhere: map[int]string{}, chosen: map[string]string{}}
	plan.Infra.Bind, plan.Infra.RootPassword = "127.0.0.1", password
	var used []int
	for i, one := range plan.settings() {
		free, err := port.Next("127.0.0.1", 21100+100*i, used)
		if err != nil {
			t.Fatal(err)
		}
		*one.number, used = free, append(used, free)
	}
	return plan
}

// takes makes the default of the setting a port that is taken.
func takes(t *testing.T, number *int) int {
	t.Helper()
	*number = held(t)
	return *number
}

// An image has the program alone: there is no workshop's folder, and the ports are those of the settings.
func TestPlanWithoutAFolder(t *testing.T) {
	if err := os.Remove(filepath.Join(folder(t), "go.work")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TOXIPROXY_PORT", "21099")
	plan, err := readPlan()
	if err != nil || plan.Infra.ToxiproxyPort != 21099 {
		t.Errorf("got %+v, %v, want the port of the environment", plan, err)
	}
	if folder, err := othersPort("PORT", 5000); err != nil || folder != "" {
		t.Errorf("got %q, %v, want no other folder", folder, err)
	}
}

func TestFreeDefaultsAreUsed(t *testing.T) {
	plan := defaults(t)
	want := plan.Infra
	if err := plan.place(t.Context(), []string{"PORT", "CONSOLE_PORT"}); err != nil {
		t.Fatal(err)
	}
	if plan.Infra != want || len(plan.Notes) > 0 {
		t.Errorf("got %+v, %q, want %+v and no note", plan.Infra, plan.Notes, want)
	}
}

func TestTakenDefaultsGiveWay(t *testing.T) {
	plan := defaults(t)
	before := map[string]int{}
	for _, one := range plan.settings() {
		before[one.variable] = takes(t, one.number)
	}
	if err := plan.place(t.Context(), []string{"PORT", "CONSOLE_PORT"}); err != nil {
		t.Fatal(err)
	}
	if len(plan.Notes) != 5 {
		t.Errorf("got the notes %q, want one for each port", plan.Notes)
	}
	seen := map[int]bool{}
	for i, one := range plan.settings() {
		if *one.number == before[one.variable] || seen[*one.number] {
			t.Errorf("%s: got %d, want another port of its own", one.variable, *one.number)
		}
		seen[*one.number] = true
		for _, want := range []string{"port " + strconv.Itoa(before[one.variable]) + " is taken", "uses " + strconv.Itoa(*one.number)} {
			if i < len(plan.Notes) && !strings.Contains(strings.Join(plan.Notes, "\n"), want) {
				t.Errorf("got %q, want a note that says %q", plan.Notes, want)
			}
		}
	}
	running, err := Start(t.Context(), plan.Infra)
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	if got, want := running.Owned()["PROXY_PORT"], plan.Infra.ProxyPort; got != want {
		t.Errorf("the proxy: got %d, want %d", got, want)
	}
}

// A program that is not asked about may have its port.
func TestOnlyWhatIsAskedFor(t *testing.T) {
	plan := defaults(t)
	taken := takes(t, &plan.App.Port)
	if err := plan.place(t.Context(), nil); err != nil || plan.App.Port != taken || len(plan.Notes) > 0 {
		t.Errorf("got %d, %q, %v, want %d and no note", plan.App.Port, plan.Notes, err, taken)
	}
}

func TestChosenPortThatIsTakenIsAnError(t *testing.T) {
	plan := defaults(t)
	taken := takes(t, &plan.App.Port)
	plan.chosen["PORT"] = strconv.Itoa(taken)
	wantLine(t, plan.place(t.Context(), []string{"PORT"}), "port "+strconv.Itoa(taken)+" is taken", "set PORT")
}

func TestTwoVariablesWithOnePort(t *testing.T) {
	folder(t)
	t.Setenv("PORT", "21999")
	t.Setenv("PROXY_PORT", "21999")
	_, err := NewPlan(t.Context())
	wantLine(t, err, "PROXY_PORT and PORT are both 21999")
}

// A chosen port that is the default of another variable moves the other one.
func TestChosenPortIsADefault(t *testing.T) {
	plan := defaults(t)
	plan.App.Port = plan.Infra.ProxyPort
	plan.chosen["PORT"] = strconv.Itoa(plan.App.Port)
	want := plan.App.Port
	if err := plan.place(t.Context(), []string{"PORT"}); err != nil {
		t.Fatal(err)
	}
	if plan.App.Port != want || plan.Infra.ProxyPort == want {
		t.Errorf("got the app on %d and the proxy on %d, want the app on %d and the proxy elsewhere", plan.App.Port, plan.Infra.ProxyPort, want)
	}
}

func TestBindIsExplained(t *testing.T) {
	folder(t)
	t.Setenv("BIND", "nonsense")
	_, err := NewPlan(t.Context())
	wantLine(t, err, "BIND must be an IP address of this computer")
}

// Your own database with the flights in it is reused; one with another password, or without flights, is not.
func TestOwnDatabase(t *testing.T) {
	plan := defaults(t)
	plan.Infra.MySQLPort = database(t)
	want := plan.Infra.MySQLPort
	if err := plan.place(t.Context(), nil); err != nil || plan.Infra.MySQLPort != want {
		t.Errorf("got %d, %v, want the flights database on %d", plan.Infra.MySQLPort, err, want)
	}
	plan = defaults(t)
	plan.Infra.MySQLPort, plan.Infra.RootPassword = want, "another-password"
	if err := plan.place(t.Context(), nil); err != nil || plan.Infra.MySQLPort == want {
		t.Errorf("got %d, %v, want another port than that of a database with another password", plan.Infra.MySQLPort, err)
	}
}

// A second workshop folder starts servers of its own; in the same folder they are reused.
func TestTwoFolders(t *testing.T) {
	first, err := Start(t.Context(), isolated())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	ports := first.Owned()
	same := func(here map[string]int, elsewhere map[int]string) *Plan {
		plan := defaults(t)
		plan.here, plan.elsewhere = here, elsewhere
		plan.Infra.MySQLPort, plan.Infra.ProxyPort, plan.Infra.ToxiproxyPort = ports["MYSQL_PORT"], ports["PROXY_PORT"], ports["TOXIPROXY_PORT"]
		if err := plan.place(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		return plan
	}
	here := same(ports, nil)
	if here.Infra.MySQLPort != ports["MYSQL_PORT"] || here.Infra.ProxyPort != ports["PROXY_PORT"] || here.Infra.ToxiproxyPort != ports["TOXIPROXY_PORT"] {
		t.Errorf("in the same folder: got %+v, want the ports %v", here.Infra, ports)
	}
	elsewhere := map[int]string{}
	for _, number := range ports {
		elsewhere[number] = "/another/folder"
	}
	other := same(map[string]int{}, elsewhere)
	if other.Infra.MySQLPort == ports["MYSQL_PORT"] || other.Infra.ProxyPort == ports["PROXY_PORT"] || other.Infra.ToxiproxyPort == ports["TOXIPROXY_PORT"] {
		t.Errorf("in another folder: got %+v, want none of the ports %v", other.Infra, ports)
	}
	if len(other.Notes) != 3 || !strings.Contains(other.Notes[0], "by the workshop in /another/folder") {
		t.Errorf("got the notes %q, want three that name the other folder", other.Notes)
	}
}

// What runs in this folder is found by NewPlan, and what runs in another is not reused.
func TestPlanOfAFolder(t *testing.T) {
	first, err := Start(t.Context(), isolated())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	dir := folder(t)
	t.Setenv("MYSQL_ROOT_PASSWORD", password)
	release, err := running.Hold(dir, first.Owned())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	plan, err := NewPlan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := Start(t.Context(), plan.Infra)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if second.OwnsDatabase() || second.Toxi.Owned() || second.Proxy() != first.Proxy() || len(second.Owned()) > 0 {
		t.Errorf("got %v at %s, want what runs, at %s", second.Owned(), second.Proxy(), first.Proxy())
	}
}

// A fault that is in place must not keep anything from starting: it is named instead.
func TestFaultInPlaceIsNamed(t *testing.T) {
	for _, name := range []string{"blackhole", "refused", "slow"} {
		first, err := Start(t.Context(), isolated())
		if err != nil {
			t.Fatal(err)
		}
		cfg := config.Infra{Bind: "127.0.0.1", RootPassword: password}
		ports := first.Owned()
		cfg.MySQLPort, cfg.ProxyPort, cfg.ToxiproxyPort = ports["MYSQL_PORT"], ports["PROXY_PORT"], ports["TOXIPROXY_PORT"]
		fault, err := toxi.Lookup(name)
		if err == nil {
			err = first.Toxi.Inject(t.Context(), toxi.ProxyName, fault)
		}
		if err != nil {
			t.Fatal(err)
		}
		second, err := Start(t.Context(), cfg)
		if err != nil {
			t.Errorf("%s: got %v, want a start", name, err)
		} else if second.Fault != name || second.Proxy() != net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.ProxyPort)) {
			t.Errorf("%s: got the fault %q at %s, want it at the port %d", name, second.Fault, second.Proxy(), cfg.ProxyPort)
		}
		if second != nil {
			second.Close()
		}
		first.Close()
	}
}
