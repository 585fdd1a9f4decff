package tool

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestModules(t *testing.T) {
	dir := t.TempDir()
	if _, err := Modules(dir); err == nil {
		t.Error("without a go.work: got no error")
	}
	text := "go 1.26.0\n\nuse (\n\t./exercise1\n\t./infra/tools\n)\n\nuse ./shared\n"
	if err := os.WriteFile(filepath.Join(dir, "go.work"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Modules(dir)
	if want := []string{"./exercise1", "./infra/tools", "./shared"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
