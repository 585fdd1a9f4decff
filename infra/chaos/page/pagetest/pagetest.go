// Package pagetest opens the project's pages in a real browser, for their tests.
package pagetest

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"chaosworkshop/infra/internal/require"
)

// Page is a page in a browser of its own. The test fails if the page throws, or asks for anything but itself.
type Page struct {
	t *testing.T
	// Context is that of the browser, for chromedp.
	Context context.Context
}

// Find returns the path of a Chromium browser, or ends the test.
func Find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	require.Missing(t, "a Chromium browser")
	return ""
}

// Open opens the page at the URL. The browser ends with the test, or after a minute.
func Open(t *testing.T, url string) *Page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(Find(t)), chromedp.NoSandbox, chromedp.WindowSize(1600, 1000), chromedp.Flag("disable-quic", true))
	allocated, endBrowser := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(endBrowser)
	ctx, endTab := chromedp.NewContext(allocated)
	t.Cleanup(endTab)
	ctx, endTime := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(endTime)
	chromedp.ListenTarget(ctx, func(event any) {
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %s", event.ExceptionDetails.Error())
		case *network.EventRequestWillBeSent:
			if asked := event.Request.URL; !strings.HasPrefix(asked, url) && !strings.HasPrefix(asked, "data:") {
				t.Errorf("the page asks the network for %s", asked)
			}
		}
	})
	page := &Page{t, ctx}
	page.Run(network.Enable(), chromedp.Navigate(url))
	return page
}

// Run does something in the browser.
func (p *Page) Run(actions ...chromedp.Action) {
	p.t.Helper()
	if err := chromedp.Run(p.Context, actions...); err != nil {
		p.t.Fatal(err)
	}
}

// Until waits until the expression is true in the page.
func (p *Page) Until(what, expression string) {
	p.t.Helper()
	for now, deadline := false, time.Now().Add(30*time.Second); ; time.Sleep(20 * time.Millisecond) {
		p.Run(chromedp.Evaluate("!!("+expression+")", &now))
		if now {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not in time: %s", what)
		}
	}
}

// Fits fails the test if something is wider than the window, from a phone to a 4K screen.
func (p *Page) Fits() {
	p.t.Helper()
	for _, size := range [][2]int64{{360, 740}, {390, 844}, {800, 600}, {1024, 768}, {1280, 720}, {1920, 1080}, {3840, 2160}} {
		var wide []string
		p.Run(chromedp.EmulateViewport(size[0], size[1]), chromedp.Evaluate(`[document.documentElement, ...document.body.querySelectorAll('*')].filter((one) =>
			one.scrollWidth > innerWidth || one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))`, &wide))
		if len(wide) > 0 {
			p.t.Errorf("at %d x %d: wider than the window: %q", size[0], size[1], wide)
		}
	}
}

// Accessible fails the test if, in the light or the dark theme, something in the page is hard to perceive.
func (p *Page) Accessible() {
	p.t.Helper()
	Accessible(p.t, p.Context)
}

// Accessible is Page.Accessible for a page of the caller's browser: a text has too little contrast (WCAG 1.4.3), what can be used has
// no name, or an id is not unique.
func Accessible(t *testing.T, browser context.Context) {
	t.Helper()
	for _, theme := range []string{"light", "dark"} {
		var found []string
		err := chromedp.Run(browser,
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}),
			chromedp.Evaluate(accessibility, &found),
		)
		if err != nil || len(found) > 0 {
			t.Errorf("%s: error %v, %q", theme, err, found)
		}
	}
}

// accessibility is a script that returns what is wrong.
const accessibility = `(() => {
	const numbers = (colour) => { const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number); return { r, g, b, a }; };
	const over = (top, under) => Object.fromEntries(['r', 'g', 'b'].map((part) => [part, top[part] * top.a + under[part] * (1 - top.a)]));
	const ground = (one) => {
		if (!one) return { r: 255, g: 255, b: 255 };
		const own = numbers(getComputedStyle(one).backgroundColor);
		return own.a === 1 ? own : over(own, ground(one.parentElement));
	};
	const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
	const light = ({ r, g, b }) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
	const all = [...document.body.querySelectorAll('*')].filter((one) => one.checkVisibility() && !one.closest('svg, script'));
	const shown = (one) => one.outerHTML.slice(0, 80);
	const wrong = [];
	for (const one of all) {
		const text = [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim());
		if (!text || one.matches(':disabled')) continue;
		const { color, fontSize, fontWeight } = getComputedStyle(one);
		const under = ground(one);
		const [dark, bright] = [light(over(numbers(color), under)), light(under)].sort((a, b) => a - b);
		const ratio = (bright + 0.05) / (dark + 0.05);
		const large = parseFloat(fontSize) >= (Number(fontWeight) >= 700 ? 18.66 : 24);
		if (ratio < (large ? 3 : 4.5)) wrong.push('contrast ' + ratio.toFixed(1) + ': ' + shown(one));
	}
	for (const one of all.filter((one) => one.matches('a, button, select, input, summary'))) {
		if (!(one.textContent + (one.ariaLabel ?? '') + (one.labels?.length ? 'labelled' : '')).trim()) wrong.push('no name: ' + shown(one));
	}
	const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
	for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push('id twice: ' + id);
	return wrong;
})()`
