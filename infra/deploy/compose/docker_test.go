package compose

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/infra/lab/seed"
	"chaosworkshop/infra/lab/toxi"
)

// rootPassword is one that a shell, a URL and a Compose file would all like to interpret.
const rootPassword = "it's $HOME %41 & \"more\""

// lhrToJFK is asked of the app, and answered from the database.
const lhrToJFK = "/api/flights/routes?from=LHR&to=JFK"

// TestDocker is the proof on a real Docker daemon: the Compose file as it is, and the Dockerfile as it is, with images
// under the names that they use. The images are made here, because no registry may be in reach: MariaDB for all
// databases, Toxiproxy from its source, and a golang that has this computer's Go and modules.
//
// It runs where WORKSHOP_DOCKER is 1, as root, with a daemon of its own that it ends. The published images are not
// shown by it, nor is Grafana.
func TestDocker(t *testing.T) {
	if os.Getenv("WORKSHOP_DOCKER") != "1" {
		t.Skip("SKIPPED, NOTHING WAS TESTED: set WORKSHOP_DOCKER=1, as root, where no Docker daemon runs")
	}
	startDaemon(t)
	settings(t)
	makeImages(t)
	compose := find(t)
	t.Cleanup(func() { _ = compose.Down(context.Background(), true) })

	// The steps follow each other, so the first that fails ends the test.
	for _, step := range []struct {
		name string
		run  func(*testing.T, *Compose)
	}{
		{"a taken port starts nothing", takenPort},
		{"a missing image starts nothing", missingImage},
		{"the exercise runs against it", exercise4},
		{"the exercise leaves it as it was", exercise4Gone},
		{"faults are felt", faults},
		{"a bundle's images are loaded", savedImages},
		{"the exercise is a container", container},
		{"MySQL stands in, is seeded, and keeps its data", mysqlProfile},
		{"three nodes stand in, and one may fail", galeraProfile},
		{"the guide's commands run", commands},
		{"down leaves nothing", down},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, compose) }) {
			t.FailNow()
		}
	}
}

func takenPort(t *testing.T, compose *Compose) {
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PROXY_PORT"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	wantRefusal(t, compose, nil, "port "+os.Getenv("PROXY_PORT")+" is taken by compose.test", "PROXY_PORT")
}

func missingImage(t *testing.T, compose *Compose) {
	wantRefusal(t, compose, []string{"observe"}, "image")
}

// wantRefusal tries an Up that must fail, in one line with those words, before any container is made.
func wantRefusal(t *testing.T, compose *Compose, profiles []string, words ...string) {
	t.Helper()
	err := compose.Up(t.Context(), profiles)
	if err == nil {
		t.Fatalf("got no error, want one about %q", words)
	}
	t.Log(err)
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got %q, want it to say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("got more than one line: %q", err)
	}
	if got := containers(t, compose); len(got) > 0 {
		t.Errorf("it left %v behind", got)
	}
}

func exercise4(t *testing.T, compose *Compose) {
	up(t, compose)
	if got := containers(t, compose); len(got) != 2 {
		t.Errorf("got %v, want flights-db and toxiproxy", got)
	}
	workshop := filepath.Join(t.TempDir(), "workshop")
	execute(t, filepath.Join("..", ".."), nil, "go", "build", "-o", workshop, ".")
	command := exec.Command(workshop, "exercise4")
	command.Dir = filepath.Join("..", "..")
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	defer func() {
		_ = command.Process.Signal(os.Interrupt)
		if err := <-ended; err != nil || t.Failed() {
			t.Errorf("exercise4 ended with %v: %s", err, &said)
		}
	}()
	wantFlights(t, "http://127.0.0.1:"+os.Getenv("PORT"))
}

func exercise4Gone(t *testing.T, compose *Compose) {
	if got := containers(t, compose); len(got) != 2 {
		t.Errorf("after exercise4: got %v, want both containers still", got)
	}
}

func faults(t *testing.T, compose *Compose) {
	client := toxi.NewClient("http://127.0.0.1:" + os.Getenv("TOXIPROXY_PORT"))
	outage, err := toxi.Lookup("outage")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Inject(t.Context(), toxi.ProxyName, outage); err != nil {
		t.Fatal(err)
	}
	if err := compose.ask(t.Context()); err == nil {
		t.Error("the database answered through an outage")
	}
	if err := client.Calm(t.Context(), toxi.ProxyName); err != nil {
		t.Fatal(err)
	}
	if err := compose.ask(t.Context()); err != nil {
		t.Errorf("after the outage: %v", err)
	}
}

// savedImages: what SaveImages wrote brings a removed image back when Up needs it.
func savedImages(t *testing.T, compose *Compose) {
	saved := filepath.Join(filepath.Dir(compose.file), filepath.Base(Images))
	t.Cleanup(func() { os.Remove(saved) })
	small := *compose // Of one image; the others take a while.
	small.services = map[string]service{"toxiproxy": compose.services["toxiproxy"]}
	if err := small.SaveImages(t.Context(), saved); err != nil {
		t.Fatal(err)
	}
	const image = "ghcr.io/shopify/toxiproxy:2.12.0"
	docker(t, nil, "tag", image, "kept")
	docker(t, nil, "rmi", "--force", image)
	up(t, compose)
	if !atHand(t.Context(), image) {
		t.Errorf("%s is not here, want it loaded from %s", image, saved)
	}
	docker(t, nil, "rmi", "kept")
}

func container(t *testing.T, compose *Compose) {
	up(t, compose, "exercise4")
	wantFlights(t, "http://127.0.0.1:"+os.Getenv("PORT"))
	id := docker(t, nil, "ps", "--quiet", "--filter", compose.filter(), "--filter", "label=com.docker.compose.service=exercise4")
	got := docker(t, nil, "inspect", "--format", "{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}}", id)
	if want := "65532:65532 true [ALL]"; got != want {
		t.Errorf("the app's container: got %q, want %q", got, want)
	}
	size, err := strconv.Atoi(docker(t, nil, "image", "inspect", "--format", "{{.Size}}", "chaosworkshop/exercise4"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the app's image has %d MB", size>>20)
	if size > 60<<20 {
		t.Errorf("the app's image has %d MB, want at most 60", size>>20)
	}
}

func mysqlProfile(t *testing.T, compose *Compose) {
	up(t, compose, "mysql", "exercise4")
	for _, container := range containers(t, compose) {
		if strings.Contains(container.Name, "flights-db") {
			t.Errorf("%s still runs", container.Name)
		}
	}
	if got := get("http://127.0.0.1:" + os.Getenv("PORT") + lhrToJFK); got.status != http.StatusInternalServerError {
		t.Errorf("before it is seeded: got %d, want 500", got.status)
	}
	if _, err := seed.Run(t.Context(), seed.Options{DSN: target().FormatDSN(), Data: openflights.Sample()}); err != nil {
		t.Fatal(err)
	}
	wantFlights(t, "http://127.0.0.1:"+os.Getenv("PORT"))
	if err := compose.Down(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	up(t, compose, "mysql", "exercise4")
	wantFlights(t, "http://127.0.0.1:"+os.Getenv("PORT"))
}

func galeraProfile(t *testing.T, compose *Compose) {
	up(t, compose, "galera", "exercise4")
	results, err := seed.Run(t.Context(), seed.Options{DSN: target().FormatDSN(), Data: openflights.Sample()})
	if err != nil || results[0].Written == 0 {
		t.Fatalf("seed: got %v, %v, want rows written", results, err)
	}
	wantFlights(t, "http://127.0.0.1:"+os.Getenv("PORT"))
	client := toxi.NewClient("http://127.0.0.1:" + os.Getenv("TOXIPROXY_PORT"))
	blackhole, err := toxi.Lookup("blackhole")
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Inject(t.Context(), toxi.NodeProxy(2), blackhole); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if got := get("http://127.0.0.1:" + os.Getenv("PORT") + lhrToJFK); got.status != http.StatusOK {
			t.Errorf("with node 2 silent: got %d, want 200", got.status)
		}
	}
	if _, err := client.CalmAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	up(t, compose, "galera")
	if results, err = seed.Run(t.Context(), seed.Options{DSN: target().FormatDSN(), Data: openflights.Sample()}); err != nil || results[0].Written > 0 {
		t.Errorf("seed after a second up: got %v, %v, want nothing written", results, err)
	}
}

// target is how root logs in to the database.
func target() *mysql.Config {
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", "127.0.0.1:"+os.Getenv("MYSQL_PORT")
	config.User, config.Passwd, config.DBName = "root", rootPassword, "flights"
	return config
}

// commands runs the blocks of the guide that need Docker, one after the other, as a reader does.
func commands(t *testing.T, compose *Compose) {
	root := filepath.Join("..", "..", "..")
	script := execute(t, root, nil, "go", "run", "./infra/tools", "guide", "--script", "docker")
	if script == "" {
		t.Error("got no block for Docker, want at least one")
	}
	execute(t, root, nil, "sh", "-ec", script)
	if got := containers(t, compose); len(got) > 0 {
		t.Errorf("the last one left %v behind", got)
	}
}

func down(t *testing.T, compose *Compose) {
	if err := compose.Down(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	label := "label=com.docker.compose.project=" + compose.Project
	for _, kind := range []string{"container", "network", "volume"} {
		all := []string{kind, "ls", "--quiet", "--filter", label}
		if kind == "container" {
			all = append(all, "--all")
		}
		if got := docker(t, nil, all...); got != "" {
			t.Errorf("%s: %s is left", kind, got)
		}
	}
	if err := compose.Down(t.Context(), true); err != nil {
		t.Errorf("a second down: %v", err)
	}
}

// startDaemon runs a Docker daemon of the test's own, on a socket of its own, until the test ends.
func startDaemon(t *testing.T) {
	for _, program := range []string{"docker", "dockerd", "docker-compose", "haproxy", "mariadbd", "ldd"} {
		if _, err := exec.LookPath(program); err != nil {
			require.Missing(t, program)
		}
	}
	if Daemon(t.Context()) == nil {
		t.Fatal("a Docker daemon runs already, and this test would give its own images the names of published ones; end that daemon first")
	}
	// Not t.TempDir: the path of a socket holds at most 107 characters.
	dir, err := os.MkdirTemp("", "docker")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("remove the daemon's files: %v", err)
		}
	})
	host := "unix://" + filepath.Join(dir, "socket")
	t.Setenv("DOCKER_HOST", host)
	t.Setenv("DOCKER_CONFIG", filepath.Join(dir, "config"))
	t.Setenv("DOCKER_BUILDKIT", "0") // The builder that is part of the daemon.
	var said bytes.Buffer
	daemon := exec.Command("dockerd", "--host="+host, "--data-root="+filepath.Join(dir, "data"),
		"--exec-root="+filepath.Join(dir, "run"), "--pidfile="+filepath.Join(dir, "pid"))
	daemon.Stdout, daemon.Stderr = &said, &said
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = daemon.Wait()
	}()
	t.Cleanup(func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(30 * time.Second):
			t.Error("the Docker daemon did not end within 30 s")
			_ = daemon.Process.Kill()
			<-ended
		}
	})
	for deadline := time.Now().Add(time.Minute); Daemon(t.Context()) != nil; time.Sleep(100 * time.Millisecond) {
		select {
		case <-ended:
			t.Fatalf("the Docker daemon ended: %s", &said)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the Docker daemon did not start: %s", &said)
		}
	}
}

// settings gives the test free ports, and a password that is hard to pass on.
func settings(t *testing.T) {
	for _, name := range []string{"MYSQL_PORT", "PROXY_PORT", "TOXIPROXY_PORT", "PORT", "PROMETHEUS_PORT", "GRAFANA_PORT", "JAEGER_PORT", "OTLP_PORT"} {
		t.Setenv(name, require.FreePort(t))
	}
	t.Setenv("MYSQL_ROOT_PASSWORD", rootPassword)
	t.Setenv("DB_PASSWORD", "")
	t.Setenv("COMPOSE_PROJECT_NAME", "workshoptest")
}

// makeImages makes images of the names that the Compose file and the Dockerfile use.
func makeImages(t *testing.T) {
	dir := t.TempDir()
	build := func(name, what string) string {
		path := filepath.Join(dir, name)
		execute(t, filepath.Join("..", ".."), []string{"CGO_ENABLED=0"}, "go", "build", "-o", path, what)
		return path
	}
	load(t, "ghcr.io/shopify/toxiproxy:2.12.0", []string{`ENTRYPOINT ["/toxiproxy"]`, `CMD ["-host=0.0.0.0"]`}, map[string]string{
		"toxiproxy":     build("server", "github.com/Shopify/toxiproxy/v2/cmd/server"),
		"toxiproxy-cli": build("cli", "github.com/Shopify/toxiproxy/v2/cmd/cli"),
	})
	makeDatabase(t, dir)
	makeCluster(t, dir)
	makeGolang(t, dir)
}

// smallLog keeps the images small: where there is no overlay, the daemon copies a whole image for each layer and container.
const smallLog = "--innodb-log-file-size=4M"

// makeDatabase makes mysql:8.4 from this computer's MariaDB, and flights-db from that one, seeded.
func makeDatabase(t *testing.T, dir string) {
	data, initFile := filepath.Join(dir, "mysql"), filepath.Join(dir, "init.sql")
	execute(t, "", nil, "mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+data, "--skip-test-db",
		"--auth-root-authentication-method=normal", smallLog)
	quoted := strings.ReplaceAll(rootPassword, "'", "''")
	sql := "CREATE OR REPLACE USER root@'%' IDENTIFIED BY '" + quoted + "';\n" +
		"GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION;\nCREATE DATABASE IF NOT EXISTS flights CHARACTER SET utf8mb4;\n"
	if err := os.WriteFile(initFile, []byte(sql), 0o600); err != nil {
		t.Fatal(err)
	}
	temp := filepath.Join(dir, "empty")
	if err := os.Mkdir(temp, 0o777); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"usr/bin/mysqladmin": located(t, "mariadb-admin"), "usr/sbin/mariadbd": located(t, "mariadbd"),
		"usr/share/mysql": "/usr/share/mysql", "etc/passwd": "/etc/passwd", "var/lib/mysql": data, "init.sql": initFile, "tmp": temp,
	}
	addLibraries(t, files, located(t, "mariadb-admin"), located(t, "mariadbd"))
	load(t, "mysql:8.4", []string{"ENV PATH=/usr/bin", `ENTRYPOINT ["/usr/sbin/mariadbd", "--no-defaults", "--user=root", ` +
		`"` + smallLog + `", "--datadir=/var/lib/mysql", "--init-file=/init.sql", "--socket=/tmp/socket", "--skip-name-resolve"]`}, files)

	docker(t, nil, "run", "--detach", "--name=filled", "--publish=127.0.0.1:"+os.Getenv("MYSQL_PORT")+":3306", "mysql:8.4")
	options := seed.Options{DSN: target().FormatDSN(), Data: openflights.Sample()}
	_, err := seed.Run(t.Context(), options)
	for deadline := time.Now().Add(time.Minute); err != nil && time.Now().Before(deadline); _, err = seed.Run(t.Context(), options) {
		time.Sleep(200 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("%v: %s", err, docker(t, nil, "logs", "filled"))
	}
	docker(t, nil, "stop", "filled")
	docker(t, nil, "commit", "filled", "joaoasrosa/flights-db:latest")
	docker(t, nil, "rm", "filled")
}

// makeCluster makes mariadb:10.11, whose nodes copy their data with a script that needs many programs, and haproxy:2.6.
func makeCluster(t *testing.T, dir string) {
	entrypoint := filepath.Join(dir, "docker-entrypoint.sh")
	script := `#!/bin/bash
set -e
find /bin /etc /lib* /usr -type d -exec chmod a+rx {} +
chmod 1777 /tmp
[ "$1" != mariadbd ] || shift
cp -r /files/. /var/lib/mysql
chown -R mysql /var/lib/mysql
case "$*" in
*--wsrep-new-cluster*)
	cat /init.sql /docker-entrypoint-initdb.d/*.sql >/tmp/init.sql
	echo "DROP USER root@'127.0.0.1';" >>/tmp/init.sql # As the published image does.
	;;
*) : >/tmp/init.sql ;; # What the first node has, the others get from it.
esac
exec mariadbd --no-defaults --user=mysql --datadir=/var/lib/mysql --init-file=/tmp/init.sql --socket=/tmp/socket --skip-name-resolve ` + smallLog + ` "$@"
`
	if err := os.WriteFile(entrypoint, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"usr/local/bin/docker-entrypoint.sh": entrypoint, "files": filepath.Join(dir, "mysql"), "init.sql": filepath.Join(dir, "init.sql"),
		"etc/passwd": "/etc/passwd", "etc/group": "/etc/group", "tmp": filepath.Join(dir, "empty"), "usr/share/mysql": "/usr/share/mysql",
		"usr/lib/galera/libgalera_smm.so": "/usr/lib/galera/libgalera_smm.so", "bin/bash": located(t, "bash"), "bin/sh": located(t, "sh"),
	}
	var programs []string
	owned := execute(t, "", nil, "dpkg", "-L", "coreutils", "debianutils", "findutils", "gawk", "grep", "hostname", "iproute2", "procps", "rsync", "sed",
		"tar", "mariadb-client", "mariadb-client-core", "mariadb-server", "mariadb-server-core")
	for path := range strings.FieldsSeq(owned) {
		name := filepath.Base(path)
		switch needed := []string{"mariadb", "mariadbd", "mariadb-admin"}; {
		case strings.HasPrefix(name, "mariadb") && !slices.Contains(needed, name), strings.HasPrefix(name, "mysql"), strings.HasPrefix(name, "aria_"), strings.HasPrefix(name, "myisam"):
			continue // Large, and no node runs it.
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && strings.HasSuffix(filepath.Dir(path), "bin") {
			files["usr/bin/"+name] = path
			programs = append(programs, path)
		}
	}
	files["usr/bin/awk"] = located(t, "gawk")
	addLibraries(t, files, append(programs, located(t, "bash"), located(t, "sh"), "/usr/lib/galera/libgalera_smm.so")...)
	load(t, "mariadb:10.11", []string{"ENV PATH=/usr/local/bin:/usr/bin:/bin", `ENTRYPOINT ["docker-entrypoint.sh"]`}, files)

	files = map[string]string{"usr/sbin/haproxy": located(t, "haproxy"), "etc/passwd": "/etc/passwd", "etc/group": "/etc/group"}
	addLibraries(t, files, located(t, "haproxy"))
	load(t, "haproxy:2.6", []string{`ENTRYPOINT ["/usr/sbin/haproxy", "-db", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]`}, files)
}

// addLibraries adds what the programs load.
func addLibraries(t *testing.T, files map[string]string, programs ...string) {
	t.Helper()
	for _, program := range programs {
		// It fails on scripts, which load nothing.
		libraries, _ := exec.Command("ldd", program).Output()
		for field := range strings.FieldsSeq(string(libraries)) {
			if strings.HasPrefix(field, "/") {
				files[strings.TrimPrefix(field, "/")] = field
			}
		}
	}
}

// makeGolang makes the image that the Dockerfile builds with: this computer's Go, and the modules that the exercise needs. What is
// compiled already, with the same flags, is in it too: it would take minutes to compile that again.
func makeGolang(t *testing.T, dir string) {
	modules := filepath.Join(dir, "modules")
	cache := execute(t, "", nil, "go", "env", "GOMODCACHE")
	execute(t, filepath.Join("..", "..", "..", "exercise4"), []string{
		"GOWORK=off", "GOMODCACHE=" + modules, "GOPROXY=file://" + filepath.ToSlash(filepath.Join(cache, "cache", "download")) + ",direct",
		"GOFLAGS=-modcacherw", "GONOSUMDB=*", "GONOSUMCHECK=1",
	}, "go", "list", "-deps", ".")
	goroot := execute(t, "", nil, "go", "env", "GOROOT")
	files := map[string]string{"modules": filepath.Join(modules, "cache", "download"), "tmp": filepath.Join(dir, "empty")}
	tools := filepath.Join("pkg", "tool", runtime.GOOS+"_"+runtime.GOARCH)
	parts := []string{filepath.Join("bin", "go"), filepath.Join("pkg", "include"), "go.env", "VERSION"}
	for _, tool := range []string{"asm", "compile", "link"} {
		parts = append(parts, filepath.Join(tools, tool))
	}
	packages, err := os.ReadDir(filepath.Join(goroot, "src"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range packages {
		if entry.Name() != "cmd" {
			parts = append(parts, filepath.Join("src", entry.Name()))
		}
	}
	for _, part := range parts {
		files["usr/local/go/"+filepath.ToSlash(part)] = filepath.Join(goroot, part)
	}
	addCompiled(t, files, "tmp/cache", filepath.Join("..", "..", "..", "exercise4"))
	load(t, "golang:1.26", []string{"ENV PATH=/usr/local/go/bin GOTOOLCHAIN=local GOPROXY=file:///modules GOCACHE=/tmp/cache GOPATH=/go"}, files)
}

// addCompiled adds to the folder at the entries of this computer's build cache for all that the program in dir imports.
func addCompiled(t *testing.T, files map[string]string, at, dir string) {
	t.Helper()
	list := execute(t, dir, []string{"GOWORK=off", "CGO_ENABLED=0"}, "go", "list", "-trimpath", "-export", "-deps", "-f", "{{.Export}}", ".")
	outputs := map[string]bool{}
	for path := range strings.FieldsSeq(list) {
		outputs[strings.TrimSuffix(filepath.Base(path), "-d")] = true
	}
	cache := execute(t, "", nil, "go", "env", "GOCACHE")
	actions, err := filepath.Glob(filepath.Join(cache, "??", "*-a"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(path string) {
		files[at+"/"+filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)] = path
	}
	for _, path := range actions {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // The go command tidies its cache meanwhile.
		}
		// v1, the action, its output, the size and the time.
		if fields := strings.Fields(string(text)); len(fields) == 5 && outputs[fields[2]] {
			put(path)
			put(filepath.Join(cache, fields[2][:2], fields[2]+"-d"))
		}
	}
}

// load makes an image of one layer: the files by their path in it, each from a file or folder of this computer.
func load(t *testing.T, name string, changes []string, files map[string]string) {
	t.Helper()
	reader, writer := io.Pipe()
	go func() {
		archive := tar.NewWriter(writer)
		var err error
		for at, from := range files {
			err = errors.Join(err, add(archive, at, from))
		}
		_ = writer.CloseWithError(errors.Join(err, archive.Close()))
	}()
	arguments := []string{"import"}
	for _, change := range changes {
		arguments = append(arguments, "--change", change)
	}
	docker(t, reader, append(arguments, "-", name)...)
}

// add puts a file or a folder into an archive.
func add(archive *tar.Writer, at, from string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "testdata" {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, "_test.go") {
			return nil
		}
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() && !info.IsDir() {
			return err
		}
		header, err := tar.FileInfoHeader(info, "")
		if err != nil {
			return err
		}
		below, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		header.Name = filepath.ToSlash(filepath.Join(at, below))
		header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
		if err := archive.WriteHeader(header); err != nil || info.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		_, err = io.Copy(archive, file)
		return err
	})
}

func find(t *testing.T) *Compose {
	t.Helper()
	compose, err := Find(t.Context(), log{t})
	if err != nil {
		t.Fatal(err)
	}
	return compose
}

func up(t *testing.T, compose *Compose, profiles ...string) {
	t.Helper()
	if err := compose.Up(t.Context(), profiles); err != nil {
		_ = compose.Logs(t.Context(), log{t}, false, nil)
		t.Fatalf("up %v: %v", profiles, err)
	}
}

func containers(t *testing.T, compose *Compose) []Container {
	t.Helper()
	all, err := compose.Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// docker runs a docker command and returns what it says.
func docker(t *testing.T, input io.Reader, arguments ...string) string {
	t.Helper()
	command := exec.Command("docker", arguments...)
	command.Stdin = input
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
	return strings.TrimSpace(string(output))
}

// execute runs a command and returns its output.
func execute(t *testing.T, dir string, env []string, arguments ...string) string {
	t.Helper()
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", strings.Join(arguments, " "), err, &complaints)
	}
	return strings.TrimSpace(string(output))
}

// located is where a program lies.
func located(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

type answer struct {
	status int
	body   []byte
}

// get asks once; the status is 0 when nothing answers.
func get(url string) answer {
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	if err != nil {
		return answer{}
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body) // A short body does not parse.
	return answer{response.StatusCode, body}
}

// wantFlights asks the app until it answers, and compares with what the database was seeded with.
func wantFlights(t *testing.T, url string) {
	t.Helper()
	var got answer
	for deadline := time.Now().Add(2 * time.Minute); got.status != http.StatusOK && time.Now().Before(deadline); got = get(url + lhrToJFK) {
		time.Sleep(100 * time.Millisecond)
	}
	var flights []struct{ From, To, Airline string }
	if err := json.Unmarshal(got.body, &flights); err != nil || got.status != http.StatusOK {
		t.Fatalf("got %d %s: %v", got.status, got.body, err)
	}
	for _, flight := range flights {
		if flight.From == "LHR" && flight.To == "JFK" && flight.Airline == "British Airways" {
			return
		}
	}
	t.Errorf("got %s, want British Airways among them", got.body)
}

// log passes what Docker says on to the test's log.
type log struct{ t *testing.T }

func (l log) Write(text []byte) (int, error) {
	fmt.Fprint(l.t.Output(), string(text))
	return len(text), nil
}
