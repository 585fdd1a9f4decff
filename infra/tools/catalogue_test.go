package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReplaceBetweenKeepsTheRest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "README.md")
	if err := os.WriteFile(path, []byte("before\n<a>\nold\n<b>\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := replaceBetween(path, "<a>", "<b>", "new\n"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := "before\n<a>\nnew\n<b>\nafter\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := replaceBetween(path, "<nowhere>", "<b>", "new\n"); err == nil {
		t.Error("without the marks: got no error")
	}
}
