package doctor

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"chaosworkshop/infra/deploy/compose"
)

// neededSpace is what a first build, its cache and the downloads take, in bytes.
const neededSpace = 2 << 30

// disk tells whether there is room to build.
func disk(root string) Finding {
	free, err := freeSpace(root)
	if err != nil {
		return ok("disk", "the free space cannot be learnt here")
	}
	detail := fmt.Sprintf("%.1f GB free", float64(free)/(1<<30))
	if free < neededSpace {
		return Finding{"disk", Fix, detail + ", and the workshop needs 2", "remove what you can spare; `go clean -cache` frees Go's build cache"}
	}
	return ok("disk", detail)
}

// writable tells whether the builds have a place.
func writable(root string) Finding {
	bin := filepath.Join(root, "bin")
	err := os.MkdirAll(bin, 0o755)
	if err == nil {
		var file *os.File
		if file, err = os.CreateTemp(bin, ".doctor-*"); err == nil {
			file.Close()
			err = os.Remove(file.Name())
		}
	}
	if err != nil {
		return Finding{"folder", Fix, bin + " cannot be written", "move the workshop into your home folder, or make it yours"}
	}
	return ok("folder", "can be written")
}

// clock compares the clock with the workshop's files, which are older than now on a computer whose clock is right.
func clock(root string) Finding {
	now, latest := time.Now(), time.Time{}
	for _, pattern := range []string{"go.work", "*/go.mod", "*/*.go"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			continue
		}
		for _, path := range paths {
			if info, err := os.Stat(path); err == nil && info.ModTime().After(latest) {
				latest = info.ModTime()
			}
		}
	}
	return judgeClock(now, latest)
}

// judgeClock is clock with the times given: now, and the latest change of a file.
func judgeClock(now, latest time.Time) Finding {
	const tolerance = time.Minute
	if ahead := latest.Sub(now); ahead > tolerance {
		return Finding{"clock", Fix, fmt.Sprintf("%s, and a file of the workshop is from %s later", now.Format(time.RFC3339), ahead.Round(time.Minute)),
			"set the clock by the network, such as `sudo timedatectl set-ntp true`; certificates and TTLs depend on it"}
	}
	return ok("clock", now.Format(time.RFC3339))
}

// docker tells whether the Docker variant is there. Only that one needs it.
func docker(ctx context.Context) Finding {
	if err := compose.Daemon(ctx); err != nil {
		return ok("docker", "not used: "+err.Error())
	}
	return ok("docker", "the daemon answers; `make up` can be used")
}

// readableByOthers tells whether a file's mode lets others in.
func readableByOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o077 != 0 }
