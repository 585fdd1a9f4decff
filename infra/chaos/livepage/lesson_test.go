package livepage

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// under is a frame under the fault; change gets each lane.
func under(t int64, fault string, change func(number int, lane *LaneFrame)) Frame {
	frame := made(t, 50)
	if fault != "" {
		frame.Fault = &FaultFrame{Name: fault, Since: 10_000}
	}
	for i := range frame.Lanes {
		change(i+1, &frame.Lanes[i])
	}
	return frame
}

// show adds the frame, and waits until it is drawn.
func (b *browser) show(hub *Hub, frame Frame) {
	b.t.Helper()
	if err := hub.Add(frame); err != nil {
		b.t.Fatal(err)
	}
	b.until("the frame is drawn", fmt.Sprintf("document.body.dataset.drawn === '%d'", frame.T))
}

// pixels counts the pixels of a colour of the style sheet in a canvas of the lane, from a share of its width to the right end,
// and from one share of its height to another.
func (b *browser) pixels(number int, canvas, colour string, left, top, bottom float64) int {
	b.t.Helper()
	return eval[int](b, fmt.Sprintf(`(() => {
		const probe = document.createElement('i');
		probe.style.color = 'var(--%s)';
		document.body.append(probe);
		const wanted = getComputedStyle(probe).color.match(/\d+/g).map(Number);
		probe.remove();
		const canvas = %s;
		const x = Math.round(canvas.width * %v), y = Math.round(canvas.height * %v);
		const { data } = canvas.getContext('2d').getImageData(x, y, canvas.width - x, Math.max(1, Math.round(canvas.height * %v) - y));
		let count = 0;
		for (let i = 0; i < data.length; i += 4) {
			if (data[i + 3] > 200 && wanted.every((part, j) => Math.abs(part - data[i + j]) < 12)) count++;
		}
		return count;
	})()`, colour, inLane(number, canvas), left, top, bottom))
}

// openLive opens the page of a race that the test makes up.
func openLive(t *testing.T) (*browser, *Hub, *fakeControl) {
	t.Helper()
	t.Parallel()
	server, hub, control := serve(t)
	feed(t, hub, 0, 10_000)
	page := openBrowser(t)
	page.open(server.URL())
	page.until("live", "document.body.dataset.drawn === '10000'")
	return page, hub, control
}

// want fails if the element of the lane has another text.
func (b *browser) want(number int, selector, text string) {
	b.t.Helper()
	if got := eval[string](b, inLane(number, selector)+".textContent"); got != text {
		b.t.Errorf("lane %d, %s: got %q, want %q", number, selector, got, text)
	}
}

// sizeOf is a script for the size of the type of an element of the lane.
func sizeOf(number int, selector string) string {
	return "parseFloat(getComputedStyle(" + inLane(number, selector) + ").fontSize)"
}

// The lesson of exercise 2: under slow, all succeed at the baseline, but late. So the large number is who is served in time.
func TestSlowIsNoTriumphOfTheBaseline(t *testing.T) {
	page, hub, _ := openLive(t)
	page.show(hub, under(10_500, "slow", func(number int, lane *LaneFrame) {
		lane.Points = []float64{}
		switch number {
		case 1:
			lane.InTime, lane.P50, lane.P99 = 0.59, 900, 2800
		case 2:
			lane.Success, lane.InTime, lane.P50, lane.P99 = 0.61, 0.61, 900, 1005
		case 3:
			lane.P99 = 5200
		}
	}))
	page.want(1, ".success b", "59%")
	page.want(1, ".success small", "100% in all")
	if got := page.text("#head-success"); got != "within 1 s" {
		t.Errorf("the head of the large numbers is %q, want what they are", got)
	}
	grade := func(number int, selector string) string {
		return eval[string](page, inLane(number, selector)+".dataset.grade")
	}
	for _, test := range []struct {
		number         int
		selector, want string
	}{{1, "", "poor"}, {1, ".p99", "poor"}, {2, "", "poor"}, {2, ".p99", ""}, {3, ".p99", "bad"}, {5, "", "good"}} {
		if got := grade(test.number, test.selector); got != test.want {
			t.Errorf("lane %d %s: the grade is %q, want %q", test.number, test.selector, got, test.want)
		}
	}
}

// The lesson of exercise 3: under flaky, the large number is who is served at all, however late.
func TestFlakyIsWhatRetriesHeal(t *testing.T) {
	page, hub, _ := openLive(t)
	page.show(hub, under(10_500, "flaky", func(_ int, lane *LaneFrame) { lane.Success, lane.InTime = 0.89, 0.47 }))
	page.want(3, ".success b", "89%")
	page.want(3, ".success small", "47% within 1 s")
}

// How far a breaker is from opening, as under flaky, which it rides out.
func TestBreakerShowsItsFailures(t *testing.T) {
	page, hub, _ := openLive(t)
	page.show(hub, under(10_500, "flaky", func(_ int, lane *LaneFrame) { lane.Failures, lane.Threshold = 3, 12 }))
	page.want(4, ".breaker", "closed 3/12")
	page.show(hub, under(11_000, "", func(_ int, lane *LaneFrame) { lane.Threshold = 12 }))
	page.want(4, ".breaker", "closed")
}

// The load menu marks what this computer does not hold, and says what it holds; nobody is locked out.
func TestLoadMenuMarksWhatThisComputerDoesNotHold(t *testing.T) {
	page, hub, control := openLive(t)
	frame := made(10_500, 50)
	page.show(hub, frame)
	const menu = "[...document.querySelectorAll('#rate option')].map((one) => one.textContent).join()"
	if got, want := eval[string](page, menu), "10/s,25/s,50/s,100/s,200/s"; got != want {
		t.Errorf("before the calibration: got %q, want %q", got, want)
	}
	frame.T, frame.Holds, frame.Rate = 11_000, 80, 300
	page.show(hub, frame)
	if got, want := eval[string](page, menu), "10/s,25/s,50/s,100/s ⚠,200/s ⚠,300/s ⚠"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	const says = "this computer holds about 80/s in each lane; above that, some failures are its own"
	if got := eval[string](page, "document.querySelector('#rate optgroup').label"); got != says {
		t.Errorf("the menu says %q, want %q", got, says)
	}
	if got := page.text("#state-detail"); got != says {
		t.Errorf("at 300 a second, the page says %q, want %q", got, says)
	}
	page.run(chromedp.SetValue("#rate", "200"))
	page.until("the rate was asked for", "fetch('/').then(() => true)")
	if got := control.asked(); got != "rate 200" {
		t.Errorf("asked for %q, want rate 200", got)
	}
}

// The plots hold a line for each limit that the exercise has: none, TIMEOUT, and DEADLINE as well.
func TestPlotsShowTheLimits(t *testing.T) {
	page, hub, _ := openLive(t)
	page.show(hub, under(100_000, "", func(_ int, lane *LaneFrame) { lane.Points = []float64{} })) // The points are out of the picture.
	for number, want := range [6][2]bool{2: {true, false}, 3: {true, true}, 4: {true, true}, 5: {true, true}} {
		if number == 0 {
			continue
		}
		for i, ms := range []float64{1000, 5000} {
			share := eval[float64](page, fmt.Sprintf("1 - (4 + (%s.height / devicePixelRatio - 8) * Math.log(%v) / Math.log(30000)) / (%[1]s.height / devicePixelRatio)",
				inLane(number, ".plot canvas"), ms))
			if got := page.pixels(number, ".plot canvas", "ink", 0.6, share-0.03, share+0.03) > 30; got != want[i] {
				t.Errorf("lane %d has a line at %v ms: %v, want %v", number, ms, got, want[i])
			}
		}
	}
}

// The lessons of exercises 4 and 5: in an outage the retries hit the database, an open breaker spares it, and a load balancer
// that believes the health takes the app out.
func TestOutageIsManyDialsAgainstNone(t *testing.T) {
	page, hub, _ := openLive(t)
	outage := func(number int, lane *LaneFrame) {
		lane.Success, lane.InTime = 0, 0
		switch number {
		case 3:
			lane.Dials, lane.DialRate, lane.Waiting = 10, 500, 250
		case 4, 5:
			lane.Dials, lane.DialRate, lane.Breaker = 0, 0, "open"
		}
		if number == 5 {
			lane.Health.Status = "Unhealthy"
		}
	}
	for at := int64(10_500); at < 40_000; at += 500 {
		if err := hub.Add(under(at, "outage", outage)); err != nil {
			t.Fatal(err)
		}
	}
	page.show(hub, under(40_000, "outage", outage))
	page.shot("outage")
	page.want(3, ".dials b", "10")
	page.want(3, ".dials .rate", "500/s")
	page.want(3, ".dials .waiting", "250 waiting")
	page.want(4, ".dials .rate", "0/s")
	// The dials are the larger numbers, and their colours tell many from few.
	for number, want := range map[int]string{1: "", 3: "many", 4: "few"} {
		if got := eval[string](page, inLane(number, ".dials b")+".dataset.load"); got != want {
			t.Errorf("lane %d: its dials are %q, want %q", number, got, want)
		}
	}
	if size := eval[float64](page, sizeOf(3, ".dials b")+" / "+sizeOf(3, ".success b")); size < 1.4 {
		t.Errorf("the dials are %.1f times as large as the success, want 1.4 at least", size)
	}
	page.want(5, ".balancer b", "taken out")
	strips := map[string]func(colour string) int{}
	for name, number := range map[string]int{"timeout": 2, "retry": 3, "breaker": 4, "health": 5} {
		strips[name] = func(colour string) int { return page.pixels(number, ".strips canvas", colour, 0.7, 0, 1) }
	}
	if baseline, retry, breaker := strips["timeout"]("quiet"), strips["retry"]("error"), strips["breaker"]("error")+strips["breaker"]("quiet"); retry < 4*baseline || baseline == 0 || breaker > 0 {
		t.Errorf("the dials of timeout, retry and breaker cover %d, %d and %d pixels, want some, many and none", baseline, retry, breaker)
	}
	if retry, timeout := strips["retry"]("no-answer"), strips["timeout"]("no-answer"); retry < 1000 || timeout > 0 {
		t.Errorf("those who wait cover %d pixels in lane 3 and %d in lane 2, want many and none", retry, timeout)
	}
	if open, none := strips["breaker"]("rejected"), strips["retry"]("rejected"); open < 500 || none > 0 {
		t.Errorf("an open breaker covers %d pixels in lane 4 and %d in lane 3, want many and none", open, none)
	}
	if sick, none := strips["health"]("error"), strips["breaker"]("error"); sick < 500 || none > 0 {
		t.Errorf("bad health covers %d pixels in lane 5 and %d in lane 4, want many and none", sick, none)
	}
	page.show(hub, made(40_500, 50))
	page.want(5, ".balancer b", "in rotation")
	if size := eval[float64](page, sizeOf(3, ".success b")+" / "+sizeOf(3, ".dials b")); size < 1.2 {
		t.Errorf("in calm, the success is %.1f times as large as the dials, want 1.2 at least", size)
	}
}

func TestCardAfterAFault(t *testing.T) {
	page, hub, _ := openLive(t)
	open := func(want bool) {
		t.Helper()
		if got := eval[bool](page, "!document.getElementById('card').hidden && [...document.querySelectorAll('.toll')].every((toll) => !toll.hidden)"); got != want {
			t.Errorf("a card is open: %v, want %v", got, want)
		}
	}
	after := func(t, from, to int64, recovered int64) Frame {
		frame := under(t, "", func(_ int, lane *LaneFrame) {
			lane.Toll = &Toll{Answered: 200, Served: 22, Rejected: 7, Worst: 5012, Wasted: 5158, Recovered: recovered}
		})
		frame.After = &AfterFrame{"outage", from, to}
		return frame
	}
	page.show(hub, under(10_500, "outage", func(int, *LaneFrame) {}))
	open(false)
	page.show(hub, after(30_500, 3000, 30_000, -1))
	open(true)
	if got, want := page.text("#card-name"), "After outage (0:27)"; got != want {
		t.Errorf("the card is called %q, want %q", got, want)
	}
	words := eval[string](page, inLane(3, ".toll")+".innerText.replaceAll('\\n', ' ')")
	if want := "served 11% longest wait 5.01 s recovered in not yet dials wasted 5158 rejected (503) 7"; words != want {
		t.Errorf("the card says %q, want %q", words, want)
	}
	page.show(hub, after(31_000, 3000, 30_000, 611))
	open(true)
	page.want(3, ".toll [data-word^=recovered] dd", "611 ms")
	page.shot("card")
	page.run(chromedp.Click("#card-close"))
	open(false)
	page.show(hub, after(31_500, 3000, 30_000, 611))
	open(false)
	page.show(hub, after(40_500, 35_000, 40_000, 611)) // Of the next fault.
	open(true)
	page.key("\u001b") // Escape
	open(false)
	page.show(hub, after(50_500, 45_000, 50_000, 611))
	open(true)
	whole := eval[string](page, "fetch('/take-home.html').then((answer) => answer.text())")
	page.show(hub, under(51_000, "slow", func(int, *LaneFrame) {}))
	open(false)

	path := filepath.Join(t.TempDir(), "race.html")
	if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
		t.Fatal(err)
	}
	page.open((&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	eval[bool](page, "(() => { const seek = document.getElementById('seek'); seek.value = 50500; return seek.dispatchEvent(new Event('input')); })()")
	page.until("the card of the recording", "!document.getElementById('card').hidden")
	open(true)
}

func TestPauseFreezesTheNumbersAndThePlots(t *testing.T) {
	page, hub, _ := openLive(t)
	paused := func(change func(number int, lane *LaneFrame)) Frame {
		frame := under(10_500, "", change)
		frame.Paused = true
		return frame
	}
	if err := hub.Add(paused(func(int, *LaneFrame) {})); err != nil {
		t.Fatal(err)
	}
	page.until("paused", "document.getElementById('state-name').textContent === 'Paused'")
	picture := "[...document.querySelectorAll('.lane canvas')].map((canvas) => canvas.toDataURL()).join() + document.querySelector('.lanes').innerText"
	eval[bool](page, "new Promise((done) => setTimeout(done, 300)).then(() => { window.before = "+picture+"; return true; })")
	for range 20 {
		frame := paused(func(_ int, lane *LaneFrame) {
			lane.Answered, lane.Success, lane.InTime, lane.P50, lane.P99, lane.Dials, lane.DialRate = 0, 0, 0, 0, 0, -1, 0
			lane.Points = []float64{10_500, 5000, 4}
		})
		frame.Rate = 100 // To know when it is drawn.
		if err := hub.Add(frame); err != nil {
			t.Fatal(err)
		}
	}
	page.until("the last frame is drawn", "document.getElementById('rate').value === '100'")
	page.want(1, ".success b", "100%")
	// The scale of the strips follows the rate; the rest is as it was.
	if eval[bool](page, "[...document.querySelectorAll('.plot canvas')].some((canvas) => !window.before.includes(canvas.toDataURL()))") {
		t.Error("a plot changed in the pause")
	}
	if got := eval[string](page, "[...document.querySelectorAll('.plot')].map((plot) => getComputedStyle(plot.querySelector('canvas')).opacity + plot.querySelector('.over').hidden).join()"); got != strings.Repeat(",1true", 5)[1:] {
		t.Errorf("opacity and hidden words over the plots are %s, want full contrast and no words", got)
	}
	page.show(hub, under(11_000, "", func(_ int, lane *LaneFrame) { lane.Success = 0.5 }))
	page.want(1, ".success b", "50%")
}

func TestKeysActWhateverHasTheFocusAndNeverTwice(t *testing.T) {
	page, _, control := openLive(t)
	asked := 0
	press := func(key, want string) {
		t.Helper()
		page.key(key)
		deadline := time.Now().Add(patience)
		for calls := control.asked(); ; calls = control.asked() {
			all := strings.Split(calls, ", ")
			if calls != "" && len(all) > asked {
				if got := strings.Join(all[asked:], ", "); got != want {
					t.Errorf("%q on %s asked for %q, want %q", key, eval[string](page, "document.activeElement.id + document.activeElement.textContent"), got, want)
				}
				asked = len(all)
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%q on %s asked for nothing", key, eval[string](page, "document.activeElement.id"))
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	count := eval[int](page, "window.all = [...document.querySelectorAll('button:enabled, select, a')].filter((one) => one.offsetParent && one.id !== 'take-home'), window.all.length")
	for i := range count {
		eval[bool](page, fmt.Sprintf("window.all[%d].focus(), true", i))
		for key, want := range map[string]string{" ": "pause true", "0": "calm", "3": "inject outage", "5": "inject blackhole"} {
			press(key, want)
		}
	}
	// A second request of a key would have come by now.
	eval[bool](page, "fetch('/').then(() => true)")
	if got := len(strings.Split(control.asked(), ", ")); got != asked {
		t.Errorf("asked for %d actions, want %d", got, asked)
	}
	if got := eval[string](page, "document.getElementById('rate').value"); got != "50" {
		t.Errorf("the keys chose a load of %s, want 50 as before", got)
	}

	eval[bool](page, "document.getElementById('keys').click(), document.getElementById('pool').focus(), true")
	page.key("3")
	press(" ", "pool true") // As the browser has it.
	page.open(eval[string](page, "location.href"))
	page.until("live", "document.body.dataset.drawn === '10000'")
	page.key("3")
	eval[bool](page, "document.getElementById('keys').click(), true")
	press("1", "inject slow")
}

func TestNoTwoButtonsHaveOneName(t *testing.T) {
	page, _, _ := openLive(t)
	names := eval[[]string](page, "[...document.querySelectorAll('button, a')].filter((one) => one.offsetParent).map((one) => one.textContent.replace(/\\s.*/, '').toLowerCase())")
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] || name == "" {
			t.Errorf("two buttons begin with %q: %v", name, names)
		}
		seen[name] = true
	}
	if len(names) < 15 {
		t.Errorf("%d buttons, want all", len(names))
	}
}

func TestExplanationNamesTheFaultThatIsOn(t *testing.T) {
	page, hub, _ := openLive(t)
	hover := func(fault string) {
		t.Helper()
		eval[bool](page, fmt.Sprintf("(() => { const one = document.querySelector('#faults [data-fault=%s]'); one.focus(); return one.dispatchEvent(new MouseEvent('mouseenter')); })()", fault))
	}
	explained := func(want string) {
		t.Helper()
		if got := page.text("#explain-name"); got != want {
			t.Errorf("%q is explained, want %q", got, want)
		}
	}
	explained("calm")
	hover("cut")
	explained("cut")
	page.show(hub, under(10_500, "outage", func(int, *LaneFrame) {}))
	explained("outage")
	hover("sliced")
	explained("outage")
	page.show(hub, made(11_000, 50))
	explained("calm")
	hover("sliced")
	explained("sliced")
	eval[bool](page, "document.activeElement.dispatchEvent(new MouseEvent('mouseleave')), true")
	explained("calm")
}

// longestScript bounds the script of a frame in a window of full HD, in time on the processor. The aim is 16 ms; a shared computer
// may be half as fast.
const longestScript = 32 * time.Millisecond

func TestFrameTakesLittleScript(t *testing.T) {
	server, hub, _ := serve(t)
	feed(t, hub, 0, 60_000)
	page := openBrowser(t)
	page.run(chromedp.EmulateViewport(1920, 1080), performance.Enable().WithTimeDomain(performance.EnableTimeDomainThreadTicks))
	page.open(server.URL())
	page.until("live", "document.body.dataset.drawn === '60000'")
	script := func() (seconds float64) {
		page.run(chromedp.ActionFunc(func(ctx context.Context) error {
			metrics, err := performance.GetMetrics().Do(ctx)
			for _, metric := range metrics {
				if metric.Name == "ScriptDuration" {
					seconds = metric.Value
				}
			}
			return err
		}))
		return seconds
	}
	const frames = 20
	before := script()
	for i := range int64(frames) {
		page.show(hub, made(60_500+500*i, 50))
	}
	took := time.Duration((script() - before) / frames * float64(time.Second))
	t.Logf("a frame took %s of script", took.Round(100*time.Microsecond))
	if took == 0 || took > longestScript {
		t.Errorf("a frame takes %s of script, want %s at most", took, longestScript)
	}
}
