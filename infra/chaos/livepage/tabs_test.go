package livepage

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Seven tabs of one browser: each shows the race when it is looked at, and its buttons act, whether the others are hidden or in
// windows of their own.
func TestSevenTabs(t *testing.T) {
	t.Parallel()
	server, hub, control := serve(t)
	stop, fed := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(stop); <-fed })
	go func() {
		defer close(fed)
		for at := int64(0); ; at += 500 {
			if err := hub.Add(made(at, 10)); err != nil {
				t.Error(err)
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-stop:
				return
			}
		}
	}()
	first := openBrowser(t, chromedp.NoFirstRun) // A browser of its own has one window, whose other tabs are hidden.
	var tabs []*browser
	for i := range 7 {
		ctx, end := first.ctx, context.CancelFunc(func() {})
		if i > 0 {
			ctx, end = chromedp.NewContext(first.ctx)
		}
		t.Cleanup(end)
		tab := &browser{t, ctx}
		tabs = append(tabs, tab)
		tab.run(cdppage.BringToFront())
		tab.open(server.URL())
		tab.until(fmt.Sprintf("tab %d shows the race", i+1), "document.querySelectorAll('.lane').length === 5")
	}
	for _, visible := range []bool{false, true} {
		for _, tab := range tabs {
			if visible {
				eval[bool](tab, "Object.defineProperty(document, 'hidden', { value: false }), document.dispatchEvent(new Event('visibilitychange')), true")
			}
		}
		for i, tab := range tabs {
			before := strings.Count(control.asked(), "calm")
			status := eval[int](tab, "fetch('/api/calm', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}', "+
				"signal: AbortSignal.timeout(5000) }).then((answer) => answer.status, () => 0)")
			if status != 204 || strings.Count(control.asked(), "calm") != before+1 {
				t.Errorf("all visible %v, tab %d: its button answered %d, want 204", visible, i+1, status)
			}
			tab.run(cdppage.BringToFront())
			since := eval[string](tab, "document.body.dataset.drawn ?? ''")
			tab.until(fmt.Sprintf("all visible %v, tab %d goes on", visible, i+1), fmt.Sprintf("document.body.dataset.drawn !== '%s'", since))
		}
	}
}

// A hidden tab keeps no stream and takes in nothing; shown again, it is complete.
func TestHiddenTabGivesItsStreamUp(t *testing.T) {
	server, hub, _ := serve(t)
	feed(t, hub, 0, 1000)
	page := openBrowser(t)
	page.open(server.URL())
	page.until("live", "document.body.dataset.drawn === '1000'")
	hide := func(hidden bool) {
		eval[bool](page, fmt.Sprintf("Object.defineProperty(document, 'hidden', { value: %v, configurable: true }), document.dispatchEvent(new Event('visibilitychange')), true", hidden))
	}
	hide(true)
	deadline := time.Now().Add(patience)
	for watching(hub) > 0 {
		if time.Now().After(deadline) {
			t.Fatal("the hidden tab still has a stream")
		}
		time.Sleep(10 * time.Millisecond)
	}
	feed(t, hub, 1500, 200_000)
	if got := eval[string](page, "document.body.dataset.drawn"); got != "1000" {
		t.Errorf("the hidden tab drew %s, want nothing since 1000", got)
	}
	hide(false)
	page.until("complete again", "document.body.dataset.drawn === '200000'")
	page.until("no loss is shown", "document.body.dataset.link === 'live'")
}

// watching is how many pages watch.
func watching(hub *Hub) int {
	hub.mutex.Lock()
	defer hub.mutex.Unlock()
	return len(hub.pages)
}

// A page that reads nothing holds neither its stream nor the server's memory.
func TestStalledReaderIsDropped(t *testing.T) {
	server, hub, _ := serve(t)
	server.patience = 200 * time.Millisecond
	conn, err := net.Dial("tcp", server.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /events HTTP/1.1\r\nHost: %s\r\n\r\n", server.listener.Addr())
	if _, err := bufio.NewReaderSize(conn, 16).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	big := made(0, 50)
	for range 100_000 {
		big.Lanes[0].Points = append(big.Lanes[0].Points, 1, 2, 0)
	}
	deadline := time.Now().Add(patience)
	for at := int64(0); streaming(server) > 0 || watching(hub) > 0; at += 500 {
		big.T = at
		if err := hub.Add(big); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d streams and %d pages are left", streaming(server), watching(hub))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// streaming is how many streams are open.
func streaming(server *Server) int {
	server.streams.mutex.Lock()
	defer server.streams.mutex.Unlock()
	count := 0
	for _, open := range server.streams.open {
		count += len(open)
	}
	return count
}

// What failed for good stays on the page, whatever Toxiproxy does meanwhile.
func TestNoticeThatTheRecordingFailedStays(t *testing.T) {
	t.Parallel()
	hub, err := NewHub(&bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	hub.record = failingWriter{}
	race := &Race{hub: hub, clock: newClock(), kick: make(chan struct{}, 1)}
	race.say(hub.Add(race.frame()))
	const want = "record the race: disk full; the race continues without a recording"
	if got := race.frame().Notice; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	race.now.Notice = "Toxiproxy does not answer"
	if got := race.frame().Notice; got != "Toxiproxy does not answer; "+want {
		t.Errorf("got %q, want both", got)
	}
	race.now.Notice = ""

	server, shown, _ := serve(t)
	page := openBrowser(t)
	page.open(server.URL())
	frame := made(0, 50)
	frame.Notice = race.frame().Notice
	if err := shown.Add(frame); err != nil {
		t.Fatal(err)
	}
	page.until("the notice", "!document.getElementById('message').hidden")
	// A message stays for 8 s; here for two.
	eval[bool](page, "(() => { window.fetch = () => Promise.reject(); const wait = setTimeout; window.setTimeout = (act, ms) => wait(act, ms === 8000 ? 2000 : ms); return true; })()")
	page.key("1")
	page.until("another message", "document.getElementById('message').textContent === 'The race is not responding. Is make race still running?'")
	page.until("the notice again", fmt.Sprintf("document.getElementById('message').textContent === %q && !document.getElementById('message').hidden", want))
	if eval[bool](page, "document.getElementById('message').click(), !document.getElementById('message').hidden") {
		t.Error("a click does not close the notice")
	}
}

// failingWriter is a full disk.
type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }
