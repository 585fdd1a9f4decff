package compose

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// fake is the variable that makes this test's program behave as docker: it says what docker would say in that trouble.
const fake = "WORKSHOP_FAKE_DOCKER"

func TestMain(m *testing.M) {
	switch os.Getenv(fake) {
	case "":
		os.Exit(m.Run())
	case "down":
		fmt.Fprintln(os.Stderr, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")
		os.Exit(1)
	case "forbidden":
		fmt.Fprintln(os.Stderr, "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock")
		os.Exit(1)
	case "chatty":
		for range 200 {
			fmt.Fprintln(os.Stdout, "out")
			fmt.Fprintln(os.Stderr, "err")
		}
		os.Exit(0)
	case "no compose":
		if os.Args[1] == "compose" {
			os.Exit(1)
		}
	}
	os.Exit(0)
}

// install puts this program into the PATH, alone, under the names.
func install(t *testing.T, names ...string) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		if err := os.WriteFile(filepath.Join(dir, name), program, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name      string
		programs  []string
		behaviour string
		want      string
		wantError string
	}{
		{"no Docker", nil, "", "", "no Docker is installed"},
		{"daemon down", []string{"docker", "docker-compose"}, "down", "", "daemon does not answer"},
		{"not allowed", []string{"docker", "docker-compose"}, "forbidden", "", "group docker"},
		{"no Compose", []string{"docker"}, "no compose", "", "but not Docker Compose"},
		{"the old form", []string{"docker", "docker-compose"}, "no compose", "docker-compose", ""},
		{"the new form", []string{"docker", "docker-compose"}, "fine", "docker compose", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			install(t, test.programs...)
			if test.behaviour != "" {
				t.Setenv(fake, test.behaviour)
			}
			got, err := Find(t.Context(), t.Output())
			if test.wantError != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantError) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line with %q", err, test.wantError)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Program != test.want {
				t.Errorf("got %q, want %q", got.Program, test.want)
			}
		})
	}
}

// composeFile is the real file with the settings.
func composeFile(t *testing.T, settings map[string]string) *Compose {
	t.Helper()
	services, err := readServices(filepath.Join("..", "docker-compose.yml"))
	if err != nil {
		t.Fatal(err)
	}
	return &Compose{Project: defaultProject, services: services, settings: settings, output: t.Output()}
}

func TestChosen(t *testing.T) {
	compose := composeFile(t, nil)
	for _, test := range []struct{ profiles, want string }{
		{"", "flights-db toxiproxy"},
		{"mysql", "mysql toxiproxy"},
		{"galera", "haproxy node1 node2 node3 toxiproxy"},
		{"mysql galera", "mysql and galera are both databases; choose one of them"},
		{"exercise3", "exercise3 flights-db toxiproxy"},
		{"observe mysql", "grafana jaeger mysql prometheus toxics toxiproxy"},
		{"nonsense", `there is no profile "nonsense"; choose from exercise1, exercise2, exercise3, exercise4, exercise5, galera, mysql, observe`},
		{"exercise1 exercise2", "only one exercise can have the port 5000; choose one of exercise1, exercise2, or see them side by side with `make race`"},
	} {
		names, err := compose.chosen(strings.Fields(test.profiles))
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.profiles, got, test.want)
		}
	}
}

func TestEveryPortIsOnLoopbackAndHasAVariable(t *testing.T) {
	compose := composeFile(t, nil)
	for name, service := range compose.services {
		for _, entry := range service.Ports {
			if got := compose.expand(entry); !strings.HasPrefix(got, "127.0.0.1:") {
				t.Errorf("%s publishes %s, want it on 127.0.0.1", name, got)
			}
			moved := composeFile(t, map[string]string{portVariable(entry): "12345"})
			if got := moved.expand(entry); !strings.Contains(got, ":12345:") {
				t.Errorf("%s publishes %s with %s=12345", name, got, portVariable(entry))
			}
		}
	}
}

func TestAPortThatIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	install(t, "docker")
	t.Setenv(fake, "fine")
	_, number, _ := net.SplitHostPort(listener.Addr().String())
	compose := composeFile(t, map[string]string{"MYSQL_PORT": "0", "PROXY_PORT": "0", "TOXIPROXY_PORT": number})
	err = compose.freePorts(t.Context(), []string{"flights-db", "toxiproxy"})
	if err == nil || !strings.Contains(err.Error(), "port "+number+" is taken") || !strings.Contains(err.Error(), "set TOXIPROXY_PORT") {
		t.Errorf("got %v, want that port %s is taken and TOXIPROXY_PORT moves it", err, number)
	}
}

func TestExplain(t *testing.T) {
	for _, test := range []struct{ words, want string }{
		{"Creating x ... error\nERROR: for x  Cannot start service x: driver failed: Bind for 127.0.0.1:3306 failed: port is already allocated", "port 3306 is taken"},
		{"Error: listen tcp4 127.0.0.1:8474: bind: address already in use", "port 8474 is taken"},
		{"Error response from daemon: pull access denied for joaoasrosa/flights-db, repository does not exist", "docker load"},
		{"dial tcp: lookup registry-1.docker.io on 127.0.0.53:53: server misbehaving", "no network to the registry"},
		{"ERROR: for toxiproxy  Container \"abc\" is unhealthy.", "make logs"},
		{"failed to register layer: write /x: no space left on device", "docker system prune"},
		{"Couldn't connect to Docker daemon at http+docker://localhost - is it running?", "daemon does not answer"},
		{"one\n\n  something new \n", "docker failed: something new"},
		{"", "docker failed without a word"},
	} {
		if got := explain("docker", test.words).Error(); !strings.Contains(got, test.want) || strings.Contains(got, "\n") {
			t.Errorf("%q: got %q, want one line with %q", test.words, got, test.want)
		}
	}
}

func TestProfilesAreThoseOfTheHelp(t *testing.T) {
	want := []string{"exercise1", "exercise2", "exercise3", "exercise4", "exercise5", "galera", "mysql", "observe"}
	if got := composeFile(t, nil).profiles(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What Compose writes to both of its outputs may lead to one place.
func TestLogsIntoOnePlace(t *testing.T) {
	install(t, "docker")
	t.Setenv(fake, "chatty")
	var both bytes.Buffer
	compose := &Compose{Program: "docker compose", output: io.MultiWriter(&both), settings: map[string]string{fake: "chatty", "PATH": os.Getenv("PATH")}}
	if err := compose.Logs(t.Context(), &both, false, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(both.String(), "out\n") + strings.Count(both.String(), "err\n"); got != 400 {
		t.Errorf("got %d lines, want 400:\n%s", got, both.String())
	}
}
