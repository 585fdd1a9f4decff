package diff

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"chaosworkshop/infra/chaos/page"
	"chaosworkshop/infra/chaos/page/pagetest"
	"chaosworkshop/shared/config"
)

// The page in a browser: it fits every window, can be read in both themes, and follows what is saved.
func TestPageInTheBrowser(t *testing.T) {
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Join(t.TempDir(), "exercise3")
	if err := os.CopyFS(mine, os.DirFS(filepath.Join(root, "exercise3"))); err != nil {
		t.Fatal(err)
	}
	handler, policy, err := NewHandler(filepath.Join(root, "exercise2"), mine, Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- page.Serve(t.Context(), listener, page.Guard(listener.Addr(), policy, handler)) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	browser := pagetest.Open(t, "http://"+listener.Addr().String())
	browser.Until("the lesson", "document.querySelector('main').textContent.includes('retry')")
	browser.Run(chromedp.Click("details summary"))

	// What a learner types may be long.
	name := filepath.Join(mine, "resilience.go")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(text, "// "+strings.Repeat("saved", 200)+"\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	browser.Until("what was saved", "document.querySelector('main').textContent.includes('savedsaved')")
	browser.Until("the fold is still open", "document.querySelector('details').open")
	browser.Accessible()
	browser.Fits()

	const lost = "document.getElementById('lost')"
	if err := os.Rename(mine, mine+".away"); err != nil {
		t.Fatal(err)
	}
	browser.Until("the loss of the folder", "!"+lost+".hidden")
	browser.Accessible()
	if err := os.Rename(mine+".away", mine); err != nil {
		t.Fatal(err)
	}
	browser.Until("the folder again", lost+".hidden")
}
