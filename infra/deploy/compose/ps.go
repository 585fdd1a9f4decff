package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

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
	for line := range strings.Lines(string(output)) {
		var row struct{ Names, Image, Status, Ports string }
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return nil, fmt.Errorf("read the list of containers: %w", err)
		}
		containers = append(containers, Container{row.Names, row.Image, row.Status, row.Ports})
	}
	return containers, nil
}
