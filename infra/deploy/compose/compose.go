// Package compose runs the workshop in Docker: it drives Docker Compose over infra/deploy/docker-compose.yml with the
// workshop's settings, and says in one line what is wrong when Docker fails.
//
// Both forms work: the plugin, `docker compose`, and the older program docker-compose 1.29, which Debian 12 has. That one
// has no `config --format json`, `up --wait` or `ps --format json`, so this package reads the file and waits by itself.
package compose

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/spelling"
	"chaosworkshop/shared/config"
)

// defaultProject names the containers and the network. The variable COMPOSE_PROJECT_NAME changes it, as Compose's own.
const defaultProject = "chaosworkshop"

// errStopped says that the user pressed Ctrl-C before all was done.
var errStopped = errors.New("stopped; `make ps` lists what runs, `make down` stops it")

// Compose is a Docker Compose that works, and the workshop's file.
type Compose struct {
	// Project is the name before every container.
	Project string
	// Program is what was found: "docker compose" or "docker-compose".
	Program string

	file     string
	settings map[string]string
	services map[string]service
	output   io.Writer
}

// Find finds Docker Compose, in either form, and checks that the daemon answers. What Docker writes later goes to output.
// The error says what is missing and how to do without.
func Find(ctx context.Context, output io.Writer) (*Compose, error) {
	root, err := config.Root()
	if err != nil {
		return nil, err
	}
	settings, err := config.Environment()
	if err != nil {
		return nil, err
	}
	compose := &Compose{
		Project: defaultProject, file: filepath.Join(root, "infra", "deploy", "docker-compose.yml"), settings: settings, output: output,
	}
	if name := settings["COMPOSE_PROJECT_NAME"]; name != "" {
		compose.Project = name
	}
	if compose.services, err = readServices(compose.file); err != nil {
		return nil, err
	}
	if err := Daemon(ctx); err != nil {
		return nil, err
	}
	for _, program := range []string{"docker compose", "docker-compose"} {
		words := append(strings.Fields(program), "version")
		if exec.CommandContext(ctx, words[0], words[1:]...).Run() == nil {
			compose.Program = program
			return compose, nil
		}
	}
	return nil, errors.New("found Docker, but not Docker Compose; install its plugin (docker compose) or the program docker-compose")
}

// Daemon tells whether Docker is installed and its daemon answers.
func Daemon(ctx context.Context) error {
	const without = ", or do without: `make exercise1` needs no Docker"
	if _, err := exec.LookPath("docker"); err != nil {
		return errors.New("no Docker is installed, or it is not in the PATH; install Docker Desktop or Docker Engine" + without)
	}
	output, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	switch {
	case err == nil:
		return nil
	case bytes.Contains(output, []byte("permission denied")):
		return errors.New("you have no permission to use the Docker daemon; add yourself to the group docker and log in again" + without)
	}
	return errors.New("the Docker daemon does not answer; start Docker Desktop, or `sudo systemctl start docker`" + without)
}

// Up builds and starts the services of the profiles, beside those without one, and returns when the database answers
// through Toxiproxy. Before it starts anything, it checks the ports, and builds or pulls the images.
func (c *Compose) Up(ctx context.Context, profiles []string) error {
	names, err := c.chosen(profiles)
	if err != nil {
		return err
	}
	if err := c.freePorts(ctx, names); err != nil {
		return err
	}
	if err := c.images(ctx, names); err != nil {
		return err
	}
	if err := c.makeRoom(ctx, names); err != nil {
		return err
	}
	c.settings["TOXIPROXY_CONFIG"] = "toxiproxy.json"
	if slices.Contains(names, "node1") {
		c.settings["TOXIPROXY_CONFIG"] = "galera/toxiproxy.json"
	}
	if err := c.run(ctx, profiles, append([]string{"up", "--detach"}, names...)...); err != nil {
		return err
	}
	return c.ready(ctx, names)
}

// makeRoom removes the databases that are not among the services to start: all have the same name and port. It also removes the
// nodes of a cluster that is not complete: node1 would start another one beside it.
func (c *Compose) makeRoom(ctx context.Context, names []string) error {
	running, err := exec.CommandContext(ctx, "docker", "ps", "--quiet", "--filter", c.filter(), "--filter", "ancestor="+c.services["node1"].Image).Output()
	if err != nil {
		return fmt.Errorf("list the nodes: %w", err)
	}
	complete := bytes.Count(running, []byte("\n")) == 3
	var leave []string
	for _, name := range []string{"flights-db", "mysql", "haproxy", "node1", "node2", "node3"} {
		if !slices.Contains(names, name) || strings.HasPrefix(name, "node") && !complete {
			leave = append(leave, name)
		}
	}
	return c.run(ctx, c.profiles(), append([]string{"rm", "--stop", "--force"}, leave...)...)
}

// images builds the images that are made here, and loads or pulls those that this computer lacks.
func (c *Compose) images(ctx context.Context, names []string) error {
	lacks := func(name string) bool { return c.services[name].Build == nil && !atHand(ctx, c.services[name].Image) }
	if slices.ContainsFunc(names, lacks) {
		if err := c.loadImages(ctx); err != nil {
			return err
		}
	}
	for _, name := range names {
		service, verb := c.services[name], "build"
		if service.Build == nil {
			if !lacks(name) {
				continue
			}
			verb = "pull"
		}
		if err := c.run(ctx, c.profiles(), verb, name); err != nil {
			return fmt.Errorf("%s the image %s: %w", verb, service.Image, err)
		}
	}
	return nil
}

// atHand tells whether this computer has the image.
func atHand(ctx context.Context, image string) bool {
	return exec.CommandContext(ctx, "docker", "image", "inspect", image).Run() == nil
}

// Images is where a bundle has the images of the Compose file, from the workshop's root.
var Images = filepath.Join("infra", "deploy", "images.tar")

// loadImages gives Docker the images of a bundle; without them, it does nothing.
func (c *Compose) loadImages(ctx context.Context) error {
	path := filepath.Join(filepath.Dir(c.file), filepath.Base(Images))
	if _, err := os.Stat(path); err != nil {
		return nil
	}
	fmt.Fprintln(c.output, "Loading the bundle's images...")
	if output, err := exec.CommandContext(ctx, "docker", "load", "--quiet", "--input", path).CombinedOutput(); err != nil {
		return fmt.Errorf("load the images of %s: %w", path, explain("docker", string(output)))
	}
	return nil
}

// SaveImages writes the images that this computer has, of those that the Compose file pulls, to a file at path that docker load
// reads. It names those that are missing, and fails if all are.
func (c *Compose) SaveImages(ctx context.Context, path string) error {
	var found, missing []string
	for _, name := range c.names() {
		image := c.services[name].Image
		switch {
		case c.services[name].Build != nil || slices.Contains(found, image) || slices.Contains(missing, image):
		case atHand(ctx, image):
			found = append(found, image)
		default:
			missing = append(missing, image)
		}
	}
	if len(found) == 0 {
		return errors.New("this computer has none of the images; `make up PROFILE=observe` pulls some")
	}
	fmt.Fprintf(c.output, "Saving the images %s...\n", strings.Join(found, ", "))
	if len(missing) > 0 {
		fmt.Fprintf(c.output, "Not here, so not in the bundle: %s\n", strings.Join(missing, ", "))
	}
	if output, err := exec.CommandContext(ctx, "docker", append([]string{"save", "--output", path}, found...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("save the images: %w", explain("docker", string(output)))
	}
	return nil
}

// Down stops every service of every profile and removes the containers and the network; with volumes, also the data of
// the profile mysql.
func (c *Compose) Down(ctx context.Context, volumes bool) error {
	arguments := []string{"down", "--remove-orphans"}
	if volumes {
		arguments = append(arguments, "--volumes")
	}
	return c.run(ctx, c.profiles(), arguments...)
}

// Logs writes the services' last 200 lines to out, and continues with follow until ctx ends.
func (c *Compose) Logs(ctx context.Context, out io.Writer, follow bool, services []string) error {
	arguments := []string{"logs", "--tail", "200"}
	if follow {
		arguments = append(arguments, "--follow")
	}
	for _, name := range services {
		if _, ok := c.services[name]; !ok {
			return cli.Usage(fmt.Errorf("there is no service %q; %s", name, spelling.DidYouMean(name, c.names())))
		}
	}
	command := c.command(ctx, c.profiles(), append(arguments, services...))
	// Both may lead to the same place, and what Compose writes to each is copied on its own.
	var mutex sync.Mutex
	command.Stdout, command.Stderr = locked{&mutex, out}, locked{&mutex, c.output}
	if err := command.Run(); err != nil && ctx.Err() == nil { // Ctrl-C is how following ends.
		return fmt.Errorf("show the logs: %w; `make ps` lists the containers", err)
	}
	return nil
}

// locked is a writer that takes turns with others.
type locked struct {
	mutex *sync.Mutex
	out   io.Writer
}

func (l locked) Write(text []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.out.Write(text)
}

// Container is one container of the project.
type Container struct {
	Name   string `json:"name"`
	Image  string `json:"image"`
	Status string `json:"status"`
	Ports  string `json:"ports"`
}

// Containers are the project's containers, running or not.
func (c *Compose) Containers(ctx context.Context) ([]Container, error) {
	output, err := exec.CommandContext(ctx, "docker", "ps", "--all", "--filter", c.filter(), "--format", "{{json .}}").Output()
	if err != nil {
		return nil, fmt.Errorf("list the containers: %w", err)
	}
	containers := []Container{}
	for line := range bytes.Lines(output) {
		var row struct{ Names, Image, Status, Ports string }
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, fmt.Errorf("read the list of containers: %w", err)
		}
		containers = append(containers, Container{row.Names, row.Image, row.Status, row.Ports})
	}
	return containers, nil
}

// filter selects the project's containers.
func (c *Compose) filter() string { return "label=com.docker.compose.project=" + c.Project }

// run runs Compose and passes on what it writes; the error explains it.
func (c *Compose) run(ctx context.Context, profiles []string, arguments ...string) error {
	var words bytes.Buffer
	command := c.command(ctx, profiles, arguments)
	both := io.MultiWriter(c.output, &words)
	command.Stdout, command.Stderr = both, both
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return errStopped
		}
		return explain(c.Program, words.String())
	}
	return nil
}

// command is Compose over the file, with the workshop's settings.
func (c *Compose) command(ctx context.Context, profiles, arguments []string) *exec.Cmd {
	words := append(strings.Fields(c.Program), "--project-name", c.Project, "--file", c.file)
	for _, profile := range profiles {
		words = append(words, "--profile", profile)
	}
	words = append(words, arguments...)
	command := exec.CommandContext(ctx, words[0], words[1:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	for name, value := range c.settings {
		command.Env = append(command.Env, name+"="+value)
	}
	return command
}
