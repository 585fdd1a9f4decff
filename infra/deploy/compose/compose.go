// Package compose runs the workshop on Docker: it drives Docker Compose over infra/deploy/docker-compose.yml, with the
// workshop's settings, and says in one line what is wrong where Docker does not.
package compose

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"chaosworkshop/shared/config"
)

// defaultProject names the containers and the network. The variable COMPOSE_PROJECT_NAME changes it, as Compose's own.
const defaultProject = "chaosworkshop"

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

// Find finds Docker Compose, either of its two forms, and checks that the daemon answers. What Docker says meanwhile
// goes to output. The error says what is absent and how to do without.
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
		Project:  defaultProject,
		file:     filepath.Join(root, "infra", "deploy", "docker-compose.yml"),
		settings: settings,
		output:   output,
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
	compose.Program, err = program(ctx)
	return compose, err
}

// Daemon tells whether Docker is installed and its daemon answers.
func Daemon(ctx context.Context) error {
	if _, err := exec.LookPath("docker"); err != nil {
		return errors.New("no Docker is installed, or it is not in the PATH; install Docker Desktop or Docker Engine, or do without: `make exercise1` needs no Docker")
	}
	output, err := exec.CommandContext(ctx, "docker", "version", "--format", "{{.Server.Version}}").CombinedOutput()
	if err == nil {
		return nil
	}
	if strings.Contains(string(output), "permission denied") {
		return errors.New("you may not talk to the Docker daemon; add yourself to the group docker and log in again, or do without: `make exercise1` needs no Docker")
	}
	return errors.New("the Docker daemon does not answer; start Docker Desktop, or `sudo systemctl start docker`, or do without: `make exercise1` needs no Docker")
}

// program is the form of Docker Compose that is there; of both, the newer.
func program(ctx context.Context) (string, error) {
	if exec.CommandContext(ctx, "docker", "compose", "version").Run() == nil {
		return "docker compose", nil
	}
	if exec.CommandContext(ctx, "docker-compose", "version").Run() == nil {
		return "docker-compose", nil
	}
	return "", errors.New("found Docker, but not Docker Compose; install its plugin (docker compose) or the program docker-compose")
}

// Up builds and starts the services of the profiles, beside those without one, and returns when the database answers
// through Toxiproxy. Before it starts anything it checks that the ports are free and the images there or to be pulled.
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
	if err := c.run(ctx, c.profiles(), "rm", "--stop", "--force", c.rival(names)); err != nil {
		return err
	}
	arguments := []string{"up", "--detach"}
	if slices.Contains(names, "mysql") {
		// It stands in for flights-db, which must not start as Toxiproxy's dependency.
		arguments = append(arguments, "--no-deps")
	}
	if err := c.run(ctx, profiles, append(arguments, names...)...); err != nil {
		return err
	}
	return c.ready(ctx, names)
}

// rival is the database that does not run beside the chosen ones: both take the same name and port.
func (c *Compose) rival(names []string) string {
	if slices.Contains(names, "mysql") {
		return "flights-db"
	}
	return "mysql"
}

// Down ends every service of every profile and removes the containers and the network; with volumes, also the data of
// the profile mysql.
func (c *Compose) Down(ctx context.Context, volumes bool) error {
	arguments := []string{"down", "--remove-orphans"}
	if volumes {
		arguments = append(arguments, "--volumes")
	}
	return c.run(ctx, c.profiles(), arguments...)
}

// Logs writes what the services say to output, and goes on with follow until ctx ends.
func (c *Compose) Logs(ctx context.Context, follow bool, services []string) error {
	arguments := []string{"logs", "--tail", "200"}
	if follow {
		arguments = append(arguments, "--follow")
	}
	for _, name := range services {
		if _, ok := c.services[name]; !ok {
			return fmt.Errorf("there is no service %q; choose of %s", name, strings.Join(c.names(), ", "))
		}
	}
	err := c.run(ctx, c.profiles(), append(arguments, services...)...)
	if ctx.Err() != nil {
		return nil // Ctrl-C is how following ends.
	}
	return err
}

// run runs Compose over the file. Its words go to output; the last ones are in the error.
func (c *Compose) run(ctx context.Context, profiles []string, arguments ...string) error {
	all := append(strings.Fields(c.Program), "--project-name", c.Project, "--file", c.file)
	for _, profile := range profiles {
		all = append(all, "--profile", profile)
	}
	return c.docker(ctx, c.output, append(all, arguments...)...)
}

// docker runs a command with the workshop's settings.
func (c *Compose) docker(ctx context.Context, output io.Writer, arguments ...string) error {
	words := &tail{}
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.Stdout, command.Stderr = io.MultiWriter(output, words), io.MultiWriter(output, words)
	for name, value := range c.settings {
		command.Env = append(command.Env, name+"="+value)
	}
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped; `make ps` shows what runs, `make down` ends it")
		}
		return explain(arguments[0], words.String())
	}
	return nil
}
