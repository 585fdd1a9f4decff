package secrets

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"chaosworkshop/shared/config"
)

func TestWriteIsReadBack(t *testing.T) {
	for _, password := range []string{"workshop", "007", "p@ss w#rd", "$HOME ${X} `id`", `it's`, `say "hi" it's $5`, `back\slash`, `ends in \`, `mix '"\$`, "żółć 🛫", " spaces ", rand.Text()} {
		path := filepath.Join(t.TempDir(), "deep", "er", ".env")
		if err := Write(path, password, false); err != nil {
			t.Errorf("%q: %v", password, err)
			continue
		}
		got, err := read(path)
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

// Nobody types a password that cannot be stored.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config", ".env")
	if err := Check(path, false); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v, want nothing left behind", left, err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("PASSWORD\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Check(file, false); !errors.Is(err, ErrExists) {
		t.Errorf("an old file: got %v, want %v", err, ErrExists)
	}
	if err := Check(file, true); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("an old file that cannot be read: got %v, want the line", err)
	}
	if err := Check(filepath.Join(file, "config", ".env"), false); err == nil || !strings.Contains(err.Error(), "read and write ") {
		t.Errorf("no folder: got %v, want advice", err)
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
	got, err := read(path)
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

// read reads a .env file as the workshop does.
func read(path string) (map[string]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return config.ParseFile(text)
}

// Everything else in the file stays, byte for byte.
func TestWriteKeepsTheRest(t *testing.T) {
	for old, want := range map[string]string{
		"":                                  "MYSQL_ROOT_PASSWORD='n$w'\n",
		"DB_USER=ann":                       "DB_USER=ann\nMYSQL_ROOT_PASSWORD='n$w'\n",
		"# mine\r\nDB_USER=a$b # x\r\n\r\n": "# mine\r\nDB_USER=a$b # x\r\n\r\nMYSQL_ROOT_PASSWORD='n$w'\n",
		"A=1\nexport MYSQL_ROOT_PASSWORD = old\nB='2'\nMYSQL_ROOT_PASSWORD=older\nC=3": "A=1\nMYSQL_ROOT_PASSWORD='n$w'\nB='2'\nC=3",
		"\uFEFFMYSQL_ROOT_PASSWORD=old\nMYSQL_PASSWORD=kept\n":                         "MYSQL_ROOT_PASSWORD='n$w'\nMYSQL_PASSWORD=kept\n",
	} {
		path := filepath.Join(t.TempDir(), ".env")
		if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Write(path, "n$w", true); err != nil {
			t.Errorf("%q: %v", old, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v, want %q", old, got, err, want)
		}
	}
	path := filepath.Join(t.TempDir(), ".env")
	broken := "A=1\nDB_PASSWORD 's3cret\n"
	if err := os.WriteFile(path, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, "new", true); err == nil || !strings.Contains(err.Error(), "line 2 ") || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a broken file: got %v, want its line named", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != broken {
		t.Errorf("a broken file became %q, %v", got, err)
	}
}
