// Package secrets keeps the passwords of the workshop outside its tree, in the user's config directory.
package secrets

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/joho/godotenv"
)

// ErrExists says that the file already exists.
var ErrExists = errors.New("the file exists")

// Write stores the root password of the flights database in the file at path, with mode 0600, completely or not at all. It
// replaces a file only with force; without, the error is ErrExists. No error contains the password.
func Write(path, password string, force bool) error {
	line, err := format("MYSQL_ROOT_PASSWORD", password)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil && !force {
		return fmt.Errorf("%s: %w", path, ErrExists)
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("store the password: %w", err)
	}
	// A temporary file has that mode from the start, and replaces the old file in one step.
	file, err := os.CreateTemp(dir, ".env-*")
	if err != nil {
		return fmt.Errorf("store the password: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString("# Secrets of the workshop, read after .env at its root.\n" + line)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("store the password: %w", err)
	}
	return nil
}

// format is the line of a .env file that reads back as the same value.
func format(name, value string) (string, error) {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(value)
	for _, line := range []string{name + "='" + value + "'\n", name + `="` + escaped + "\"\n"} {
		if read, err := godotenv.Unmarshal(line); err == nil && len(read) == 1 && read[name] == value && value != "" && !strings.ContainsAny(value, "\r\n\x00") {
			return line, nil
		}
	}
	return "", errors.New("a .env file cannot hold that password; choose one without line breaks and without a mix of quotes and backslashes")
}
