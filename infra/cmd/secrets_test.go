package cmd

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// unread is an input that nobody may read.
type unread struct{ *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.Error("it asks for a password")
	return 0, io.EOF
}

// Nobody is asked for a password that cannot be stored.
func TestSecretsChecksBeforeItAsks(t *testing.T) {
	file, err := filepath.Abs("secrets.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME", "AppData"} {
		t.Setenv(name, file) // It is no folder.
	}
	command := newSecretsCommand()
	command.SetArgs([]string{})
	command.SetIn(unread{t})
	command.SetOut(io.Discard)
	command.SetErr(io.Discard)
	if err := command.Execute(); err == nil || !strings.Contains(err.Error(), "store the password") {
		t.Errorf("got %v, want that the password cannot be stored", err)
	}
}
