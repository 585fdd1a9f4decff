package livepage

import (
	"slices"
	"sync"
)

// mostStreams is how many streams one browser may hold. It opens six connections to one address; the rest are for the buttons
// and for another tab.
const mostStreams = 4

// streams are the event streams that are open, by browser, oldest first.
type streams struct {
	mutex sync.Mutex
	open  map[string][]chan struct{}
}

// add notes a new stream of a browser. If the browser has too many, the channel of its oldest one is closed: that page
// reconnects when it is its turn. The caller ends with gone.
func (s *streams) add(browser string) (evicted <-chan struct{}, gone func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open == nil {
		s.open = map[string][]chan struct{}{}
	}
	stream := make(chan struct{})
	s.open[browser] = append(s.open[browser], stream)
	if all := s.open[browser]; len(all) > mostStreams {
		close(all[0])
		s.open[browser] = all[1:]
	}
	return stream, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.open[browser] = slices.DeleteFunc(s.open[browser], func(other chan struct{}) bool { return other == stream })
		if len(s.open[browser]) == 0 {
			delete(s.open, browser)
		}
	}
}
