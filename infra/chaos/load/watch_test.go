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
	dials := 0
	look := func(context.Context) App {
		dials += 100
		return App{Breaker: "closed", Counts: true, Dials: dials}
	}
	summary, err := Watch(t.Context(), options, look,
		func(s Second) { seconds = append(seconds, s) })
	if err != nil {
		t.Fatal(err)
	}
	if len(seconds) != 2 || seconds[0].Breaker != "closed" || seconds[0].Sent+seconds[1].Sent != 75 || *seconds[0].Dials < 1.9 || *seconds[0].Dials > 2.3 || seconds[0].Requests+seconds[1].Requests != 75 {
		t.Errorf("got seconds %+v, want two with 75 requests, the breaker closed", seconds)
	}
	if summary.Requests != 75 || summary.Success != 1 || summary.Outcomes[OK] != 75 || summary.Statuses["200"] != 75 {
		t.Errorf("got summary %+v, want 75 requests, all ok", summary)
	}

	var written Summary
	var text bytes.Buffer
	if err := summary.WriteJSON(&text); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Bytes(), &written); err != nil || written.Requests != 75 {
		t.Errorf("the JSON holds %d requests (error %v), want 75", written.Requests, err)
	}
	text.Reset()
	if err := summary.WriteHTML(&text); err != nil {
		t.Fatal(err)
	}
	if page := text.String(); !strings.Contains(page, "class Chart") || !strings.Contains(page, `"points":[`) || strings.Contains(page, "src=") {
		t.Error("the page must hold its chart and its points, and load nothing")
	}
}

func TestWatchEndsWithASummaryWhenItsContextEnds(t *testing.T) {
	url, _ := answering(t, http.StatusInternalServerError)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	summary, err := Watch(ctx, Options{URL: url, Rate: 100, Duration: time.Minute, Pairs: somePairs},
		func(context.Context) App { return App{} }, func(Second) {})
	if err != nil || summary.Requests == 0 || summary.Outcomes[Error] != summary.Requests {
		t.Errorf("got %+v, error %v; want what came back until the end, all errors", summary, err)
	}
}

func TestWatchRefusesNonsense(t *testing.T) {
	_, err := Watch(t.Context(), Options{}, func(context.Context) App { return App{} }, func(Second) {})
	if err == nil {
		t.Error("ran without a URL, want an error")
	}
}
