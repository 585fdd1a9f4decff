package livepage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"chaosworkshop/infra/chaos/page/pagetest"
)

// shots is the environment variable that names a folder for a picture of the page at each step.
const shots = "WORKSHOP_SCREENSHOTS"

// browser is a page in a real browser. An exception in the page fails the test.
type browser struct {
	t   *testing.T
	ctx context.Context
}

// shared is the browser of most tests: to start one takes longer than most of them. endShared ends it. free are its windows that
// no test uses now; a new one takes longer than a new page.
var (
	startShared sync.Once
	shared      context.Context
	endShared   = func() error { return nil }
	freeMutex   sync.Mutex
	free        []tab
)

// tab is a window of the shared browser.
type tab struct {
	ctx context.Context
	end context.CancelFunc // Waits until it has gone.
}

// endBrowser ends the windows and then the browser that the tests share.
func endBrowser() error {
	for _, one := range free {
		one.end()
	}
	return endShared()
}

// openBrowser opens a window on a projector's 1280 x 720 pixels. With flags of the browser, it starts a browser of its own.
func openBrowser(t *testing.T, flags ...chromedp.ExecAllocatorOption) *browser {
	t.Helper()
	path := pagetest.Find(t)
	if len(flags) > 0 {
		ctx, end := startBrowser(path, flags...)
		t.Cleanup(func() {
			if err := end(); err != nil {
				t.Error(err)
			}
		})
		return watch(t, ctx)
	}
	startShared.Do(func() {
		shared, endShared = startBrowser(path)
		if err := chromedp.Run(shared); err != nil {
			t.Error(err)
		}
	})
	freeMutex.Lock()
	defer freeMutex.Unlock()
	if len(free) == 0 {
		// A tab of a window would be hidden behind the others.
		id, err := target.CreateTarget("about:blank").WithNewWindow(true).Do(cdp.WithExecutor(t.Context(), chromedp.FromContext(shared).Browser))
		if err != nil {
			t.Fatal(err)
		}
		ctx, end := chromedp.NewContext(shared, chromedp.WithTargetID(id))
		free = append(free, tab{ctx, end})
		if err := chromedp.Run(ctx); err != nil {
			t.Fatal(err)
		}
	}
	one := free[len(free)-1]
	free = free[:len(free)-1]
	ctx, end := context.WithCancel(one.ctx)
	page := watch(t, ctx)
	t.Cleanup(func() {
		defer end()
		page.open("about:blank") // Its server can end then.
		freeMutex.Lock()
		defer freeMutex.Unlock()
		free = append(free, one)
	})
	return page
}

// startBrowser starts a browser; end waits until it has ended.
func startBrowser(path string, flags ...chromedp.ExecAllocatorOption) (ctx context.Context, end func() error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("enable-precise-memory-info", true), chromedp.WSURLReadTimeout(time.Minute))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // The sandbox refuses to run as root, which CI is.
	}
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), append(options, flags...)...)
	ctx, endBrowser := chromedp.NewContext(allocator)
	return ctx, func() error {
		defer endAllocator()
		defer endBrowser()
		return chromedp.Cancel(ctx)
	}
}

// watch opens the page of a browser context.
func watch(t *testing.T, ctx context.Context) *browser {
	t.Helper()
	chromedp.ListenTarget(ctx, func(event any) {
		if thrown, ok := event.(*runtime.EventExceptionThrown); ok {
			t.Errorf("the page threw %s", thrown.ExceptionDetails.Error())
		}
	})
	page := &browser{t, ctx}
	page.run(chromedp.EmulateViewport(1280, 720), emulation.SetEmulatedMedia())
	return page
}

// run does something in the browser.
func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	// The first run starts the browser, which lives as long as the context that it was given.
	if chromedp.FromContext(b.ctx).Target == nil {
		ctx = b.ctx
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to an address.
func (b *browser) open(url string) { b.t.Helper(); b.run(chromedp.Navigate(url)) }

// key presses a key.
func (b *browser) key(key string) { b.t.Helper(); b.run(chromedp.KeyEvent(key)) }

// eval is the value of an expression in the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	var value T
	b.run(chromedp.Evaluate(expression, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return value
}

// until waits until the expression is true in the page.
func (b *browser) until(what, expression string) {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for !eval[bool](b, "!!("+expression+")") {
		if time.Now().After(deadline) {
			b.shot("failure")
			b.t.Fatalf("not within %s: %s; the page says %q", patience, what, eval[string](b, "document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// text is the text of the first element that the selector finds.
func (b *browser) text(selector string) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf("document.querySelector(%q).textContent", selector))
}

// shot keeps a picture of the page, in each size and theme, if someone wants to look at it.
func (b *browser) shot(name string) {
	b.t.Helper()
	folder := os.Getenv(shots)
	if folder == "" {
		return
	}
	for _, size := range []struct {
		name          string
		width, height int64
		scale         float64
	}{{"1920x1080", 1920, 1080, 1}, {"1280x720", 1280, 720, 1}, {"1024x768", 1024, 768, 1}, {"390x844", 390, 844, 2}, {"1920x1080-zoom200", 960, 540, 2}} {
		for _, theme := range []string{"light", "dark"} {
			var picture []byte
			b.run(
				chromedp.EmulateViewport(size.width, size.height, chromedp.EmulateScale(size.scale)),
				emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}),
			)
			eval[bool](b, "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")
			b.run(chromedp.FullScreenshot(&picture, 100))
			path := filepath.Join(folder, fmt.Sprintf("%s-%s-%s.png", name, size.name, theme))
			if err := os.WriteFile(path, picture, 0o644); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.run(chromedp.EmulateViewport(1280, 720), emulation.SetEmulatedMedia())
}

// inLane is a script's way to an element of the lane with that number.
func inLane(number int, selector string) string {
	return fmt.Sprintf("document.querySelector('[data-lane=\"%d\"] %s')", number, selector)
}

// made is a frame of five lanes that answer well, with points for the half second before t.
func made(t int64, rate int) Frame {
	frame := Frame{T: t, Rate: rate}
	for _, name := range NewHello().Lanes {
		lane := LaneFrame{State: laneUp, Answered: 5 * rate, Success: 1, InTime: 1, P50: 3.1, P99: 9.8, Dials: 1, DialRate: float64(rate)}
		for i := range rate / 2 {
			at := t - 500 + int64(i)*500*2/int64(rate)
			lane.Points = append(lane.Points, float64(at), 2+float64((i*7+int(t/500))%10), 0)
		}
		if name.Breaker {
			lane.Breaker = "closed"
		}
		if name.Health {
			lane.Health = &HealthFrame{Status: "Healthy", Checks: map[string]string{"mysql": "Healthy", "circuitBreaker": "Healthy"}}
		}
		frame.Lanes = append(frame.Lanes, lane)
	}
	return frame
}
