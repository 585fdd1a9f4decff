package health

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestDocument(t *testing.T) {
	answer := httptest.NewRecorder()
	Write(answer, Check{"mysql", Healthy, "", 1371 * time.Microsecond}, Check{"circuitBreaker", Degraded, "Half open.", 250 * time.Nanosecond})
	want := `{"status":"Degraded","checks":[` +
		`{"name":"mysql","status":"Healthy","description":"","duration":1.371},` +
		`{"name":"circuitBreaker","status":"Degraded","description":"Half open.","duration":0.00025}],"totalDuration":1.37125}`
	if got := strings.TrimSpace(answer.Body.String()); got != want {
		t.Errorf("document: got %s, want %s", got, want)
	}
	if got := answer.Header().Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type: got %s, want JSON", got)
	}
}

func TestTheWorstCheckWins(t *testing.T) {
	for _, test := range []struct {
		first, second, want Status
		code                int
	}{
		{Healthy, Healthy, Healthy, http.StatusOK},
		{Healthy, Degraded, Degraded, http.StatusOK},
		{Degraded, Healthy, Degraded, http.StatusOK},
		{Degraded, Unhealthy, Unhealthy, http.StatusServiceUnavailable},
		{Unhealthy, Degraded, Unhealthy, http.StatusServiceUnavailable},
		{Unhealthy, Healthy, Unhealthy, http.StatusServiceUnavailable},
	} {
		answer := httptest.NewRecorder()
		Write(answer, Check{Status: test.first}, Check{Status: test.second})
		if !strings.HasPrefix(answer.Body.String(), `{"status":"`+string(test.want)+`"`) || answer.Code != test.code {
			t.Errorf("%s and %s: got %d %s, want %d and %s", test.first, test.second, answer.Code, answer.Body, test.code, test.want)
		}
	}
}
