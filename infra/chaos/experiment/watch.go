package experiment

import (
	"context"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// settle is how often a folder is looked at, and how long it must stay unchanged after a save: an editor writes several
// times.
const settle = 300 * time.Millisecond

// Sources are the files below the folder dir that make the app, sorted: Go's, or in a folder without any Go file, all.
// What editors, version control, package managers and caches leave there does not count. A folder that cannot be read has
// none.
func Sources(dir string) []string {
	var all, code []string
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case err != nil:
			return nil // It may be going away just now.
		case entry.IsDir() && path != dir && (passing(name) || slices.Contains([]string{"vendor", "node_modules", "__pycache__"}, name)):
			return fs.SkipDir
		case entry.IsDir() || passing(name):
			return nil
		case strings.HasSuffix(name, ".go") || name == "go.mod" || name == "go.sum":
			code = append(code, path)
		}
		all = append(all, path)
		return nil
	})
	if slices.ContainsFunc(code, func(path string) bool { return strings.HasSuffix(path, ".go") }) {
		return code
	}
	return all
}

// passing tells whether a name is that of a hidden file, or of one that an editor keeps beside a file for a moment.
func passing(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp") ||
		strings.HasSuffix(name, ".tmp") || name == "4913" // Vim tries with this file whether it may write.
}

// state sums up the names, sizes and times of the sources. It looks at the folder anew each time, so it does not matter
// whether a file or folder is changed, new or replaced, nor on which file system it is.
func state(dir string) uint64 {
	hash := fnv.New64a()
	for _, path := range Sources(dir) {
		hash.Write([]byte(path))
		if info, err := os.Stat(path); err == nil {
			stamp, _ := info.ModTime().MarshalBinary()
			hash.Write(append(stamp, byte(info.Size()), byte(info.Size()>>8), byte(info.Size()>>16)))
		}
	}
	return hash.Sum64()
}

// Watch calls do now and whenever the sources below the folder dir have changed, until ctx ends. A change ends the context
// of a call that is still running.
func Watch(ctx context.Context, dir string, do func(context.Context)) {
	for ctx.Err() == nil {
		seen := state(dir)
		run, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			do(run)
		}()
		awaitChange(ctx, dir, seen)
		cancel()
		<-done
	}
}

// awaitChange returns when the sources differ from what was seen and have settled, or when ctx ends.
func awaitChange(ctx context.Context, dir string, seen uint64) {
	ticker := time.NewTicker(settle)
	defer ticker.Stop()
	for last := seen; ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := state(dir)
		if now == last && now != seen {
			return
		}
		last = now
	}
}
