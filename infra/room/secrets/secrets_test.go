package secrets

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/joho/godotenv"
)

func TestWriteIsReadBack(t *testing.T) {
	for _, password := range []string{"workshop", "007", "p@ss w#rd", "$HOME ${X} `id`", `it's`, `say "hi" it's $5`, `back\slash`, "żółć 🛫", " spaces ", rand.Text()} {
		path := filepath.Join(t.TempDir(), "deep", "er", ".env")
		if err := Write(path, password, false); err != nil {
			t.Errorf("%q: %v", password, err)
			continue
		}
		got, err := godotenv.Read(path)
		if err != nil {
			t.Errorf("%q: %v", password, err)
		}
		if got["MYSQL_ROOT_PASSWORD"] != password {
			t.Errorf("got %q, want %q", got["MYSQL_ROOT_PASSWORD"], password)
		}
		if runtime.GOOS == "windows" {
			continue // Windows has no such modes.
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := info.Mode().Perm(), os.FileMode(0o600); got != want {
			t.Errorf("mode: got %o, want %o", got, want)
		}
	}
}

func TestWriteRefusesWhatItCannotKeep(t *testing.T) {
	for _, password := range []string{"", "two\nlines", "nul\x00"} {
		path := filepath.Join(t.TempDir(), ".env")
		err := Write(path, password, false)
		if err == nil || password != "" && strings.Contains(err.Error(), password) {
			t.Errorf("%q: got %v, want an error without it", password, err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%q: a file was written", password)
		}
	}
}

func TestWriteReplacesOnlyWhenForced(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".env")
	if err := os.WriteFile(path, []byte("MYSQL_ROOT_PASSWORD=old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, "new", false); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	if text, _ := os.ReadFile(path); string(text) != "MYSQL_ROOT_PASSWORD=old\n" {
		t.Errorf("the file became %q", text)
	}
	if err := Write(path, "new", true); err != nil {
		t.Fatal(err)
	}
	got, err := godotenv.Read(path)
	if err != nil || got["MYSQL_ROOT_PASSWORD"] != "new" {
		t.Errorf("got %v, %v, want the new password", got, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := info.Mode().Perm(), os.FileMode(0o600); got != want && runtime.GOOS != "windows" {
		t.Errorf("mode after a replacement: got %o, want %o", got, want)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("got %d files, want the one", len(files))
	}
}

func TestWriteWhereItMayNot(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	err := Write(filepath.Join(blocked, ".env"), "s3cret", false)
	if err == nil || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line without the password", err)
	}
}
