package bundle

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// sources are the files of the workshop itself: those that Git knows or would know, or, without Git, all but what is
// built, downloaded or secret.
func sources(ctx context.Context, root string) ([]file, error) {
	var files []file
	if listed, err := listedByGit(ctx, root); err == nil {
		for _, at := range listed {
			files = append(files, file{at, filepath.Join(root, filepath.FromSlash(at))})
		}
		return files, nil
	}
	left := []string{".git", ".bundle", "bin", "data", "dist", "reports", ".env"}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if slices.Contains(left, at) || entry.Name() == ".env" {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entry.Type().IsRegular() {
			files = append(files, file{filepath.ToSlash(at), path})
		}
		return nil
	})
	return files, err
}

// listedByGit are the paths of the files that are committed, or neither committed nor ignored, and there.
func listedByGit(ctx context.Context, root string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		return nil, err
	}
	var paths []string
	for path := range bytes.SplitSeq(output, []byte{0}) {
		info, err := os.Lstat(filepath.Join(root, string(path)))
		if err == nil && info.Mode().IsRegular() && !strings.HasPrefix(string(path), ".bundle/") {
			paths = append(paths, string(path))
		}
	}
	return paths, nil
}
