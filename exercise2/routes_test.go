package main

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"

	"chaosworkshop/shared/apptest"
	"chaosworkshop/shared/server"
)

// lhrToJFK is the request of most tests.
const lhrToJFK = "/api/flights/routes?from=LHR&to=JFK"

func TestRoutes(t *testing.T) {
	app := newTestApp(t, findBritishAirways)
	got := get(t.Context(), app, "/api/flights/routes?from=lhr&to=Jfk")
	if got.Code != http.StatusOK {
		t.Fatalf("status: got %d, want 200", got.Code)
	}
	want := `[{"from":"LHR","to":"JFK","airline":"British Airways"}]`
	if body := strings.TrimSpace(got.Body.String()); body != want {
		t.Errorf("body: got %s, want %s", body, want)
	}
}

func TestNoRoutesIsAnEmptyList(t *testing.T) {
	app := newTestApp(t, func(context.Context, string, string) ([]flight, error) { return []flight{}, nil })
	got := get(t.Context(), app, "/api/flights/routes?from=LHR&to=XXX")
	if body := strings.TrimSpace(got.Body.String()); got.Code != http.StatusOK || body != "[]" {
		t.Errorf("got %d %s, want 200 []", got.Code, body)
	}
}

func TestBadCodes(t *testing.T) {
	app := newTestApp(t, func(context.Context, string, string) ([]flight, error) {
		t.Error("the database was asked")
		return nil, nil
	})
	for _, query := range []string{
		"", "from=LHR", "to=JFK", "from=LH&to=JFK", "from=LHRX&to=JFK", "from=L1R&to=JFK", "from=%00%00%00&to=JFK",
		"from=%C5%BFfo&to=JFK", "from=LHR&to=J%E2%84%AAK", // They turn into SFO and JKK in upper case.
		"from=LHR&to=" + url.QueryEscape("' OR 1=1 --"), "from=LHR&to=" + strings.Repeat("J", 10_000), "%zz",
	} {
		got := get(t.Context(), app, "/api/flights/routes?"+query)
		wantProblem(t, got, http.StatusBadRequest)
	}
}

func TestUnknownPath(t *testing.T) {
	wantProblem(t, get(t.Context(), newTestApp(t, findBritishAirways), "/nowhere"), http.StatusNotFound)
}

func TestHeadIsGetWithoutTheBody(t *testing.T) {
	app := httptest.NewServer(newTestApp(t, findBritishAirways))
	defer app.Close()
	for _, path := range []string{lhrToJFK, "/api/flights/routes?from=1"} {
		var headers []http.Header
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			request, err := http.NewRequestWithContext(t.Context(), method, app.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := app.Client().Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || (len(body) > 0) != (method == http.MethodGet) {
				t.Errorf("%s %s: got a body of %d bytes, error %v", method, path, len(body), err)
			}
			answer.Header.Del("Date")
			answer.Header.Set("Status", answer.Status)
			headers = append(headers, answer.Header)
		}
		if got, want := headers[1], headers[0]; !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("HEAD %s: got %v, want %v as for GET", path, got, want)
		}
	}
}

func TestOtherMethodsAreNotAllowed(t *testing.T) {
	app := newTestApp(t, findBritishAirways)
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions} {
		answer := httptest.NewRecorder()
		app.ServeHTTP(answer, httptest.NewRequest(method, lhrToJFK, nil))
		wantProblem(t, answer, http.StatusMethodNotAllowed)
		if got, want := answer.Header().Get("Allow"), "GET, HEAD"; got != want {
			t.Errorf("%s: got Allow %q, want %q", method, got, want)
		}
	}
}

func TestErrorsStayInside(t *testing.T) {
	app := newTestApp(t, func(context.Context, string, string) ([]flight, error) {
		return nil, errors.New("root:s3cret@tcp(10.0.0.1:3306) broke")
	})
	got := get(t.Context(), app, lhrToJFK)
	wantProblem(t, got, http.StatusInternalServerError)
	if strings.Contains(got.Body.String(), "s3cret") {
		t.Errorf("the answer shows internals: %s", got.Body)
	}
}

func TestWhoseFaultAnErrorIs(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{driver.ErrBadConn, "The flights database did not answer as it should."},
		{&mysql.MySQLError{Number: 1064, Message: "wrong query"}, "Something is wrong in this app; its log says what."},
		{errors.New("unknown"), "Something is wrong in this app; its log says what."},
	} {
		app := newTestApp(t, func(context.Context, string, string) ([]flight, error) { return nil, test.err })
		log := apptest.CaptureLog(t)
		got := get(server.ForRequest(t.Context()), app, lhrToJFK)
		wantProblem(t, got, http.StatusInternalServerError)
		if !strings.Contains(got.Body.String(), test.want) {
			t.Errorf("%v: got %s, want %s", test.err, got.Body, test.want)
		}
		lines := log.Lines("cause", "request")
		if line := lines[len(lines)-1]; !strings.Contains(line, "ERROR") || !strings.Contains(line, test.err.Error()) || !strings.Contains(line, "request=") {
			t.Errorf("%v: got the line %q, want an error with its cause and the request", test.err, line)
		}
	}
}

func TestPanicIsLoggedWithItsStackAndAnsweredWithout(t *testing.T) {
	app := newTestApp(t, func(context.Context, string, string) ([]flight, error) { return brokenQuery() })
	log := apptest.CaptureLog(t)
	got := get(t.Context(), app, lhrToJFK)
	wantProblem(t, got, http.StatusInternalServerError)
	if body := got.Body.String(); strings.Contains(body, "broken query") || !strings.Contains(body, "this app") {
		t.Errorf("got %s, want the app named and nothing internal", body)
	}
	lines := log.Lines()
	if len(lines) != 1 || !strings.Contains(lines[0], "panic: broken query") || !strings.Contains(lines[0], ".brokenQuery(") {
		t.Errorf("log: got %q, want one panic with the stack", lines)
	}
}

func brokenQuery() ([]flight, error) { panic("broken query") }

func TestUserWhoHangsUpIsNoError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended error
		app := newTestApp(t, func(ctx context.Context, from, to string) ([]flight, error) {
			select {
			case <-ctx.Done():
				ended = ctx.Err()
				return nil, ended
			case <-time.After(300 * time.Millisecond):
				return findBritishAirways(ctx, from, to)
			}
		})
		log := apptest.CaptureLog(t)
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, hangUp)
		get(ctx, app, lhrToJFK)
		if got := errors.Is(ended, context.Canceled); got != hangUpEndsTheQuery {
			t.Errorf("the hang-up ended the query: got %v, want %v", got, hangUpEndsTheQuery)
		}
		if lines := log.Lines(); len(lines) != 0 {
			t.Errorf("log: got %q, want nothing", lines)
		}
	})
}

// findBritishAirways is a database that knows one airline.
func findBritishAirways(_ context.Context, from, to string) ([]flight, error) {
	return []flight{{From: from, To: to, Airline: "British Airways"}}, nil
}

func get(ctx context.Context, app http.Handler, target string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	app.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, target, nil).WithContext(ctx))
	return answer
}

func wantProblem(t *testing.T, got *httptest.ResponseRecorder, status int) {
	t.Helper()
	if got.Code != status {
		t.Errorf("status: got %d, want %d", got.Code, status)
	}
	if kind := got.Header().Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("content type: got %s, want application/problem+json", kind)
	}
}

// FuzzRoutes sends any request: nothing but two airport codes ever reaches the database.
func FuzzRoutes(f *testing.F) {
	code := regexp.MustCompile(`^[A-Z]{3}$`)
	apptest.Fuzz(f, newTestApp(f, func(ctx context.Context, from, to string) ([]flight, error) {
		if !code.MatchString(from) || !code.MatchString(to) {
			panic("the database was asked from " + from + " to " + to)
		}
		return findBritishAirways(ctx, from, to)
	}))
}
