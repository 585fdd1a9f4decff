package compose

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"chaosworkshop/infra/internal/cli"
	"chaosworkshop/infra/internal/port"
	"chaosworkshop/infra/internal/spelling"
)

// service is the part of a service in docker-compose.yml that matters before it starts. Build is nil for an image to pull.
type service struct {
	Image    string   `yaml:"image"`
	Build    any      `yaml:"build"`
	Profiles []string `yaml:"profiles"`
	Ports    []string `yaml:"ports"`
}

// readServices reads the services of a Compose file, by name.
func readServices(path string) (map[string]service, error) {
	var file struct {
		Services map[string]service `yaml:"services"`
	}
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, &file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the Compose file %s: %w", path, err)
	}
	return file.Services, nil
}

// names are all services, sorted.
func (c *Compose) names() []string { return slices.Sorted(maps.Keys(c.services)) }

// profiles are all profiles, sorted.
func (c *Compose) profiles() []string {
	var all []string
	for _, service := range c.services {
		all = append(all, service.Profiles...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// chosen are the services to start for the profiles.
func (c *Compose) chosen(profiles []string) ([]string, error) {
	on := func(profile string) bool { return slices.Contains(profiles, profile) }
	for _, profile := range profiles {
		if !slices.Contains(c.profiles(), profile) {
			return nil, cli.Usage(fmt.Errorf("there is no profile %q; %s", profile, spelling.DidYouMean(profile, c.profiles())))
		}
	}
	if on("mysql") && on("galera") {
		return nil, cli.Usage(errors.New("mysql and galera are both databases; choose one of them"))
	}
	var names []string
	for _, name := range c.names() {
		service := c.services[name]
		if (len(service.Profiles) == 0 || slices.ContainsFunc(service.Profiles, on)) && !(name == "flights-db" && (on("mysql") || on("galera"))) {
			names = append(names, name)
		}
	}
	if i := slices.IndexFunc(names, isExercise); i >= 0 && slices.ContainsFunc(names[i+1:], isExercise) {
		return nil, fmt.Errorf("only one exercise can have the port %s; choose one of %s, or see them side by side with `make race`",
			c.expand("${PORT:-5000}"), strings.Join(profiles, ", "))
	}
	return names, nil
}

// isExercise tells whether a service or a profile is an app.
func isExercise(name string) bool { return strings.HasPrefix(name, "exercise") }

// variable is a reference in a Compose file, with its default.
var variable = regexp.MustCompile(`\$\{(\w+):-([^}]*)\}`)

// expand puts the settings into a value of the Compose file, as Compose does.
func (c *Compose) expand(value string) string {
	return variable.ReplaceAllStringFunc(value, func(reference string) string {
		parts := variable.FindStringSubmatch(reference)
		if set := c.settings[parts[1]]; set != "" {
			return set
		}
		return parts[2]
	})
}

// portVariable is the variable that moves the port of an entry such as ${BIND:-127.0.0.1}:${PORT:-5000}:5000.
func portVariable(entry string) string {
	found := variable.FindAllStringSubmatch(entry, -1)
	return found[len(found)-1][1]
}

// freePorts checks that each port that the services publish is free, or held by their own containers.
func (c *Compose) freePorts(ctx context.Context, names []string) error {
	containers, err := c.Containers(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		for _, entry := range c.services[name].Ports {
			published := c.expand(entry)
			host, number, err := net.SplitHostPort(published[:strings.LastIndex(published, ":")])
			if err != nil {
				return fmt.Errorf("read the port %s of %s: %w", entry, name, err)
			}
			if slices.ContainsFunc(containers, func(ours Container) bool { return strings.Contains(ours.Ports, ":"+number+"->") }) {
				continue
			}
			listener, err := net.Listen("tcp", net.JoinHostPort(host, number))
			if err == nil {
				listener.Close()
				continue
			}
			if value, wrong := strconv.Atoi(number); wrong == nil && port.InUse(err) {
				return port.Taken(value, portVariable(entry))
			}
			return fmt.Errorf("port %s cannot be used: %w; set %s to another port", number, err, portVariable(entry))
		}
	}
	return nil
}

// address is where a published port is reached from this computer.
func (c *Compose) address(published string) string {
	return port.Reachable(net.JoinHostPort(c.expand("${BIND:-127.0.0.1}"), c.expand(published)))
}

// Addresses are what runs for the profiles and where, for people: names and addresses.
func (c *Compose) Addresses(profiles []string) [][2]string {
	lines := [][2]string{
		{"Database", c.address("${MYSQL_PORT:-3306}")},
		{"Proxied", c.address("${PROXY_PORT:-3307}")},
		{"Toxiproxy", "http://" + c.address("${TOXIPROXY_PORT:-8474}")},
	}
	for _, profile := range profiles {
		switch {
		case isExercise(profile):
			lines = append(lines, [2]string{"App", "http://" + c.address("${PORT:-5000}") + "/api/flights/routes?from=LHR&to=JFK"})
		case profile == "observe":
			lines = append(lines, [2]string{"Grafana", "http://" + c.address("${GRAFANA_PORT:-3000}")},
				[2]string{"Prometheus", "http://" + c.address("${PROMETHEUS_PORT:-9090}")},
				[2]string{"Traces", "http://" + c.address("${JAEGER_PORT:-16686}")})
		case profile == "mysql", profile == "galera":
			lines = append(lines, [2]string{"Next", "make seed, which fills it"})
		}
	}
	return lines
}
