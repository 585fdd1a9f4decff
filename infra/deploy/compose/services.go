package compose

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// service is the part of a service in docker-compose.yml that is looked at before it starts.
type service struct {
	Image    string    `yaml:"image"`
	Build    yaml.Node `yaml:"build"`
	Profiles []string  `yaml:"profiles"`
	Ports    []string  `yaml:"ports"`
}

// built tells whether the image is made here rather than pulled.
func (s service) built() bool { return !s.Build.IsZero() }

// readServices reads the services of a Compose file, by name.
func readServices(path string) (map[string]service, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the Compose file: %w", err)
	}
	var file struct {
		Services map[string]service `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
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
	for _, profile := range profiles {
		if !slices.Contains(c.profiles(), profile) {
			return nil, fmt.Errorf("there is no profile %q; choose of %s", profile, strings.Join(c.profiles(), ", "))
		}
	}
	var names []string
	exercises := 0
	for _, name := range c.names() {
		service := c.services[name]
		if len(service.Profiles) > 0 && !slices.ContainsFunc(service.Profiles, func(profile string) bool { return slices.Contains(profiles, profile) }) {
			continue
		}
		if name == "flights-db" && slices.Contains(profiles, "mysql") {
			continue
		}
		if strings.HasPrefix(name, "exercise") {
			exercises++
		}
		names = append(names, name)
	}
	if exercises > 1 {
		return nil, fmt.Errorf("only one exercise can have the port %s; choose one of %s, or see them side by side with `make race`",
			c.expand("${PORT:-5000}"), strings.Join(profiles, ", "))
	}
	return names, nil
}

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
