// Package running records which ports the programs of the workshop hold, so that others in the same folder find them without
// being told, and two folders do not get into each other's way.
//
// Each program has a file of its own and keeps it locked. The lock ends with the program, however it ends, and a file that nobody
// has locked counts for nothing.
package running

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hold records that this program, started in the workshop's folder root, holds the ports, by the variables that set them: until
// release, or until the program ends.
func Hold(root string, ports map[string]int) (release func(), err error) {
	var errs []error
	for _, dir := range dirs() {
		file, err := create(dir, root, ports)
		if err == nil {
			return func() {
				// Windows cannot remove an open file, and what is left without a lock does no harm.
				_ = file.Close()
				_ = os.Remove(file.Name())
			}, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("note the ports in use: %w", errors.Join(errs...))
}

// Ports are those that programs of the folder root hold, by their variables. If several hold one, the latest counts.
func Ports(root string) map[string]int {
	ports := map[string]int{}
	for _, program := range programs() {
		if same(root, program.root) {
			maps.Copy(ports, program.ports)
		}
	}
	return ports
}

// Elsewhere are the ports that programs of other folders hold, each with its folder.
func Elsewhere(root string) map[int]string {
	folders := map[int]string{}
	for _, program := range programs() {
		if !same(root, program.root) {
			for _, number := range program.ports {
				folders[number] = program.root
			}
		}
	}
	return folders
}

// program is one that runs.
type program struct {
	root  string
	ports map[string]int
	since time.Time
}

// dirs are where the files may be: in the user's cache, or, when that cannot be written, among the temporary files.
func dirs() []string {
	var found []string
	if cache, err := os.UserCacheDir(); err == nil {
		found = append(found, filepath.Join(cache, "chaosworkshop", "running"))
	}
	return append(found, filepath.Join(os.TempDir(), fmt.Sprintf("chaosworkshop-%d", os.Getuid())))
}

// create writes a locked file. It removes files that are left over.
func create(dir, root string, ports map[string]int) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, path := range files(dir) {
		// A new file is not locked for a moment.
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > time.Minute && !locked(path) {
			_ = os.Remove(path) // Another program may have been faster.
		}
	}
	file, err := os.CreateTemp(dir, "*.ports")
	if err != nil {
		return nil, err
	}
	text := "folder=" + root + "\n"
	for name, number := range ports {
		text += fmt.Sprintf("%s=%d\n", name, number)
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, lock(file)); err != nil {
		return nil, errors.Join(err, file.Close(), os.Remove(file.Name()))
	}
	return file, nil
}

// programs are those that run, in the order in which they started.
func programs() []program {
	var found []program
	for _, dir := range dirs() {
		for _, path := range files(dir) {
			text, err := os.ReadFile(path)
			info, failed := os.Stat(path)
			if err != nil || failed != nil || !locked(path) {
				continue
			}
			one := program{ports: map[string]int{}, since: info.ModTime()}
			for line := range strings.Lines(string(text)) {
				name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
				if number, err := strconv.Atoi(value); err == nil && name != "folder" {
					one.ports[name] = number
				} else if name == "folder" {
					one.root = value
				}
			}
			found = append(found, one)
		}
	}
	slices.SortStableFunc(found, func(a, b program) int { return a.since.Compare(b.since) })
	return found
}

// files are the files in a folder, if it is this user's: the folder of temporary files is everyone's.
func files(dir string) []string {
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !own(info) {
		return nil
	}
	entries, _ := os.ReadDir(dir) // An unreadable folder holds nothing for us.
	var paths []string
	for _, entry := range entries {
		paths = append(paths, filepath.Join(dir, entry.Name()))
	}
	return paths
}

// same tells whether two paths are one folder.
func same(a, b string) bool {
	one, err := os.Stat(a)
	other, failed := os.Stat(b)
	return err == nil && failed == nil && os.SameFile(one, other)
}
