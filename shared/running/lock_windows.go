package running

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// beyond is a byte far beyond the text: Windows refuses to read what is locked.
var beyond = windows.Overlapped{OffsetHigh: 1}

// lock locks the file until it is closed.
func lock(file *os.File) error {
	at := beyond
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &at)
}

// locked tells whether a program has locked the file at path.
func locked(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	at := beyond
	// Shared: two programs that look at the same time do not see each other.
	err = windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	return errors.Is(err, windows.ERROR_LOCK_VIOLATION)
}

// own is true: on Windows the temporary files are the user's own.
func own(fs.FileInfo) bool { return true }
