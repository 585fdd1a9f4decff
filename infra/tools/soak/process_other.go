//go:build !linux

package soak

// resident is measured on Linux only.
func resident(int) (int, bool) { return 0, false }

// sockets is measured on Linux only.
func sockets(int) (int, bool) { return 0, false }

// children is counted on Linux only.
func children() int { return -1 }
