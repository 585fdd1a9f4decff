package livepage

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
)

// keep bounds how much of a race is kept for pages that come late and for the take-home page, in bytes. It is about
// two hours of five lanes at 50 requests a second.
const keep = 64 << 20

// backlog is how many frames a page may lag behind before it is cut off. It comes back by itself.
const backlog = 64

// Hub keeps the frames of a race and passes them on to the pages that watch and to the recording.
type Hub struct {
	hello []byte

	mutex  sync.Mutex
	frames []kept
	size   int
	pages  map[chan []byte]bool
	record io.Writer
}

// kept is an encoded frame.
type kept struct {
	t    int64
	text []byte
}

// NewHub returns a hub without any frame. Unless record is nil, the run is also written there, a line of JSON each.
func NewHub(hello Hello, record io.Writer) (*Hub, error) {
	text, err := json.Marshal(hello)
	if err != nil {
		return nil, fmt.Errorf("encode the lanes: %w", err)
	}
	hub := &Hub{hello: text, pages: map[chan []byte]bool{}, record: record}
	if record != nil {
		if _, err := fmt.Fprintf(record, "%s\n", text); err != nil {
			return nil, fmt.Errorf("record the race: %w", err)
		}
	}
	return hub, nil
}

// Add passes a frame on. The error says that the recording failed; the race goes on without it, and the error comes once.
func (h *Hub) Add(frame Frame) error {
	text, err := json.Marshal(frame)
	if err != nil {
		return fmt.Errorf("encode a frame: %w", err)
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.frames = append(h.frames, kept{frame.T, text})
	h.size += len(text)
	for h.size > keep {
		h.size -= len(h.frames[0].text)
		h.frames = h.frames[1:]
	}
	for page := range h.pages {
		select {
		case page <- text:
		default:
			// It would only fall further behind: end its stream, and it asks anew.
			delete(h.pages, page)
			close(page)
		}
	}
	if h.record == nil {
		return nil
	}
	if _, err := fmt.Fprintf(h.record, "%s\n", text); err != nil {
		h.record = nil
		return fmt.Errorf("record the race: %w; the race goes on without a recording", err)
	}
	return nil
}

// Join returns the frames of the window that a plot shows, and a channel of all that follow. The channel is closed when
// the page lags too far behind. The caller ends with leave.
func (h *Hub) Join() (recent [][]byte, next <-chan []byte, leave func()) {
	page := make(chan []byte, backlog)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.pages[page] = true
	if n := len(h.frames); n > 0 {
		newest := h.frames[n-1].t
		for _, frame := range h.frames {
			if newest-frame.t <= window {
				recent = append(recent, frame.text)
			}
		}
	}
	return recent, page, func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		delete(h.pages, page)
	}
}

// WriteRun writes the whole race as far as it is kept, in the format of a recording.
func (h *Hub) WriteRun(out io.Writer) error {
	h.mutex.Lock()
	frames := h.frames[:len(h.frames):len(h.frames)]
	h.mutex.Unlock()
	if _, err := fmt.Fprintf(out, "%s\n", h.hello); err != nil {
		return fmt.Errorf("write the race: %w", err)
	}
	for _, frame := range frames {
		if _, err := fmt.Fprintf(out, "%s\n", frame.text); err != nil {
			return fmt.Errorf("write the race: %w", err)
		}
	}
	return nil
}
