package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDefaults(t *testing.T) {
	alone(t)
	app, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := app.Addr(), "127.0.0.1:5000"; got != want {
		t.Errorf("address: got %s, want %s", got, want)
	}
	if got, want := app.Database.Password, "workshop"; got != want {
		t.Errorf("password: got %s, want %s", got, want)
	}
	if got, want := app.Database.Port, 3307; got != want {
		t.Errorf("port: got %d, want %d", got, want)
	}
}

func TestRealEnvironmentWinsOverFile(t *testing.T) {
	dir := alone(t)
	write(t, filepath.Join(dir, ".env"), "PORT=6001\nDB_USER=file\n")
	t.Setenv("PORT", "6002")
	app, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := app.Port, 6002; got != want {
		t.Errorf("port: got %d, want %d", got, want)
	}
	if got, want := app.Database.User, "file"; got != want {
		t.Errorf("user: got %s, want %s", got, want)
	}
}

func TestPasswordIsTakenLiterally(t *testing.T) {
	alone(t)
	t.Setenv("MYSQL_ROOT_PASSWORD", `p$HOME"@:/#`)
	app, err := Load[App]()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := app.Database.Password, `p$HOME"@:/#`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestErrorNamesTheVariableAndNotItsValue(t *testing.T) {
	alone(t)
	t.Setenv("DB_PORT", "s3cret")
	_, err := Load[App]()
	if err == nil {
		t.Fatal("got no error")
	}
	if got := err.Error(); !strings.Contains(got, "DB_PORT") || strings.Contains(got, "s3cret") {
		t.Errorf("got %q, want DB_PORT named and no value", got)
	}
}

func TestBrokenFileIsNamedAndNotQuoted(t *testing.T) {
	dir := alone(t)
	write(t, filepath.Join(dir, ".env"), "MYSQL_ROOT_PASSWORD s3cret\n")
	_, err := Load[App]()
	if err == nil {
		t.Fatal("got no error")
	}
	if got := err.Error(); !strings.Contains(got, ".env") || strings.Contains(got, "s3cret") {
		t.Errorf("got %q, want the file named and no value", got)
	}
}

// alone gives the test a workspace root and a user's config directory of its own, and no variable of the machine.
func alone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.work"), "")
	t.Chdir(dir)
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	t.Setenv("HOME", dir)
	t.Setenv("AppData", dir)
	for _, name := range []string{"PORT", "BIND", "DB_HOST", "DB_PORT", "DB_USER", "DB_PASSWORD", "MYSQL_ROOT_PASSWORD"} {
		t.Setenv(name, "")
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
