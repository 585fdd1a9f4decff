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

	"chaosworkshop/infra/chaos/experiment"
	"chaosworkshop/infra/internal/cli"
)

// patience is how long a report may take.
const patience = 5 * time.Second

// Target is where verify sends its reports, and under which name.
type Target struct{ URL, Name, Code string }

// Check says what is missing or wrong before anything is judged, a code that the board does not know included; nil if all is well. A
// board that does not answer is nothing wrong yet.
func (t Target) Check(ctx context.Context) error {
	at, err := url.Parse(t.URL)
	if t.URL == "" {
		return cli.Usage(errors.New("NAME and CODE go with REPORT=http://HOST:PORT, the address on the instructor's screen"))
	}
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" {
		return cli.Usage(fmt.Errorf("%s is not the address of a board; write REPORT=http://HOST:PORT, as the instructor's screen shows it", t.URL))
	}
	if t.Name == "" {
		return cli.Usage(errors.New("a report needs a NAME of your choice"))
	}
	if t.Code == "" {
		return cli.Usage(errors.New("a report needs the CODE on the instructor's screen"))
	}
	probe := Report{Name: t.Name, Exercise: 1, Verdict: experiment.Passed}
	if err := probe.valid(); err != nil {
		return cli.Usage(err)
	}
	if status, why, err := t.ask(ctx, http.MethodGet, nil); err == nil && status == http.StatusForbidden {
		return cli.Usage(errors.New(why))
	}
	return nil
}

// ask sends a request to the board and returns the status and the text of the answer. The error does not show the code.
func (t Target) ask(ctx context.Context, method string, body []byte) (status int, text string, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(t.URL, "/")+"/reports?code="+url.QueryEscape(t.Code), bytes.NewReader(body))
	if err != nil {
		return 0, "", fmt.Errorf("report to the board: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err // Without the address, which holds the code.
		}
		return 0, "", fmt.Errorf("the board at %s does not answer: %w", t.URL, err)
	}
	defer answer.Body.Close()
	why, _ := io.ReadAll(io.LimitReader(answer.Body, 200)) // What came is better than nothing.
	return answer.StatusCode, strings.TrimSpace(string(why)), nil
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
	status, why, err := t.ask(ctx, http.MethodPost, text)
	if err != nil {
		return err
	}
	if status != http.StatusNoContent {
		return fmt.Errorf("the board at %s refused the report: %s", t.URL, why)
	}
	return nil
}
