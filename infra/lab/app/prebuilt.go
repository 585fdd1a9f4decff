package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Prebuilt is where a bundle has the program of one of the workshop's exercises for a system, such as linux and amd64. Beside it
// lies, with the ending .sources, the fingerprint of what it was built from.
func Prebuilt(root, exercise, system, architecture string) string {
	path := filepath.Join(root, "bin", system+"-"+architecture, exercise)
	if system == "windows" {
		path += ".exe"
	}
	return path
}

// Fingerprint is a hash of what an exercise's program is built from: the files of its folder and of shared, without tests, prose
// and vendored packages.
func Fingerprint(root, exercise string) (string, error) {
	hash := sha256.New()
	for _, folder := range []string{exercise, "shared"} {
		err := fs.WalkDir(os.DirFS(filepath.Join(root, folder)), ".", func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() && entry.Name() == "vendor":
				return fs.SkipDir
			case !entry.Type().IsRegular() || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".md"):
				return nil
			}
			text, err := os.ReadFile(filepath.Join(root, folder, filepath.FromSlash(path)))
			if err == nil {
				fmt.Fprintf(hash, "%s/%s %d\n%s", folder, path, len(text), text) // Never an error, according to its documentation.
			}
			return err
		})
		if err != nil {
			return "", fmt.Errorf("read the sources of %s: %w", exercise, err)
		}
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// prebuilt is a bundle's program for the exercise in the folder dir on this system; empty if there is none, or if the sources
// have changed since.
func prebuilt(root, dir string) (string, error) {
	if filepath.Dir(dir) != root {
		return "", nil
	}
	binary := Prebuilt(root, filepath.Base(dir), runtime.GOOS, runtime.GOARCH)
	want, err := os.ReadFile(binary + ".sources")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the bundle's programs: %w", err)
	}
	got, err := Fingerprint(root, filepath.Base(dir))
	if err != nil || got != string(bytes.TrimSpace(want)) {
		return "", err
	}
	return binary, nil
}
