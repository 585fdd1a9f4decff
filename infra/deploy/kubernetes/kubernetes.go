// Package kubernetes holds the manifests that run the workshop on a Kubernetes cluster, prints those of a room, and builds
// the images that they name. It talks to no cluster: kubectl does.
package kubernetes

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

//go:embed base overlays attendee.yaml load.yaml
var manifests embed.FS

// Manifests are all manifests and kustomizations.
func Manifests() fs.FS { return manifests }

// Repository is where the manifests expect the images: chaosworkshop/infra and so on.
const Repository = "chaosworkshop"

// MaxAttendees bounds a room: far more than anybody teaches at once.
const MaxAttendees = 200

// Room writes the manifests of a room to out: for each attendee a namespace, attendee-01 and so on, with a quota, an account that
// has rights there and nowhere else, the database with Toxiproxy, and exercise 5. The images come from repository.
func Room(out io.Writer, attendees int, repository string) error {
	if attendees < 1 || attendees > MaxAttendees {
		return fmt.Errorf("a room for %d attendees is out of bounds; choose 1 to %d", attendees, MaxAttendees)
	}
	for number := 1; number <= attendees; number++ {
		name := fmt.Sprintf("attendee-%02d", number)
		for _, file := range []string{"base/namespace.yaml", "base/quota.yaml", "attendee.yaml", "base/infra.yaml", "base/exercise5.yaml"} {
			text, err := fs.ReadFile(manifests, file)
			if err != nil {
				return fmt.Errorf("read the manifest %s: %w", file, err)
			}
			if _, err := fmt.Fprintf(out, "---\n%s", placed(string(text), name, repository)); err != nil {
				return fmt.Errorf("write the room: %w", err)
			}
		}
	}
	return nil
}

// placed is a manifest moved to a namespace, with images from a repository.
func placed(text, namespace, repository string) string {
	if !strings.Contains(text, "kind: Namespace\n") { // A namespace is itself in none.
		text = strings.ReplaceAll(text, "\nmetadata:\n", "\nmetadata:\n  namespace: "+namespace+"\n")
	}
	text = strings.ReplaceAll(text, ": chaosworkshop\n", ": "+namespace+"\n")
	return strings.ReplaceAll(text, "image: "+Repository+"/", "image: "+repository+"/")
}
