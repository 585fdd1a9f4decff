package stack

import (
	"testing"

	"chaosworkshop/shared/running"
)

func hold(t *testing.T, root string, ports map[string]int) func() {
	t.Helper()
	release, err := running.Hold(root, ports)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return release
}

// A command of this folder finds what runs here, and never what runs in another folder.
func TestFindWhatRunsInThisFolder(t *testing.T) {
	here, other := folder(t), t.TempDir()
	want := func(toxiproxy, app string) {
		t.Helper()
		client, err := Toxiproxy()
		if err != nil || client.URL() != toxiproxy {
			t.Errorf("Toxiproxy: got %v, %v, want %s", client.URL(), err, toxiproxy)
		}
		if url, err := AppURL(); err != nil || url != app {
			t.Errorf("the app: got %s, %v, want %s", url, err, app)
		}
	}
	want("http://127.0.0.1:8474", "http://127.0.0.1:5000")

	hold(t, other, map[string]int{"TOXIPROXY_PORT": 8474, "PORT": 5000})
	_, err := Toxiproxy()
	wantLine(t, err, "no Toxiproxy runs in this folder", other)
	_, err = AppURL()
	wantLine(t, err, "no exercise runs in this folder", other)

	hold(t, here, map[string]int{"TOXIPROXY_PORT": 8476, "PORT": 5001})
	want("http://127.0.0.1:8476", "http://127.0.0.1:5001")

	// What the user sets is what the user means.
	t.Setenv("TOXIPROXY_PORT", "8474")
	t.Setenv("PORT", "5000")
	want("http://127.0.0.1:8474", "http://127.0.0.1:5000")
}
