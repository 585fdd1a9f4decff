package livepage

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"chaosworkshop/shared/mutants"
)

// newTestHub is a hub that records to out.
func newTestHub(t *testing.T, out *bytes.Buffer) *Hub {
	t.Helper()
	hub, err := NewHub(out)
	if err != nil {
		t.Fatal(err)
	}
	return hub
}

// add adds frames at the times, in milliseconds.
func add(t *testing.T, hub *Hub, times ...int64) {
	t.Helper()
	for _, at := range times {
		if err := hub.Add(Frame{T: at}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHubGivesLatecomersTheWindow(t *testing.T) {
	hub := newTestHub(t, &bytes.Buffer{})
	add(t, hub, 0, 1000, window, window+1000)
	recent, next, leave := hub.Join()
	defer leave()
	if len(recent) != 3 || !strings.Contains(string(recent[0]), `"t":1000`) {
		t.Errorf("a latecomer got %d frames from %s on, want 3 from 1000 on", len(recent), recent[0])
	}
	add(t, hub, window+2000)
	if got := string(<-next); !strings.Contains(got, `"t":62000`) {
		t.Errorf("the next frame is %s, want that of 62000", got)
	}
}

func TestHubCutsOffAPageThatLags(t *testing.T) {
	hub := newTestHub(t, &bytes.Buffer{})
	_, next, leave := hub.Join()
	defer leave()
	for i := range backlog + 1 {
		add(t, hub, int64(i))
	}
	got := 0
	for range next { // Ends because the channel is closed.
		got++
	}
	if got != backlog {
		t.Errorf("%d frames before the end, want %d", got, backlog)
	}
}

func TestRecordingReplays(t *testing.T) {
	var recorded bytes.Buffer
	hub := newTestHub(t, &recorded)
	add(t, hub, 0, 500, 1000)
	if kept := string(hub.Recording()); kept != recorded.String() {
		t.Errorf("kept\n%s\nbut recorded\n%s", kept, &recorded)
	}
	run, err := readRecording(&recorded)
	if err != nil {
		t.Fatal(err)
	}
	if len(run.frames) != 3 || run.Length() != time.Second {
		t.Errorf("read %d frames, %s, want 3 and 1s", len(run.frames), run.Length())
	}
}

func TestRecordingSurvivesACutOffEnd(t *testing.T) {
	var recorded bytes.Buffer
	add(t, newTestHub(t, &recorded), 0, 500)
	run, err := readRecording(strings.NewReader(recorded.String() + `{"t":1000,"la`))
	if err != nil || len(run.frames) != 2 {
		t.Errorf("error %v, want the two whole frames", err)
	}
}

func TestRecordingRefusesWhatIsNoRecording(t *testing.T) {
	var recorded bytes.Buffer
	add(t, newTestHub(t, &recorded), 0)
	for name, text := range map[string]string{
		"empty":     "",
		"text":      "hello\n",
		"no frame":  strings.SplitAfter(recorded.String(), "\n")[0],
		"bad frame": recorded.String() + "oops\n" + `{"t":500}` + "\n",
	} {
		if _, err := readRecording(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read, want an error", name)
		}
	}
}

func TestRecordingCannotEndItsScript(t *testing.T) {
	var recorded bytes.Buffer
	add(t, newTestHub(t, &recorded), 0)
	run, err := readRecording(strings.NewReader(recorded.String() + `{"t":1,"notice":"</script><script>alert(1)</script>"}` + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(run.Recording(), []byte("</script")) {
		t.Error("a recording brought an end tag into the page")
	}
}

// full is a disk without room.
type full struct{ writes int }

func (f *full) Write(piece []byte) (int, error) {
	if f.writes++; f.writes > 1 {
		return 0, errors.New("no space left")
	}
	return len(piece), nil
}

// FuzzRecording reads anything as a recording: it is refused in one line, or harmless in a page, and the same after it is recorded again.
func FuzzRecording(f *testing.F) {
	var recorded bytes.Buffer
	hub, err := NewHub(&recorded)
	if err != nil {
		f.Fatal(err)
	}
	for t := range int64(3) {
		if err := hub.Add(Frame{T: t * 1000, Notice: "</script>"}); err != nil {
			f.Fatal(err)
		}
	}
	mutants.Add(f, []any{recorded.String()})
	f.Fuzz(func(t *testing.T, text string) {
		run, err := readRecording(strings.NewReader(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %v", err)
			}
			return
		}
		kept := run.Recording()
		if bytes.Contains(kept, []byte("</script")) {
			t.Errorf("a recording brought an end tag into the page: %s", kept)
		}
		if again, err := readRecording(bytes.NewReader(kept)); err != nil || !bytes.Equal(again.Recording(), kept) {
			t.Errorf("read again, %s is another recording: %v", kept, err)
		}
	})
}

func TestRaceGoesOnWithoutItsRecording(t *testing.T) {
	hub, err := NewHub(&full{})
	if err != nil {
		t.Fatal(err)
	}
	if err := hub.Add(Frame{}); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("got error %v, want it to say that there is no space left", err)
	}
	add(t, hub, 1, 2)
}
