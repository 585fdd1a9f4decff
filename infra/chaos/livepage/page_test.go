package livepage

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/chromedp"

	"chaosworkshop/infra/chaos/page/pagetest"
)

// feed adds frames of a calm race every half second of its time, up to t.
func feed(t *testing.T, hub *Hub, from, to int64) {
	t.Helper()
	for at := from; at <= to; at += 500 {
		if err := hub.Add(made(at, 50)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPageShowsEveryState(t *testing.T) {
	server, hub, control := serve(t)
	page := openBrowser(t)
	page.open(server.URL())
	page.until("the page is connected", "document.body.dataset.link === 'live'")

	frame := made(0, 50)
	for i, state := range []laneState{laneBuilding, laneStarting, laneDown, laneWaiting, laneUp} {
		frame.Lanes[i] = LaneFrame{State: state, Dials: -1, Points: []float64{}}
	}
	frame.Lanes[2].Reason = "the app ended with exit status 2: <b>boom</b>"
	if err := hub.Add(frame); err != nil {
		t.Fatal(err)
	}
	page.until("a lane is down, and says why", inLane(3, ".over")+".textContent.includes('exit status 2: <b>boom</b>')")
	page.until("the race gets ready", "document.getElementById('state-name').textContent === 'Getting ready'")
	page.shot("loading")

	feed(t, hub, 500, 20_000)
	page.until("calm", "document.getElementById('state-name').textContent === 'Calm'")
	for number, want := range map[int]string{1: "100%", 5: "100%"} {
		if got := eval[string](page, inLane(number, ".success b")+".textContent"); got != want {
			t.Errorf("lane %d shows %s, want %s", number, got, want)
		}
	}

	broken := made(20_500, 50)
	broken.Fault = &FaultFrame{Name: "outage", Since: 20_200, Left: 250_000}
	broken.Lanes[3].Breaker, broken.Lanes[3].Left, broken.Lanes[3].Success = "open", 4200, 0
	broken.Lanes[4].Health.Status = "Unhealthy"
	if err := hub.Add(broken); err != nil {
		t.Fatal(err)
	}
	page.until("the breaker's countdown", inLane(4, ".breaker")+".textContent.trim() === 'open 5 s'")
	page.until("the health", inLane(5, ".health")+".textContent === 'Unhealthy'")
	page.until("a band across the lanes", "document.querySelector('#bands [data-fault=outage][data-open=true]')")
	page.until("the news for a screen reader", "document.getElementById('announcer').textContent.includes('Fault outage.')")
	if got := page.text("#explain-cli"); got != "toxiproxy-cli toxic add -t timeout --tox 1 -a timeout=100 mysql_proxy" {
		t.Errorf("the line to copy is %q", got)
	}

	paused := made(20_500, 50)
	paused.Paused = true
	if err := hub.Add(paused); err != nil {
		t.Fatal(err)
	}
	page.until("paused", "document.getElementById('pause').getAttribute('aria-pressed') === 'true'")

	for _, key := range []string{"1", "2", "3", "4", "0", " "} {
		page.key(key)
	}
	page.run(chromedp.Click("#pool"), chromedp.Click("#reset"), chromedp.SetValue("#rate", "100"))
	eval[bool](page, "document.getElementById('rate').dispatchEvent(new Event('change'))")
	want := []string{"inject slow", "inject flaky", "inject outage", "inject delay", "calm", "pause false", "pool true", "reset", "rate 100"}
	deadline := time.Now().Add(patience)
	for !hasAll(control.asked(), want) {
		if time.Now().After(deadline) {
			t.Fatalf("the page asked for %s, want %v", control.asked(), want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// hasAll tells whether the text holds every part: the browser may send requests side by side.
func hasAll(text string, parts []string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func TestPageFitsTheScreen(t *testing.T) {
	page, hub, _ := openLive(t)
	page.show(hub, under(10_500, "slow", func(int, *LaneFrame) {})) // The fault with the longest command.
	for _, size := range []struct{ width, height int64 }{{1024, 768}, {1280, 720}, {1920, 1080}, {3840, 2160}} {
		page.run(chromedp.EmulateViewport(size.width, size.height))
		page.until(fmt.Sprintf("nothing to scroll at %dx%d", size.width, size.height),
			"document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight")
		if got := eval[float64](page, "document.querySelector('.success b').getBoundingClientRect().height / innerHeight"); got < 0.03 {
			t.Errorf("at %dx%d the big number is %.1f %% of the height, want 3 %% at least", size.width, size.height, 100*got)
		}
		// The plots follow a moment later.
		page.until(fmt.Sprintf("everything in a lane fits its column at %dx%d", size.width, size.height),
			"[...document.querySelectorAll('.lane > *')].every((part) => part.scrollWidth <= Math.ceil(part.getBoundingClientRect().width) + 1)")
		page.until(fmt.Sprintf("nothing reaches into the right margin at %dx%d", size.width, size.height),
			"[...document.querySelectorAll('.top, .explain > *, .race')].every((part) => part.getBoundingClientRect().right <= "+
				"innerWidth - parseFloat(getComputedStyle(document.body).paddingRight) + 1)")
	}
}

func TestPageIsAccessible(t *testing.T) {
	page, hub, _ := openLive(t)
	broken := func(number int, lane *LaneFrame) {
		lane.Success, lane.InTime, lane.P50, lane.P99, lane.Dials, lane.Waiting = 0.5, 0.5, 1200, 5500, 10, 200
		if number > 3 {
			lane.Success, lane.Dials, lane.Breaker = 0, 0, []string{4: "open", 5: "half-open"}[number]
		}
		if number == 5 {
			lane.Health.Status = "Degraded"
		}
	}
	page.show(hub, under(10_500, "flaky", broken))
	pagetest.Accessible(t, page.ctx)
	page.show(hub, under(11_000, "outage", func(number int, lane *LaneFrame) {
		broken(number, lane)
		lane.Success, lane.InTime = 0, 0
		if number == 5 {
			lane.Health.Status = "Unhealthy"
		}
	}))
	pagetest.Accessible(t, page.ctx)
	after := under(40_500, "", func(_ int, lane *LaneFrame) {
		lane.Toll = &Toll{Answered: 200, Served: 120, Worst: 3000, Wasted: 5158, Recovered: -1}
	})
	after.After, after.Overloaded = &AfterFrame{"outage", 10_000, 40_000}, true
	page.show(hub, after)
	pagetest.Accessible(t, page.ctx)
}

// From a phone to a desk at twice its zoom, the page scrolls down, never sideways.
func TestPageFitsANarrowScreen(t *testing.T) {
	page, hub, _ := openLive(t)
	frame := under(20_000, "", func(number int, lane *LaneFrame) {
		lane.Waiting, lane.DialRate, lane.P50, lane.P99 = 500, 1234, 10_001, 10_150
		lane.Toll = &Toll{Answered: 1000, Worst: 10_150, Wasted: 12_345, Rejected: 1000, Recovered: 12_345}
	})
	frame.After = &AfterFrame{Name: "blackhole", To: 600_000}
	page.show(hub, frame)
	for _, width := range []int64{360, 390, 512, 640, 800, 1023, 1024} {
		page.run(chromedp.EmulateViewport(width, 740))
		page.until(fmt.Sprintf("nothing to scroll sideways at %d", width), "document.documentElement.scrollWidth <= innerWidth")
		page.until(fmt.Sprintf("all parts are inside at %d", width),
			"[...document.querySelectorAll('body *:not(.unseen)')].every((part) => part.getBoundingClientRect().right <= innerWidth + 1)")
	}
}

func TestPageComesBackAfterTheServer(t *testing.T) {
	server, hub, _ := serve(t)
	feed(t, hub, 0, 5000)
	page := openBrowser(t)
	page.open(server.URL())
	page.until("live", "document.body.dataset.drawn === '5000'")
	address := server.listener.Addr().String()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	page.until("the loss is shown", "document.getElementById('link').textContent.startsWith('connection lost')")
	page.shot("lost")

	listener, err := Listen(portIn(t, address))
	if err != nil {
		t.Fatal(err)
	}
	second := newTestHub(t, &bytes.Buffer{})
	feed(t, second, 0, 2000)
	again, err := Serve(listener, second, &fakeControl{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	page.until("the page is back by itself", "document.body.dataset.link === 'live' && document.body.dataset.drawn === '2000'")
}

func TestHostilePageCannotAct(t *testing.T) {
	server, hub, control := serve(t)
	feed(t, hub, 0, 1000)
	target := server.URL()
	_, port, _ := strings.Cut(strings.TrimPrefix(target, "http://"), ":")
	attack := `<!doctype html><form id="f" method="post" enctype="text/plain" target="frame" action="` + target + `/api/fault">
		<input name='{"name":"outage","x":"' value='"}'></form><iframe name="frame"></iframe><iframe src="` + target + `"></iframe>
		<script>
		const json = { method: 'POST', body: '{"name":"outage"}', headers: { 'Content-Type': 'application/json' } };
		const text = { method: 'POST', body: '{"name":"outage"}', mode: 'no-cors' };
		const tries = [fetch('` + target + `/api/fault', json), fetch('` + target + `/api/fault', text),
			fetch('http://localhost:` + port + `/api/fault', json), fetch('` + target + `/api/fault?name=outage', { mode: 'no-cors' }),
			fetch('http://evil.example:` + port + `/api/fault', json), fetch('http://evil.example:` + port + `/api/calm', json)];
		document.getElementById('f').submit();
		let events = 'none';
		const source = new EventSource('` + target + `/events');
		source.onmessage = () => { events = 'read'; };
		Promise.allSettled(tries).then((all) => { window.tried = all.map((one) => one.value?.status ?? 'blocked').join(); });
		</script>`
	hostile := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(attack))
	}))
	t.Cleanup(hostile.Close)

	page := openBrowser(t, chromedp.Flag("host-resolver-rules", "MAP evil.example 127.0.0.1"))
	page.open(hostile.URL)
	page.until("every attack was tried", "window.tried")
	t.Logf("the attacks got %s", eval[string](page, "window.tried"))
	if got := eval[string](page, "events"); got != "none" {
		t.Error("a hostile page can read the race")
	}
	// A name that the attacker made point here is an origin of its own: its page would be same-origin with the live page.
	page.open("http://evil.example:" + port + "/")
	status := eval[float64](page, `fetch('/api/fault', { method: 'POST', body: '{"name":"outage"}', headers: { 'Content-Type': 'application/json' } }).then((r) => r.status)`)
	if status != http.StatusMisdirectedRequest {
		t.Errorf("a rebound name got %v, want 421", status)
	}
	if got := control.asked(); got != "" {
		t.Errorf("a hostile page made the race do: %s", got)
	}
	// The live page itself may: the attacks failed for the right reason.
	page.open(target)
	page.until("live", "document.body.dataset.drawn === '1000'")
	page.key("3")
	deadline := time.Now().Add(patience)
	for control.asked() != "inject outage" {
		if time.Now().After(deadline) {
			t.Fatalf("our own page asked for %q", control.asked())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestReplay(t *testing.T) {
	t.Parallel()
	var recorded bytes.Buffer
	hub := newTestHub(t, &recorded)
	feed(t, hub, 0, 5000)
	broken := made(5500, 50)
	broken.Fault = &FaultFrame{Name: "outage", Since: 5200}
	broken.Lanes[3].Breaker = "open"
	if err := hub.Add(broken); err != nil {
		t.Fatal(err)
	}
	run, err := readRecording(&recorded)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	server, err := Serve(listener, run, nil)
	if err != nil {
		t.Fatal(err)
	}
	page := openBrowser(t)
	page.open(server.URL())
	page.until("the replay plays", "document.body.dataset.link === 'replay' && Number(document.body.dataset.drawn) > 0")
	// It no longer needs its server.
	whole := eval[string](page, "fetch('/take-home.html').then((answer) => answer.text())")
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	page.until("the recorded outage", inLane(4, ".breaker")+".dataset.state === 'open' && document.querySelector('#bands [data-fault=outage]')")
	page.shot("replay")
	if got := eval[string](page, inLane(3, ".breaker")+".hidden ? 'none' : 'some'"); got != "none" {
		t.Error("lane 3 shows a breaker, want none")
	}
	eval[bool](page, `(() => { const seek = document.getElementById('seek'); seek.value = 2000; return seek.dispatchEvent(new Event('input')); })()`)
	page.until("the position before the outage", inLane(4, ".breaker")+".dataset.state === 'closed'")
	if got := eval[string](page, "[...document.querySelectorAll('#faults button')].map((button) => button.textContent).join()"); got != "start 0,outage 0:05 1" {
		t.Errorf("the buttons are %q, want the chapters: nothing in a replay can be broken", got)
	}
	page.key("1")
	page.until("the chapter of the outage", inLane(4, ".breaker")+".dataset.state === 'open' && document.querySelector('#faults [aria-pressed=true]').textContent === 'outage 0:05 1'")
	page.key("0")
	page.until("the start again", inLane(4, ".breaker")+".dataset.state === 'closed' && !document.querySelector('#faults [aria-pressed=true]')")

	path := filepath.Join(t.TempDir(), "chaos race.html")
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	page.open((&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	page.until("the take-home page plays from a file", inLane(4, ".breaker")+".dataset.state === 'open'")
	page.shot("take-home")
}

// A race goes on for hours: the page keeps what it shows, and forgets the rest.
func TestPageKeepsUpAndForgets(t *testing.T) {
	t.Parallel()
	server, hub, _ := serve(t)
	feed(t, hub, 0, 500)
	page := openBrowser(t)
	page.open(server.URL())
	page.until("live", "document.body.dataset.drawn === '500'")
	// race goes through the page as fast as it takes it, and returns what the heap then holds, in bytes.
	race := func(from, minutes int64) float64 {
		for at := from * 60_000; at < (from+minutes)*60_000; at += 10_000 {
			feed(t, hub, at+1000, at+10_000)
			// In step with the page, or the hub would cut it off.
			page.until("the page keeps up", fmt.Sprintf("document.body.dataset.drawn === '%d'", at+10_000))
		}
		page.run(heapprofiler.CollectGarbage())
		return eval[float64](page, "performance.memory.usedJSHeapSize")
	}
	const first, more = 2, 4 // Minutes: the plots show one.
	before := race(0, first)
	start := time.Now()
	after := race(first, more)
	took := time.Since(start)
	t.Logf("%d minutes of 5 x 50 answers a second took the page %s; the heap went from %.1f to %.1f MB", more, took.Round(time.Second), before/1e6, after/1e6)
	// To keep the points alone would take 8 bytes for each of 3 numbers.
	if kept := after - before; kept > more*60*5*50*3*8/2 {
		t.Errorf("the heap grew by %.1f MB in %d minutes, want nothing", kept/1e6, more)
	}
	if took > more*time.Minute/4 {
		t.Errorf("%d minutes took %s: the page does not keep up", more, took)
	}
	if bands := eval[int](page, "document.querySelectorAll('#bands div').length"); bands > 0 {
		t.Errorf("%d bands are kept, want none", bands)
	}
}

func TestLatencyAxisIsLogarithmic(t *testing.T) {
	chart, err := os.ReadFile("../page/site/chart.js")
	if err != nil {
		t.Fatal(err)
	}
	page := openBrowser(t)
	heights := eval[[]float64](page, string(chart)+";\n[1, 10, 100, 1000, 10000, 0, 1e9].map(heightOf)")
	decade := heights[1] - heights[0]
	for i := range 4 {
		if got := heights[i+1] - heights[i]; got < decade-1e-9 || got > decade+1e-9 || got <= 0 {
			t.Errorf("decade %d is %v of the height, want %v", i, got, decade)
		}
	}
	if bottom, top := heights[5], heights[6]; bottom != 0 || top != 1 {
		t.Errorf("no latency stands at %v and too much at %v, want 0, the bottom, and 1, the top", bottom, top)
	}
}
