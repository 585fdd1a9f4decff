package livepage

import (
	"context"
	"fmt"
	"net/http"
)

// streamEvents sends the race as server-sent events until the page or the server goes: who races, the recent past, then
// every frame as it comes. A page that comes back gets the same, and is complete again.
func streamEvents(ended context.Context, hub *Hub, w http.ResponseWriter, r *http.Request) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	recent, next, leave := hub.Join()
	defer leave()
	if _, err := fmt.Fprintf(w, "retry: 1000\nevent: hello\ndata: %s\n\n", hub.hello); err != nil {
		return // The page is gone, here and below: there is nobody to tell.
	}
	for _, frame := range recent {
		if _, err := fmt.Fprintf(w, "data: %s\n\n", frame); err != nil {
			return
		}
	}
	for {
		if err := out.Flush(); err != nil {
			return
		}
		select {
		case frame, more := <-next:
			if !more {
				return
			}
			if _, err := fmt.Fprintf(w, "data: %s\n\n", frame); err != nil {
				return
			}
		case <-r.Context().Done():
			return
		case <-ended.Done():
			return
		}
	}
}
