package livepage

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"chaosworkshop/infra/chaos/load"
	"chaosworkshop/infra/chaos/trace"
	"chaosworkshop/shared/tracing"
)

// traced is the timeline of a request that was retried n times and ended at t.
func traced(t int64, n int) Trace {
	trace := Trace{T: t, Took: float64(n)*60 + 20, Says: fmt.Sprintf("%d attempts failed.", n), Lines: []trace.Line{{Name: "request", Took: float64(n)*60 + 20, Outcome: load.OK, Words: "200"}}}
	for i := range n {
		at := float64(i) * 60
		trace.Lines = append(trace.Lines, line(fmt.Sprint("attempt ", i+1), at, 40, load.Error), line("dial", at, 40, load.Error), line("backoff", at+40, 20, ""))
	}
	trace.Lines = append(trace.Lines, line(fmt.Sprint("attempt ", n+1), float64(n)*60, 20, load.OK))
	return trace
}

func line(name string, start, took float64, outcome load.Outcome) trace.Line {
	return trace.Line{Name: name, Start: start, Took: took, Outcome: outcome, Words: "connection broken after 40 ms"}
}

func TestAClickOnAPointShowsItsRequest(t *testing.T) {
	page, hub, _ := openLive(t)
	frame := under(20_000, "flaky", func(number int, lane *LaneFrame) {
		if number == 3 {
			lane.Traces = []Trace{traced(12_000, 0), traced(15_000, 2), traced(18_000, 80)}
		}
	})
	frame.After = nil
	page.show(hub, frame)
	const open = "document.getElementById('request').open"
	says := func(want string) {
		t.Helper()
		page.until(want, open+" && document.getElementById('request-says').textContent === '"+want+"'")
	}
	// click clicks in the plot of lane 3, beside the point of that time and latency.
	click := func(at, took float64) {
		t.Helper()
		place := eval[[]float64](page, fmt.Sprintf(`(() => {
			const { left, top, width, height } = %s.getBoundingClientRect();
			const scale = 3.6 * parseFloat(getComputedStyle(document.documentElement).fontSize);
			return [left + scale + ((width - scale) * (%v - 20000 + 60000)) / 60000, top + height * (1 - Math.log(%v) / Math.log(30000))];
		})()`, inLane(3, ".plot"), at, took))
		page.run(chromedp.MouseClickXY(place[0]+6, place[1]-5))
	}
	click(15_000, 140)
	says("2 attempts failed.")
	lines := eval[string](page, "[...document.querySelectorAll('#request-lines .name')].map((name) => name.textContent).join()")
	if want := "request,attempt 1,dial,backoff,attempt 2,dial,backoff,attempt 3"; lines != want {
		t.Errorf("the lines are %s, want %s", lines, want)
	}
	if got := page.text("#request-limits"); !strings.Contains(got, "TIMEOUT 1 s for one attempt") || !strings.Contains(got, "RETRY_ATTEMPTS 10") || !strings.Contains(got, "DEADLINE 5 s") {
		t.Errorf("the limits are %q, want all three", got)
	}
	page.shot("request")
	page.key("\u001b") // Escape
	page.until("closed", "!"+open)
	click(12_000, 20)
	says("0 attempts failed.")
	page.key(kb.ArrowRight)
	says("2 attempts failed.")
	page.run(chromedp.Click("#request-close"))
	page.until("closed", "!"+open)

	// By keyboard: the number of the lane is a button, which has the focus again at the end.
	eval[bool](page, "("+inLane(3, ".number")+".focus(), true)")
	page.key("\r")
	says("80 attempts failed.")
	for _, size := range [][2]int64{{360, 640}, {640, 740}, {1280, 720}, {3840, 2160}} {
		page.run(chromedp.EmulateViewport(size[0], size[1]))
		page.until(fmt.Sprintf("the request fits %d x %d", size[0], size[1]), `(() => {
			const dialog = document.getElementById('request');
			const { left, right, top, bottom } = dialog.getBoundingClientRect();
			return left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight && dialog.scrollWidth <= dialog.clientWidth;
		})()`)
	}
	page.key("\u001b")
	page.until("the focus is back", "!"+open+" && document.activeElement === "+inLane(3, ".number"))
	page.run(chromedp.EmulateViewport(1280, 720))

	whole := eval[string](page, "fetch('/take-home.html').then((answer) => answer.text())")
	path := filepath.Join(t.TempDir(), "race.html")
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	page.open((&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	eval[bool](page, "(() => { const seek = document.getElementById('seek'); seek.value = 20000; return seek.dispatchEvent(new Event('input')); })()")
	page.run(chromedp.Click("[data-lane='3'] .number"))
	says("80 attempts failed.")
}

// Of each outcome in a second, a lane keeps the slowest and the fastest request, whatever the load.
func TestTracesAreSampled(t *testing.T) {
	var kept traces
	now := time.Now()
	for i := range 1000 {
		request := trace.Request{Span: tracing.Span{End: tracing.Int(i * 1_000_000)}}
		status := new(tracing.Int(http.StatusOK))
		if i%10 == 0 {
			status = new(tracing.Int(http.StatusInternalServerError))
		}
		attribute := tracing.Attribute{Key: tracing.Status}
		attribute.Value.Number = status
		request.Span.Attributes = tracing.Attributes{attribute}
		kept.add(int64(i), request, trace.Limits{})
	}
	var got []float64
	for _, trace := range kept.take(now) {
		got = append(got, trace.Took)
	}
	if want := []float64{0, 1, 990, 999}; !slices.Equal(got, want) {
		t.Errorf("got requests of %v ms, want %v", got, want)
	}
	kept.add(1000, trace.Request{}, trace.Limits{})
	if again := kept.take(now.Add(tracesEvery / 2)); again != nil {
		t.Errorf("half a second later: got %v, want none", again)
	}
	if again := kept.take(now.Add(tracesEvery)); len(again) != 1 {
		t.Errorf("a second later: got %v, want one", again)
	}
}

func TestThePageTakesSpansAsJSONAlone(t *testing.T) {
	server, _, _ := serve(t)
	for _, test := range []struct {
		kind, body string
		want       int
	}{
		{"application/json", `{"resourceSpans":[]}`, http.StatusOK},
		{"application/x-protobuf", "\n\x00", http.StatusUnsupportedMediaType},
		{"application/json", "{", http.StatusBadRequest},
	} {
		answer, err := http.Post(server.URL()+"/v1/traces", test.kind, strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != test.want || test.want == http.StatusUnsupportedMediaType && !strings.Contains(string(body), "OTEL_EXPORTER_OTLP_PROTOCOL=http/json") {
			t.Errorf("%s %q: got %d %s, want %d", test.kind, test.body, answer.StatusCode, body, test.want)
		}
	}
}
