package problem

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestWrite(t *testing.T) {
	answer := httptest.NewRecorder()
	Write(answer, http.StatusBadRequest, `a "detail" with <marks>`)
	var got map[string]any
	if err := json.Unmarshal(answer.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "about:blank", "title": "Bad Request", "status": 400.0, "detail": `a "detail" with <marks>`}
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: got %v, want %v", name, got[name], want[name])
		}
	}
	if kind := answer.Header().Get("Content-Type"); answer.Code != 400 || kind != "application/problem+json" {
		t.Errorf("got %d of type %s, want 400 of application/problem+json", answer.Code, kind)
	}
}

func TestUnavailableRoundsUp(t *testing.T) {
	for after, want := range map[time.Duration]string{
		-time.Second: "1", 0: "1", time.Millisecond: "1", time.Second: "1", 1001 * time.Millisecond: "2", 5 * time.Second: "5",
	} {
		answer := httptest.NewRecorder()
		Unavailable(answer, after, "")
		if got := answer.Header().Get("Retry-After"); got != want || answer.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: got %d, Retry-After %s, want 503, %s", after, answer.Code, got, want)
		}
	}
}
