package experiment

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a folder must stay unchanged after a save: an editor writes several times.
const settle = 300 * time.Millisecond

// Watch calls do now and whenever a Go file in the folder dir was saved, until ctx ends. A save ends the context of a
// call that is still running.
func Watch(ctx context.Context, dir string, do func(context.Context)) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch %s: %w", dir, err)
	}
	defer watcher.Close()
	if err := watcher.Add(dir); err != nil {
		return fmt.Errorf("watch %s: %w; name the folder of an exercise", dir, err)
	}
	for ctx.Err() == nil {
		run, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		go func() {
			defer close(done)
			do(run)
		}()
		err := awaitSave(ctx, watcher)
		cancel()
		<-done
		if err != nil {
			return err
		}
	}
	return nil
}

// awaitSave returns when a Go file was saved and the folder has settled, or when ctx ends.
func awaitSave(ctx context.Context, watcher *fsnotify.Watcher) error {
	var still <-chan time.Time
	for {
		select {
		case event := <-watcher.Events:
			name := filepath.Base(event.Name)
			if event.Op != fsnotify.Chmod && (strings.HasSuffix(name, ".go") || name == "go.mod") {
				still = time.After(settle)
			}
		case err := <-watcher.Errors:
			return fmt.Errorf("watch: %w", err)
		case <-still:
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}
