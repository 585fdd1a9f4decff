//go:build !windows

package doctor

import "golang.org/x/sys/unix"

// freeSpace is how much the user may still write to the disk of a folder, in bytes.
func freeSpace(dir string) (uint64, error) {
	var stat unix.Statfs_t
	if err := unix.Statfs(dir, &stat); err != nil {
		return 0, err
	}
	return uint64(stat.Bavail) * uint64(stat.Bsize), nil
}
