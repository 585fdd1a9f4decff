package flightsdb

import "sync/atomic"

// room is an amount of memory, in bytes, that the connections share.
type room struct {
	left atomic.Int64
}

func newRoom(size int64) *room {
	r := &room{}
	r.left.Store(size)
	return r
}

// take reports false, and takes nothing, when there is not enough left.
func (r *room) take(n int) bool {
	if r.left.Add(-int64(n)) >= 0 {
		return true
	}
	r.give(n)
	return false
}

// give returns what was taken.
func (r *room) give(n int) { r.left.Add(int64(n)) }
