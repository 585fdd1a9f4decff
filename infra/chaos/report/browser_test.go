package report

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"chaosworkshop/infra/internal/require"
)

// openInBrowser opens the report in a headless browser and fails the test if the page complains or reaches for the
// network.
func openInBrowser(t *testing.T, path string) context.Context {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			browser = found
			break
		}
	}
	if browser == "" {
		require.Missing(t, "Chromium or Chrome")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(browser), chromedp.NoSandbox, chromedp.WindowSize(1600, 1000), chromedp.Flag("disable-quic", true))
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(allocated)
	t.Cleanup(cancelTab)
	ctx, cancelTime := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(cancelTime)
	chromedp.ListenTarget(ctx, func(event any) {
		switch event := event.(type) {
		case *runtime.EventExceptionThrown:
			t.Errorf("the page threw: %s", event.ExceptionDetails.Error())
		case *network.EventRequestWillBeSent:
			if url := event.Request.URL; url[:5] != "file:" && url[:5] != "data:" {
				t.Errorf("the page asks the network for %s", url)
			}
		}
	})
	if err := chromedp.Run(ctx, network.Enable(), chromedp.Navigate("file://"+filepath.ToSlash(path))); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func TestPageShowsOneCellAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "matrix.html")
	writePage(t, path)
	ctx := openInBrowser(t, path)

	visible := func() (ids []string) {
		t.Helper()
		if err := chromedp.Run(ctx, chromedp.Evaluate(`[...document.querySelectorAll('section')].filter(s => s.offsetHeight > 0).map(s => s.id)`, &ids)); err != nil {
			t.Fatal(err)
		}
		return ids
	}
	want := func(id string) {
		t.Helper()
		if got := visible(); len(got) != 1 || got[0] != id {
			t.Errorf("visible: got %v, want %s alone", got, id)
		}
	}
	words := func() (words []string) {
		t.Helper()
		err := chromedp.Run(ctx, chromedp.Evaluate(`[...document.querySelectorAll('section:not([hidden]) .legend li')].map(li => li.textContent.trim().replace(/\s+/g, ' '))`, &words))
		if err != nil {
			t.Fatal(err)
		}
		return words
	}
	want("e4-3") // The cell with the unexpected verdict.
	if err := chromedp.Run(ctx, chromedp.Click(`a[href="#e4-4"]`)); err != nil {
		t.Fatal(err)
	}
	want("e4-4")
	if err := chromedp.Run(ctx, chromedp.KeyEvent(kb.ArrowRight)); err != nil {
		t.Fatal(err)
	}
	want("e4-5")

	if got, want := words(), []string{"served (200) 1", "rejected (503) 1", "timeout (504) 1", "error 1", "no answer 1"}; !slices.Equal(got, want) {
		t.Errorf("legend: got %q, want %q", got, want)
	}
	var drawn bool
	// A plot is drawn when it has its size, a frame after it is shown.
	err := chromedp.Run(ctx, chromedp.Poll(`[...document.querySelectorAll('section:not([hidden]) .plot canvas')].every(c =>
		c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)) &&
		document.querySelector('section:not([hidden]) .bands .fault') && document.querySelector('section:not([hidden]) .strip [data-state=open]') !== null`, &drawn,
		chromedp.WithPollingTimeout(5*time.Second)))
	if err != nil || !drawn {
		t.Errorf("error %v; want a chart with a band for the fault and a strip with the open breaker", err)
	}

	for _, scheme := range []string{"light", "dark"} {
		var picture []byte
		var wide bool
		err := chromedp.Run(ctx,
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
			chromedp.Evaluate(`document.documentElement.scrollWidth > window.innerWidth`, &wide),
			chromedp.FullScreenshot(&picture, 100))
		if err != nil {
			t.Fatal(err)
		}
		if wide {
			t.Errorf("%s: the page is wider than the window", scheme)
		}
		keep(t, scheme+".png", picture)
	}
}

// keep saves a picture to be looked at, where SCREENSHOTS names a folder.
func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name), picture, 0o600); err != nil {
		t.Fatal(err)
	}
}
