package livepage

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// keep bounds how much of a race is kept for pages that join late and for the take-home page, in bytes. It is enough for
// about two hours of five lanes at 50 requests a second.
const keep = 64 << 20

// backlog is how many frames a page may lag behind before it is cut off. It then reconnects by itself.
const backlog = 64

// longest bounds one line of a recording, in bytes.
const longest = 4 << 20

// Hub keeps the frames of a race, live or recorded, and passes them on to the pages that watch and to the recording.
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

// NewHub returns a hub without frames. Unless record is nil, the race is also written there, a line of JSON each. An error may
// say that the environment sets a limit of the exercises to a value that makes no sense.
func NewHub(record io.Writer) (*Hub, error) {
	hello := NewHello()
	if err := hello.readLimits(); err != nil {
		return nil, err
	}
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

// Add passes a frame on. An error says that the recording failed; it comes only once, and the race continues without it.
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
			// It would only fall further behind: end its stream, and it will reconnect.
			delete(h.pages, page)
			close(page)
		}
	}
	if h.record == nil {
		return nil
	}
	if _, err := fmt.Fprintf(h.record, "%s\n", text); err != nil {
		h.record = nil
		return fmt.Errorf("record the race: %w; the race continues without a recording", err)
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
	for _, frame := range h.frames {
		if h.frames[len(h.frames)-1].t-frame.t <= window {
			recent = append(recent, frame.text)
		}
	}
	return recent, page, func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		delete(h.pages, page)
	}
}

// Recording returns the whole race, as far as it is kept, in the format of a recording.
func (h *Hub) Recording() []byte {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	lines := [][]byte{h.hello}
	for _, frame := range h.frames {
		lines = append(lines, frame.text)
	}
	return append(bytes.Join(lines, []byte("\n")), '\n')
}

// Length is the race's time at its last frame.
func (h *Hub) Length() time.Duration {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if len(h.frames) == 0 {
		return 0
	}
	return time.Duration(h.frames[len(h.frames)-1].t) * time.Millisecond
}

// OpenRecording reads a recorded race. It ignores a last line that was cut off, for example by a crash.
// The error names the line that is not a frame.
func OpenRecording(path string) (*Hub, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the recording: %w", err)
	}
	defer file.Close()
	hub, err := readRecording(file)
	if err != nil {
		return nil, fmt.Errorf("read the recording %s: %w", path, err)
	}
	return hub, nil
}

func readRecording(in io.Reader) (*Hub, error) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longest)
	lines.Scan()
	var hello Hello
	if err := json.Unmarshal(lines.Bytes(), &hello); err != nil || len(hello.Lanes) == 0 {
		return nil, errors.Join(lines.Err(), errors.New("it is not a recording; record a race with make race RECORD=run.jsonl"))
	}
	hub := &Hub{hello: harmless(lines.Bytes())}
	for number := 2; lines.Scan(); number++ {
		var frame Frame
		if err := json.Unmarshal(lines.Bytes(), &frame); err != nil {
			if !lines.Scan() {
				break
			}
			return nil, fmt.Errorf("line %d is not a frame; record the race again", number)
		}
		hub.frames = append(hub.frames, kept{frame.T, harmless(lines.Bytes())})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(hub.frames) == 0 {
		return nil, errors.New("it has no frames; record the race again")
	}
	return hub, nil
}

// harmless escapes a line of JSON so that nothing in it can end a script element in HTML.
func harmless(line []byte) []byte {
	var out bytes.Buffer
	json.HTMLEscape(&out, bytes.TrimSpace(line))
	return out.Bytes()
}
