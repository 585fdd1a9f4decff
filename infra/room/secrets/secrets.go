// Package secrets keeps the passwords of the workshop outside its tree, in the user's config directory.
package secrets

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"
)

// ErrExists says that there is a file already.
var ErrExists = errors.New("it exists")

// errUnwritable is about a password that no .env file can hold.
var errUnwritable = errors.New("a .env file cannot hold that password; choose one without line breaks and without a mix of quotes and backslashes")

// Generate makes a random password of 26 letters and digits, 128 bits of chance.
func Generate() string { return rand.Text() }

// Write puts the root password of the flights database into the file at path, with mode 0600, complete or not at all.
// It does not replace a file unless force is set; the error is ErrExists then. No error holds the password.
func Write(path, password string, force bool) error {
	text, err := format("MYSQL_ROOT_PASSWORD", password)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write secrets: %w", err)
	}
	// A file of that mode from its first moment, which takes the place of the old one in one step.
	file, err := os.CreateTemp(dir, ".env-*")
	if err != nil {
		return fmt.Errorf("write secrets: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString("# Secrets of the workshop, read after .env at its root.\n" + text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write secrets: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write secrets: %w", err)
	}
	return nil
}

// format is the line of a .env file that is read back as the same value.
func format(name, value string) (string, error) {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value)
	for _, line := range []string{name + "='" + value + "'\n", name + `="` + escaped + "\"\n"} {
		if read, err := godotenv.Unmarshal(line); err == nil && len(read) == 1 && read[name] == value && value != "" && !strings.ContainsAny(value, "\r\n\x00") {
			return line, nil
		}
	}
	return "", errUnwritable
}
