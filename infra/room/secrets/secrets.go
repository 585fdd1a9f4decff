// Package secrets keeps the passwords of the workshop outside its tree, in the user's config directory.
package secrets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"chaosworkshop/shared/config"
)

// ErrExists says that the file already exists.
var ErrExists = errors.New("the file exists")

// name is the variable of the password.
const name = "MYSQL_ROOT_PASSWORD"

// Write stores the root password of the flights database in the file at path, with mode 0600, completely or not at all. It
// changes a file only with force, and keeps everything else that it holds; without, the error is ErrExists. No error contains
// the password.
func Write(path, password string, force bool) error {
	line, err := format(password)
	if err != nil {
		return err
	}
	file, text, err := open(path, force)
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if text, err = replace(text, line); err == nil {
		_, err = file.WriteString(text)
	}
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("store the password: %w", err)
	}
	return nil
}

// Check tells why Write would fail with any password.
func Check(path string, force bool) error {
	file, _, err := open(path, force)
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// open returns a temporary file beside path, and the text of the file at path, or of a new one.
func open(path string, force bool) (temporary *os.File, text string, err error) {
	if _, err := os.Lstat(path); err == nil && !force {
		return nil, "", fmt.Errorf("%s: %w", path, ErrExists)
	}
	text = "# Secrets of the workshop, read after .env at its root.\n"
	dir := filepath.Dir(path)
	old, err := os.ReadFile(path)
	switch {
	case err == nil:
		text = string(old)
		if _, err := config.ParseFile(old); err != nil {
			return nil, "", fmt.Errorf("read %s: %w", path, err)
		}
	case errors.Is(err, fs.ErrNotExist):
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		// A temporary file is readable by the user alone from the start, and replaces the old file in one step.
		temporary, err = os.CreateTemp(dir, ".env-*")
	}
	if err != nil {
		return nil, "", fmt.Errorf("store the password: %w; make sure that you can read and write %s", err, dir)
	}
	return temporary, text, nil
}

// replace puts the line in the place of the password in the text of a .env file, or at its end.
func replace(text, line string) (string, error) {
	var lines []string
	for old := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		values, err := config.ParseFile([]byte(old))
		if err != nil {
			return "", err
		}
		if _, is := values[name]; !is {
			lines = append(lines, old)
			continue
		}
		lines = append(lines, line)
		line = ""
	}
	if last := len(lines) - 1; line != "" && last >= 0 && !strings.HasSuffix(lines[last], "\n") {
		lines[last] += "\n"
	}
	return strings.Join(append(lines, line), ""), nil
}

// format is the line of a .env file that reads back as the same password.
func format(password string) (string, error) {
	escaped := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`).Replace(password)
	for _, line := range []string{name + "='" + password + "'\n", name + `="` + escaped + "\"\n"} {
		read, err := config.ParseFile([]byte(line))
		if err == nil && read[name] == password && password != "" && !strings.ContainsAny(password, "\r\n\x00") {
			return line, nil
		}
	}
	return "", errors.New("a .env file cannot hold that password; choose one without line breaks")
}
