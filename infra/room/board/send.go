package board

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chaosworkshop/infra/internal/cli"
)

// patience is how long a report may take.
const patience = 5 * time.Second

// Target is where verify sends its reports, and under which name.
type Target struct{ URL, Name, Code string }

// Check says what is missing or wrong before anything is judged; nil if all is well.
func (t Target) Check() error {
	at, err := url.Parse(t.URL)
	if t.URL == "" {
		return cli.Usage(errors.New("NAME and CODE go with REPORT=http://HOST:PORT, the address on the instructor's screen"))
	}
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return cli.Usage(fmt.Errorf("%s is not the address of a board; write REPORT=http://HOST:PORT, as the instructor's screen shows it", t.URL))
	}
	if t.Name == "" || t.Code == "" {
		return cli.Usage(errors.New("a report needs a NAME of your choice, and the CODE on the instructor's screen"))
	}
	probe := Report{Name: t.Name, Exercise: 1, Verdict: Passed}
	if err := probe.valid(); err != nil {
		return cli.Usage(err)
	}
	return nil
}

// Send sends the report. The error says why the board does not have it.
func (t Target) Send(ctx context.Context, report Report) error {
	report.Name = t.Name
	if cut := []rune(report.Check); len(cut) > maxWhy {
		report.Check = string(cut[:maxWhy])
	}
	text, err := json.Marshal(report)
	if err != nil {
		return fmt.Errorf("report to the board: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(t.URL, "/")+"/reports?code="+url.QueryEscape(t.Code), bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("report to the board: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		if wrapped := new(url.Error); errors.As(err, &wrapped) {
			err = wrapped.Err // Without the address, which holds the code.
		}
		return fmt.Errorf("the board at %s does not answer: %w", t.URL, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // What came is better than nothing.
		return fmt.Errorf("the board at %s refused the report: %s", t.URL, strings.TrimSpace(string(why)))
	}
	return nil
}
