package livepage

import (
	"fmt"
	"net"
	"os"
	"testing"
	"time"
)

// longestToPixel bounds the time from an event to its picture.
const longestToPixel = 1500 * time.Millisecond

func TestRaceInTheBrowser(t *testing.T) {
	t.Parallel()
	page := openBrowser(t)
	listener, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	race := startRace(t, func(options *Options) {
		options.Traces = "http://" + listener.Addr().String()
		if os.Getenv(shots) != "" {
			options.TTL = time.Hour
		}
	})
	server, err := Serve(listener, race.hub, race)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	page.open(server.URL())
	every := func(what, condition string) {
		t.Helper()
		page.until(what, "document.querySelectorAll('.lane').length === 5 && [...document.querySelectorAll('.lane')].every((lane) => "+condition+")")
	}
	great := "lane.dataset.state === 'up' && lane.querySelector('.success b').textContent === '100%'"
	every("five live lanes", great)
	time.Sleep(settle(page))
	page.shot("calm")

	// Notes when the fault is drawn, by the page's own clock: the band is in the document and a picture was made.
	eval[bool](page, `window.drawn = new Promise((done) => new MutationObserver(() => {
		if (document.querySelector('#bands [data-fault=slow]')) requestAnimationFrame(() => setTimeout(() => done(Date.now())));
	}).observe(document.body, { subtree: true, childList: true })), true`)
	began := time.Now()
	if err := race.Inject(t.Context(), "slow"); err != nil {
		t.Fatal(err)
	}
	drawn := time.UnixMilli(int64(eval[float64](page, "window.drawn"))).Sub(began)
	t.Logf("from the fault to its band on the screen: %s", drawn.Round(time.Millisecond))
	if drawn > longestToPixel {
		t.Errorf("from the fault to its band took %s, want %s at most", drawn, longestToPixel)
	}
	page.until("stage 2 loses answers that stage 1 waits for", inLane(2, ".success small")+".textContent !== '100% in all' && "+inLane(2, ".p99")+".textContent.startsWith('1.0')")
	time.Sleep(settle(page))
	page.shot("slow")

	page.key("2")
	page.until("retries pay", fmt.Sprintf("parseInt(%s.textContent) > parseInt(%s.textContent) + 25",
		inLane(3, ".success b"), inLane(2, ".success b")))
	time.Sleep(settle(page))
	page.shot("flaky")
	page.until("a request that was retried", "("+inLane(3, ".number")+".click(), [...document.querySelectorAll('#request-lines .attempt')].length > 1 && document.querySelector('#request-lines .dial'))")
	page.shot("flaky-request")
	page.key("\u001b") // Escape

	page.key("3")
	page.until("lane 4 is open", inLane(4, ".breaker")+".dataset.state === 'open'")
	page.until("lane 5 is open and unhealthy", inLane(5, ".breaker")+".dataset.state === 'open' && "+inLane(5, ".health")+".dataset.state === 'Unhealthy'")
	page.until("lane 3 dials again and again, lane 4 no more", fmt.Sprintf("parseFloat(%s.textContent) >= 3 && parseFloat(%s.textContent) < 0.5",
		inLane(3, ".dials b"), inLane(4, ".dials b")))
	frame := race.until(t, "lane 4 fails fast under the outage", func(f Frame) bool {
		return f.Fault != nil && f.Fault.Name == "outage" && f.Lanes[3].Breaker == "open" && f.Lanes[3].Left > 0 &&
			f.Lanes[3].Failures > 0 && f.Lanes[3].Threshold == 12 &&
			f.Lanes[3].P50 < 50 && f.Lanes[3].Dials < 0.5 && f.Lanes[2].Dials > 2 && f.Lanes[2].Success == 0 && f.Lanes[2].Breaker == ""
	})
	if frame.Fault.Left <= 0 || frame.Fault.Left > race.options.TTL.Milliseconds() {
		t.Errorf("the fault is left for %d ms, want %s at most", frame.Fault.Left, race.options.TTL)
	}
	if !eval[bool](page, inLane(3, ".breaker")+".hidden") {
		t.Error("lane 3 shows a breaker, want none")
	}
	time.Sleep(settle(page))
	page.shot("outage")

	page.key("0")
	page.until("lane 4 closes", inLane(4, ".breaker")+".dataset.state === 'closed'")
	every("all lanes recover", great)
	time.Sleep(settle(page))
	page.shot("recovery")
	if os.Getenv(shots) != "" {
		page.key("5")
		time.Sleep(2 * settle(page))
		page.shot("blackhole")
	}
	page.until("the breaker's news", "document.querySelectorAll('#bands div').length > 0")

	proxy := race.toxi.ProxyAddr()
	if err := race.Inject(t.Context(), "blackhole"); err != nil {
		t.Fatal(err)
	}
	if err := race.end(); err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", proxy); err == nil {
		conn.Close()
		t.Error("the proxy still listens after the end")
	}
}

// settle is how long a picture needs to show something: only where someone looks at it.
func settle(page *browser) time.Duration {
	page.t.Helper()
	if os.Getenv(shots) == "" {
		return 0
	}
	return 8 * time.Second
}
