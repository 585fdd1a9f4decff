package load

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestWatchReportsSecondsAndTotal(t *testing.T) {
	url, _ := answering(t, http.StatusOK)
	options := Options{URL: url, Rate: 50, Duration: 1500 * time.Millisecond, Pairs: somePairs}
	var seconds []Second
	report, err := Watch(t.Context(), options, func(context.Context) string { return "closed" },
		func(s Second) { seconds = append(seconds, s) })
	if err != nil {
		t.Fatal(err)
	}
	if len(seconds) != 2 || seconds[0].Breaker != "closed" || seconds[0].Requests+seconds[1].Requests != 75 {
		t.Errorf("got seconds %+v, want two with 75 requests, the breaker closed", seconds)
	}
	if report.Requests != 75 || report.Success != 1 || report.Outcomes[OK] != 75 || report.Statuses["200"] != 75 {
		t.Errorf("got report %+v, want 75 requests, all ok", report)
	}

	var written Report
	var text bytes.Buffer
	if err := report.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Bytes(), &written); err != nil || written.Requests != 75 {
		t.Errorf("the JSON holds %d requests (error %v), want 75", written.Requests, err)
	}
	text.Reset()
	if err := report.WriteHTML(&text); err != nil {
		t.Fatal(err)
	}
	if page := text.String(); !strings.Contains(page, "uPlot") || strings.Contains(page, "src=\"http") {
		t.Error("the page must hold its chart library and name no other host")
	}
}

func TestWatchEndsWithASummaryWhenItsContextEnds(t *testing.T) {
	url, _ := answering(t, http.StatusInternalServerError)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	report, err := Watch(ctx, Options{URL: url, Rate: 100, Duration: time.Minute, Pairs: somePairs},
		func(context.Context) string { return "" }, func(Second) {})
	if err != nil || report.Requests == 0 || report.Outcomes[Error] != report.Requests {
		t.Errorf("got %+v, error %v; want what came back until the end, all errors", report, err)
	}
}

func TestWatchRefusesNonsense(t *testing.T) {
	_, err := Watch(t.Context(), Options{}, func(context.Context) string { return "" }, func(Second) {})
	if err == nil {
		t.Error("ran without a URL, want an error")
	}
}
