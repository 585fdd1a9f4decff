// Package board shows a room who has passed which exercise: verify sends a report to it if an attendee asks for that.
package board

import (
	"cmp"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/chaos/page"
)

// The limits of what the board takes, so that nobody in the room can fill it or bring it down.
const (
	maxBody   = 2 << 10 // Bytes of a report.
	maxName   = 24      // Characters of a name.
	maxWhy    = 120     // Characters of the name of a check.
	maxPeople = 300
	// maxBurst reports from one address are taken at once, and then one a second.
	maxBurst = 10
	maxFrom  = 2000 // Addresses whose rate is remembered.
	// Whoever has not passed after so many runs is stuck: the first run of a new exercise fails by design.
	stuckAfter = 3
)

// Report is what verify sends, and all that the board knows of somebody.
type Report struct {
	// Name is of the attendee's own choice.
	Name     string             `json:"name"`
	Exercise int                `json:"exercise"`
	Verdict  experiment.Verdict `json:"verdict"`
	// Check is the one that failed first, if one did.
	Check string `json:"check,omitempty"`
}

// valid says what is wrong with a report; nil if nothing is.
func (r *Report) valid() error {
	r.Name, r.Check = strings.TrimSpace(r.Name), strings.TrimSpace(r.Check)
	unprintable := func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }
	switch {
	case r.Name == "" || utf8.RuneCountInString(r.Name) > maxName || strings.ContainsFunc(r.Name, unprintable):
		return fmt.Errorf("choose a NAME of 1 to %d letters", maxName)
	case r.Exercise < 1 || r.Exercise > experiment.Stages:
		return fmt.Errorf("there is no exercise %d", r.Exercise)
	case r.Verdict != experiment.Passed && r.Verdict != experiment.Failed && r.Verdict != experiment.Inconclusive:
		return errors.New("that is no verdict")
	case utf8.RuneCountInString(r.Check) > maxWhy || strings.ContainsFunc(r.Check, unprintable):
		return errors.New("that is no check")
	}
	return nil
}

// Cell is how somebody does in one exercise; the verdict is empty if nobody has reported it.
type Cell struct {
	Verdict experiment.Verdict `json:"verdict,omitempty"`
	Check   string             `json:"check,omitempty"`
	Time    time.Time          `json:"time,omitzero"`
	// Runs are those until it passed.
	Runs int `json:"runs,omitempty"`
}

// State is passed, trying or stuck; empty for nothing yet.
func (c Cell) State() string {
	switch {
	case c.Verdict == "" || c.Verdict == experiment.Passed:
		return string(c.Verdict)
	case c.Runs >= stuckAfter:
		return "stuck"
	}
	return "trying"
}

// Row is one attendee.
type Row struct {
	Name  string                  `json:"name"`
	Cells [experiment.Stages]Cell `json:"exercises"`
}

// passed is how many exercises the attendee has passed.
func (r *Row) passed() (n int) {
	for _, cell := range r.Cells {
		if cell.Verdict == experiment.Passed {
			n++
		}
	}
	return n
}

// Board keeps what was reported, in memory alone.
type Board struct {
	code string
	page *page.Page
	now  func() time.Time

	mutex sync.Mutex
	rows  map[string]*Row
	rates map[string]*rate
}

// rate is what an address may still send.
type rate struct {
	left float64
	at   time.Time
}

//go:embed site
var site embed.FS

// New returns an empty board. Whoever reports or looks must know the code.
func New(code string) (*Board, error) {
	made, err := page.New(site, nil)
	if err != nil {
		return nil, err
	}
	return &Board{code: code, page: made, now: time.Now, rows: map[string]*Row{}, rates: map[string]*rate{}}, nil
}

// Handler serves the page at /?code=..., and takes reports at /reports. Every refusal is one line of text.
func (b *Board) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", b.show)
	mux.HandleFunc("GET /reports", func(w http.ResponseWriter, r *http.Request) {
		if b.mayAsk(w, r) && b.knows(w, r) {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	mux.HandleFunc("POST /reports", b.take)
	return mux
}

// knows tells whether the request has the board's code, and answers if not.
func (b *Board) knows(w http.ResponseWriter, r *http.Request) bool {
	if subtle.ConstantTimeCompare([]byte(strings.ToLower(r.URL.Query().Get("code"))), []byte(b.code)) == 1 {
		return true
	}
	http.Error(w, "that is not the code of this board; it is on the instructor's screen", http.StatusForbidden)
	return false
}

// take takes a report.
func (b *Board) take(w http.ResponseWriter, r *http.Request) {
	if !b.mayAsk(w, r) || !b.knows(w, r) {
		return
	}
	var report Report
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&report)
	if err != nil {
		err = errors.New("that is no report")
	} else {
		err = report.valid()
	}
	if err == nil {
		err = b.add(report)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// mayAsk tells whether an address has not sent too much, and answers if it has. Guesses of the code count too.
func (b *Board) mayAsk(w http.ResponseWriter, r *http.Request) bool {
	if b.allow(r.RemoteAddr) {
		return true
	}
	w.Header().Set("Retry-After", "1")
	http.Error(w, "too many reports; wait a second", http.StatusTooManyRequests)
	return false
}

// allow counts a request of an address, and tells whether it is one too many.
func (b *Board) allow(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	now, from := b.now(), b.rates[host]
	if from == nil {
		if len(b.rates) >= maxFrom {
			maps.DeleteFunc(b.rates, func(_ string, r *rate) bool { return now.Sub(r.at) > maxBurst*time.Second })
		}
		if len(b.rates) >= maxFrom {
			return false
		}
		from = &rate{left: maxBurst, at: now}
		b.rates[host] = from
	}
	from.left = min(maxBurst, from.left+now.Sub(from.at).Seconds())
	from.at = now
	if from.left < 1 {
		return false
	}
	from.left--
	return true
}

// add puts a report on the board. Whoever has passed an exercise keeps that, and has passed those before: E1 to En all hold.
func (b *Board) add(report Report) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	row := b.rows[report.Name]
	if row == nil {
		if len(b.rows) >= maxPeople {
			return errors.New("the board is full")
		}
		row = &Row{Name: report.Name}
		b.rows[report.Name] = row
	}
	first := report.Exercise
	if report.Verdict == experiment.Passed {
		first = 1
	}
	for number := first; number <= report.Exercise; number++ {
		if cell := &row.Cells[number-1]; cell.Verdict != experiment.Passed {
			*cell = Cell{report.Verdict, report.Check, b.now(), cell.Runs + 1}
		}
	}
	return nil
}

// Rows are all attendees, those who have passed most first.
func (b *Board) Rows() []Row {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	rows := make([]Row, 0, len(b.rows))
	for _, row := range b.rows {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.passed(), a.passed()), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Name, b.Name))
	})
	return rows
}

// Count is how the room does in one exercise.
type Count struct {
	Exercise, Passed, Trying, Stuck int
	// Check is what most of those who are stuck fail at.
	Check string
}

// counts sums the rows up, an exercise each.
func counts(rows []Row) []Count {
	all := make([]Count, experiment.Stages)
	for i := range all {
		all[i].Exercise = i + 1
		checks, most := map[string]int{}, 0
		for _, row := range rows {
			switch cell := row.Cells[i]; cell.State() {
			case string(experiment.Passed):
				all[i].Passed++
			case "trying":
				all[i].Trying++
			case "stuck":
				all[i].Stuck++
				checks[cell.Check]++
			}
		}
		for _, check := range slices.Sorted(maps.Keys(checks)) {
			if check != "" && checks[check] > most {
				all[i].Check, most = check, checks[check]
			}
		}
	}
	return all
}

// show writes the page.
func (b *Board) show(w http.ResponseWriter, r *http.Request) {
	if !b.knows(w, r) {
		return
	}
	rows := b.Rows()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", b.page.Policy)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_ = b.page.Write(w, map[string]any{ // The browser is gone if this fails.
		"Rows": rows, "Counts": counts(rows), "Host": r.Host, "Code": b.code,
	})
}

// Save writes the board as JSON.
func (b *Board) Save(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b.Rows()); err != nil {
		return fmt.Errorf("save the board: %w", err)
	}
	return nil
}
