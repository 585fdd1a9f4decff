package report

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"chaosworkshop/infra/chaos/page/pagetest"
)

func TestPageShowsOneCellAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "matrix.html")
	writePage(t, path)
	page := pagetest.Open(t, "file://"+filepath.ToSlash(path))

	visible := func() (ids []string) {
		t.Helper()
		page.Run(chromedp.Evaluate(`[...document.querySelectorAll('section')].filter(s => s.offsetHeight > 0).map(s => s.id)`, &ids))
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
		page.Run(chromedp.Evaluate(`[...document.querySelectorAll('section:not([hidden]) .legend li')].map(li => li.textContent.trim().replace(/\s+/g, ' '))`, &words))
		return words
	}
	want("e4-3") // The cell with the unexpected verdict.
	page.Run(chromedp.Click(`a[href="#e4-4"]`))
	want("e4-4")
	page.Run(chromedp.KeyEvent(kb.ArrowRight))
	want("e4-5")

	if got, want := words(), []string{"served (200) 1", "rejected (503) 1", "timeout (504) 1", "error 1", "no answer 1"}; !slices.Equal(got, want) {
		t.Errorf("legend: got %q, want %q", got, want)
	}
	// A plot is drawn when it has its size, a frame after it is shown.
	page.Until("a chart with a band for the fault and a strip with the open breaker", `[...document.querySelectorAll('section:not([hidden]) .plot canvas')].every(c =>
		c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(Boolean)) &&
		document.querySelector('section:not([hidden]) .bands .fault') && document.querySelector('section:not([hidden]) .strip [data-state=open]')`)

	page.Accessible()
	for _, scheme := range []string{"light", "dark"} {
		var picture []byte
		var wide bool
		page.Run(
			emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
			chromedp.Evaluate(`document.documentElement.scrollWidth > window.innerWidth`, &wide),
			chromedp.FullScreenshot(&picture, 100))
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
