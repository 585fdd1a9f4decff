package prepare

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The editor's tasks and the container name commands, ports and faults that exist.
func TestEditorFiles(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAll(text, nil) // The editor allows comments.
	}
	makefile := string(read("Makefile"))
	var tasks struct {
		Tasks []struct{ Label, Command string }
	}
	if err := json.Unmarshal(read(".vscode/tasks.json"), &tasks); err != nil {
		t.Fatal(err)
	}
	if len(tasks.Tasks) == 0 {
		t.Fatal("there are no tasks")
	}
	for _, task := range tasks.Tasks {
		words := strings.Fields(strings.ReplaceAll(task.Command, "${input:exercise}", "1"))
		if len(words) < 4 || strings.Join(words[:3], " ") != "go run ./infra" || !strings.Contains(makefile, "\n"+words[3]+":") {
			t.Errorf("%s: got %q, want a command of the workshop", task.Label, task.Command)
		}
	}
	var container struct {
		Build struct{ Dockerfile string }
		// The commands run in a shell, at the workshop's root.
		OnCreateCommand, PostAttachCommand string
		ForwardPorts                       []int
		PortsAttributes                    map[string]struct{ Label string }
	}
	if err := json.Unmarshal(read(".devcontainer/devcontainer.json"), &container); err != nil {
		t.Fatal(err)
	}
	if container.OnCreateCommand != "make prepare" || len(container.ForwardPorts) != 5 || len(container.PortsAttributes) != 5 {
		t.Errorf("got %+v, want it prepared, and five ports with names", container)
	}
	dockerfile, work := string(read(filepath.Join(".devcontainer", container.Build.Dockerfile))), string(read("go.work"))
	version := regexp.MustCompile(`golang:(\d+\.\d+)`).FindStringSubmatch(dockerfile)
	if version == nil || !strings.Contains(work, "\ngo "+version[1]+".") && !strings.HasPrefix(work, "go "+version[1]+".") {
		t.Errorf("got the image %v, want the Go of go.work: %s", version, work)
	}
}
