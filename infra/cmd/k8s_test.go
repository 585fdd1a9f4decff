package cmd

import (
	"strings"
	"testing"
)

func TestK8sPrintsARoom(t *testing.T) {
	out, err := carryOut(t.Context(), "k8s", "--attendees", "3", "--registry", "registry.example.com/workshop/")
	if err != nil || strings.Count(out, "kind: Namespace\n") != 3 || !strings.Contains(out, "image: registry.example.com/workshop/exercise5\n") {
		t.Errorf("got %v %s, want three namespaces with images of that registry", err, out)
	}
	if out, err := carryOut(t.Context(), "k8s", "--attendees", "0"); err == nil || out != "" {
		t.Errorf("got %v %s, want an error and no YAML", err, out)
	}
}
