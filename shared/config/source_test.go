package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSources(t *testing.T) {
	dir := alone(t)
	if err := os.MkdirAll(filepath.Dir(UserFile()), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, UserFile(), "MYSQL_ROOT_PASSWORD=s3cret\nDB_USER=ann\nPORT=1\n")
	write(t, filepath.Join(dir, ".env"), "DB_USER=bob\nPORT=2\n")
	t.Setenv("PORT", "3")
	got, err := Sources()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"MYSQL_ROOT_PASSWORD": UserFile(), "DB_USER": filepath.Join(dir, ".env"), "PORT": RealEnvironment, "DB_PASSWORD": "",
	} {
		if got[name] != want {
			t.Errorf("%s: got %q, want %q", name, got[name], want)
		}
	}
}
