package board

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chaosworkshop/infra/chaos/experiment"
)

const code = "abc12"

// newBoard returns a board whose clock stands still, and a function that sends it a body.
func newBoard(t *testing.T) (*Board, func(path, body string) (int, string)) {
	t.Helper()
	b, err := New(code)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 26, 9, 30, 0, 0, time.UTC)
	b.now = func() time.Time { now = now.Add(time.Second); return now }
	return b, func(path, body string) (int, string) {
		recorder := httptest.NewRecorder()
		b.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
		return recorder.Code, strings.TrimSpace(recorder.Body.String())
	}
}

func look(b *Board, path string) (int, string) {
	recorder := httptest.NewRecorder()
	b.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
	return recorder.Code, recorder.Body.String()
}

// What an app's verdict was is on the board under the attendee's name. What is passed stays passed.
func TestReports(t *testing.T) {
	b, send := newBoard(t)
	for _, body := range []string{
		`{"name":"Grace","exercise":1,"verdict":"failed","check":"E1: answers come quickly"}`,
		`{"name":"Ada","exercise":2,"verdict":"failed","check":"E2: first"}`,
		`{"name":"Ada","exercise":2,"verdict":"failed","check":"E2: second"}`,
		`{"name":"Ada","exercise":2,"verdict":"failed","check":"E2: nobody waits"}`,
		`{"name":"Alan","exercise":3,"verdict":"passed"}`,
		`{"name":"Grace","exercise":1,"verdict":"passed"}`,
		`{"name":"Grace","exercise":1,"verdict":"failed","check":"E1: answers come quickly"}`,
		`{"name":"<b>Eve</b>","exercise":2,"verdict":"failed","check":"E2: nobody waits"}`,
	} {
		if status, said := send("/reports?code=ABC12", body); status != http.StatusNoContent {
			t.Fatalf("%s: got %d %s, want 204", body, status, said)
		}
	}
	rows := b.Rows()
	if len(rows) != 4 || rows[0].Name != "Alan" || rows[0].passed() != 3 || rows[1].Name != "Grace" || rows[1].passed() != 1 || rows[1].Cells[0].Check != "" {
		t.Errorf("got %+v, want Alan first, who has passed 1 to 3, then Grace, who has passed 1", rows)
	}
	if got, want := counts(rows)[1], (Count{2, 1, 1, 1, "E2: nobody waits"}); got != want {
		t.Errorf("exercise 2: got %+v, want %+v", got, want)
	}
	status, page := look(b, "/?code="+code)
	for _, want := range []string{"Grace", "E2: nobody waits", "&lt;b&gt;Eve&lt;/b&gt;", "CODE=" + code, "09:30", "trying", "stuck"} {
		if status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("the page: got %d, want it to hold %q", status, want)
		}
	}
	if strings.Contains(page, "<b>Eve") || strings.Contains(page, "https://") {
		t.Error("the page holds somebody's markup, or leads elsewhere")
	}
	var saved strings.Builder
	if err := b.Save(&saved); err != nil || !strings.Contains(saved.String(), `"name": "Grace"`) {
		t.Errorf("saved: got %v, %s", err, &saved)
	}
}

// Nobody without the code sees or changes the board, and what is no report changes nothing.
func TestRefuses(t *testing.T) {
	b, send := newBoard(t)
	good := `{"name":"Ada","exercise":1,"verdict":"passed"}`
	for _, test := range []struct {
		path, body string
		status     int
		words      string
	}{
		{"/reports", good, http.StatusForbidden, "instructor's screen"},
		{"/reports?code=abc1", good, http.StatusForbidden, "instructor's screen"},
		{"/reports?code=" + code, "", http.StatusBadRequest, "no report"},
		{"/reports?code=" + code, "[]", http.StatusBadRequest, "no report"},
		{"/reports?code=" + code, good[:20], http.StatusBadRequest, "no report"},
		{"/reports?code=" + code, `{"x":"` + strings.Repeat("x", maxBody) + `"}`, http.StatusBadRequest, "no report"},
		{"/reports?code=" + code, strings.Replace(good, "Ada", "  ", 1), http.StatusBadRequest, "NAME"},
		{"/reports?code=" + code, strings.Replace(good, "Ada", strings.Repeat("a", maxName+1), 1), http.StatusBadRequest, "NAME"},
		{"/reports?code=" + code, strings.Replace(good, "Ada", `a\u202eb`, 1), http.StatusBadRequest, "NAME"},
		{"/reports?code=" + code, strings.Replace(good, "Ada", `a\nb`, 1), http.StatusBadRequest, "NAME"},
		{"/reports?code=" + code, strings.Replace(good, "1", "6", 1), http.StatusBadRequest, "no exercise 6"},
		{"/reports?code=" + code, strings.Replace(good, "passed", "perfect", 1), http.StatusBadRequest, "no verdict"},
		{"/reports?code=" + code, `{"name":"Ada","exercise":1,"verdict":"failed","check":"` + strings.Repeat("x", maxWhy+1) + `"}`, http.StatusBadRequest, "no check"},
	} {
		if status, said := send(test.path, test.body); status != test.status || !strings.Contains(said, test.words) || strings.Contains(said, "\n") {
			t.Errorf("%s %.60s: got %d %q, want %d and one line with %q", test.path, test.body, status, said, test.status, test.words)
		}
	}
	if status, _ := look(b, "/"); status != http.StatusForbidden {
		t.Errorf("without the code, the page: got %d, want 403", status)
	}
	if rows := b.Rows(); len(rows) != 0 {
		t.Errorf("got %+v, want an empty board", rows)
	}
}

// Nobody can fill the board, or ask it faster than a person does.
func TestLimits(t *testing.T) {
	b, send := newBoard(t)
	for i := range maxPeople {
		if err := b.add(Report{Name: fmt.Sprint(i), Exercise: 1, Verdict: experiment.Passed}); err != nil {
			t.Fatal(err)
		}
	}
	if status, said := send("/reports?code="+code, `{"name":"one more","exercise":1,"verdict":"passed"}`); status != http.StatusBadRequest || said != "the board is full" {
		t.Errorf("one more: got %d %s", status, said)
	}
	if status, _ := send("/reports?code="+code, `{"name":"7","exercise":2,"verdict":"passed"}`); status != http.StatusNoContent {
		t.Errorf("somebody who is on it: got %d, want 204", status)
	}
	now := b.now()
	b.now = func() time.Time { return now }
	taken := 0
	for range 100 {
		if b.allow("192.0.2.1:1234") {
			taken++
		}
	}
	if taken != maxBurst || !b.allow("192.0.2.2:1234") {
		t.Errorf("got %d requests taken from one address at once, want %d, and others unaffected", taken, maxBurst)
	}
	for i := range 2 * maxFrom {
		b.allow(fmt.Sprintf("192.0.%d.%d:1", i/250, i%250))
	}
	if len(b.rates) > maxFrom {
		t.Errorf("%d addresses are remembered, want at most %d", len(b.rates), maxFrom)
	}
}

// What verify sends arrives. An error names the board, never the code.
func TestSend(t *testing.T) {
	b, _ := newBoard(t)
	server := httptest.NewServer(b.Handler())
	to := Target{URL: server.URL + "/", Name: "Ada", Code: code}
	if err := to.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	report := Report{Exercise: 3, Verdict: experiment.Failed, Check: strings.Repeat("é", 2*maxWhy)}
	if err := to.Send(t.Context(), report); err != nil || b.Rows()[0].Cells[2].Verdict != experiment.Failed {
		t.Errorf("got %v, %+v, want the report on the board", err, b.Rows())
	}
	to.Code = "zzzzz"
	if err := to.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "instructor's screen") {
		t.Errorf("a wrong code, before the run: got %v", err)
	}
	if err := to.Send(t.Context(), report); err == nil || !strings.Contains(err.Error(), "instructor's screen") {
		t.Errorf("a wrong code: got %v", err)
	}
	server.Close()
	if err := to.Check(t.Context()); err != nil {
		t.Errorf("no board, before the run: got %v, want that the app is judged all the same", err)
	}
	if err := to.Send(t.Context(), report); err == nil || !strings.Contains(err.Error(), "does not answer") || strings.Contains(err.Error(), to.Code) {
		t.Errorf("no board: got %v, want that it does not answer, without the code", err)
	}
	for _, wrong := range []Target{{URL: "board:8476", Name: "Ada", Code: code}, {URL: to.URL, Code: code}, {URL: to.URL, Name: "Ada"}, {Name: "Ada", Code: code}} {
		if err := wrong.Check(t.Context()); err == nil {
			t.Errorf("%+v: got no error", wrong)
		}
	}
}
