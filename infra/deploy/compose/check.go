package compose

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"

	"chaosworkshop/infra/internal/port"
)

// freePorts checks that each port that the services publish is free, or theirs already.
func (c *Compose) freePorts(ctx context.Context, names []string) error {
	ours, err := c.published(ctx)
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
			if strings.Contains(ours, ":"+number+"->") {
				continue
			}
			listener, err := net.Listen("tcp", net.JoinHostPort(host, number))
			if err != nil {
				return cannotListen(err, number, portVariable(entry))
			}
			listener.Close()
		}
	}
	return nil
}

// cannotListen is the error about a port that an attempt to listen on failed for.
func cannotListen(err error, number, variable string) error {
	value, atoiErr := strconv.Atoi(number)
	if atoiErr == nil && port.InUse(err) {
		return port.Taken(value, variable)
	}
	return fmt.Errorf("port %s cannot be used: %w; set %s to another port", number, err, variable)
}

// published lists the ports that the project's containers hold, as Docker writes them.
func (c *Compose) published(ctx context.Context) (string, error) {
	output, err := exec.CommandContext(ctx, "docker", "ps", "--filter", c.filter(), "--format", "{{.Ports}}").Output()
	if err != nil {
		return "", fmt.Errorf("list the containers: %w", err)
	}
	return string(output), nil
}

// filter selects the project's containers.
func (c *Compose) filter() string { return "label=com.docker.compose.project=" + c.Project }

// portVariable is the variable that moves the port of an entry such as ${BIND:-127.0.0.1}:${PORT:-5000}:5000.
func portVariable(entry string) string {
	found := variable.FindAllStringSubmatch(entry, -1)
	return found[len(found)-1][1]
}

// images builds what is made here, and pulls what is not on this computer.
func (c *Compose) images(ctx context.Context, names []string) error {
	for _, name := range names {
		service := c.services[name]
		if service.built() {
			if err := c.run(ctx, service.Profiles, "build", name); err != nil {
				return fmt.Errorf("build the image of %s: %w", name, err)
			}
			continue
		}
		if exec.CommandContext(ctx, "docker", "image", "inspect", service.Image).Run() == nil {
			continue
		}
		if err := c.docker(ctx, c.output, "docker", "pull", service.Image); err != nil {
			return fmt.Errorf("pull the image %s: %w", service.Image, err)
		}
	}
	return nil
}
