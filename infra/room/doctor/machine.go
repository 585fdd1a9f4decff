package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"chaosworkshop/infra/deploy/compose"
)

// disk checks that there is room for builds and reports. What runs it has been downloaded and compiled already.
func disk(root string) Finding {
	free, err := freeSpace(root)
	detail := fmt.Sprintf("%.1f GB free", float64(free)/(1<<30))
	switch {
	case err != nil:
		return ok("disk", "the free space is unknown")
	case free < 512<<20:
		return Finding{"disk", Fix, detail + ", but the workshop needs 0.5 GB", "delete files that you do not need"}
	}
	return ok("disk", detail)
}

// writable checks that builds, and a learner's own folders, can be written.
func writable(root string) Finding {
	for _, dir := range []string{root, filepath.Join(root, "bin"), filepath.Join(root, "work")} {
		if _, err := os.Lstat(dir); err != nil && dir != root {
			continue // It can be made in the root.
		}
		file, err := os.CreateTemp(dir, ".doctor-*")
		if err == nil {
			file.Close()
			err = os.Remove(file.Name())
		}
		if err != nil {
			return Finding{"folder", Fix, "you have no permission to write to " + dir, "move the workshop into your home folder, or make yourself its owner (chown)"}
		}
	}
	return ok("folder", "writable")
}

// clock checks that no file of the workshop is from the future, which would mean that the clock is slow.
func clock(root string) Finding {
	latest := time.Time{}
	paths, _ := filepath.Glob(filepath.Join(root, "*", "*")) // The pattern is valid.
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return judgeClock(time.Now(), latest)
}

// judgeClock is clock for given times: now, and the latest change of a file.
func judgeClock(now, latest time.Time) Finding {
	const tolerance = time.Minute
	if ahead := latest.Sub(now); ahead > tolerance {
		return Finding{"clock", Fix, fmt.Sprintf("%s, and a file of the workshop is %s newer", now.Format(time.RFC3339), ahead.Round(time.Minute)),
			"set the clock from the network, for example with `sudo timedatectl set-ntp true`; certificates and TTLs depend on it"}
	}
	return ok("clock", now.Format(time.RFC3339))
}

// docker reports whether the Docker variant works. Nothing else needs Docker.
func docker(ctx context.Context) Finding {
	if err := compose.Daemon(ctx); err != nil {
		return ok("docker", "not available, and not needed: only `make up` uses it")
	}
	return ok("docker", "the daemon answers; `make up` works")
}
