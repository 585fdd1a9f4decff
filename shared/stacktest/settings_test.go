package stacktest

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestSettingsOfTheUserAreHidden(t *testing.T) {
	t.Setenv("LAB_MYSQL_PORT", "")
	t.Setenv("TIMEOUT", "1ms")
	t.Setenv("PORT", "1")
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, ".env.example"), []byte("# A comment.\n# PORT=5000\n# TIMEOUT=1s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := settings(t, root, "PORT=2")
	if want := []string{"PORT=", "TIMEOUT=", "PORT=2"}; !slices.Equal(got, want) {
		t.Errorf("settings: got %q, want %q", got, want)
	}
	restore := setenv(t, got)
	if timeout, port := os.Getenv("TIMEOUT"), os.Getenv("PORT"); timeout != "" || port != "2" {
		t.Errorf("during the test: got TIMEOUT=%s PORT=%s, want none and 2", timeout, port)
	}
	restore()
	if timeout, port := os.Getenv("TIMEOUT"), os.Getenv("PORT"); timeout != "1ms" || port != "1" {
		t.Errorf("after it: got TIMEOUT=%s PORT=%s, want 1ms and 1", timeout, port)
	}
}
