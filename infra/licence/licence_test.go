package licence

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"chaosworkshop/shared/config"
)

func TestListIsTheDocument(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	modules, err := List(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) < 50 {
		t.Errorf("got %d modules, want all", len(modules))
	}
	document, err := os.ReadFile(filepath.Join(root, "infra", "LICENSES.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range Check(string(document), modules) {
		t.Error(wrong)
	}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	known := []Module{{"example.org/a", "v1.0.0", []string{"MIT"}}}
	if got := Check(Markdown(known), known); len(got) != 0 {
		t.Errorf("got %q of a document that is right", got)
	}
	newer := []Module{{"example.org/a", "v1.1.0", []string{"MIT"}}}
	if got := Check(Markdown(known), newer); len(got) != 1 || !strings.Contains(got[0], "make licences") {
		t.Errorf("got %q of an old document, want how to write it anew", got)
	}
	unknown := []Module{{"example.org/a", "v1.0.0", []string{Unknown}}}
	if got := Check(Markdown(unknown), unknown); len(got) != 1 || !strings.Contains(got[0], "example.org/a") {
		t.Errorf("got %q, want the module without a licence", got)
	}
}

func TestOf(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Of(root); err != nil || !slices.Equal(got, []string{"MIT"}) {
		t.Errorf("of the workshop: got %v, %v, want MIT", got, err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "LICENSE"), []byte("Do what I say."), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Of(dir); err != nil || !slices.Equal(got, []string{Unknown}) {
		t.Errorf("of a licence of nobody: got %v, %v, want %s", got, err, Unknown)
	}
}
