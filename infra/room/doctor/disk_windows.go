package doctor

import "golang.org/x/sys/windows"

// freeSpace is how much the user may still write to the disk of a folder, in bytes.
func freeSpace(dir string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, err
	}
	var free, total, all uint64
	err = windows.GetDiskFreeSpaceEx(path, &free, &total, &all)
	return free, err
}
