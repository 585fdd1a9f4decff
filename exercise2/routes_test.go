package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

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
		"from=LHR&to=" + url.QueryEscape("' OR 1=1 --"), "from=LHR&to=" + strings.Repeat("J", 10_000), "%zz",
	} {
		got := get(t.Context(), app, "/api/flights/routes?"+query)
		wantProblem(t, got, http.StatusBadRequest)
	}
}

func TestUnknownPath(t *testing.T) {
	wantProblem(t, get(t.Context(), newTestApp(t, findBritishAirways), "/nowhere"), http.StatusNotFound)
}

func TestErrorsStayInside(t *testing.T) {
	app := newTestApp(t, func(context.Context, string, string) ([]flight, error) {
		return nil, errors.New("root:s3cret@tcp(10.0.0.1:3306) broke")
	})
	got := get(t.Context(), app, "/api/flights/routes?from=LHR&to=JFK")
	wantProblem(t, got, http.StatusInternalServerError)
	if strings.Contains(got.Body.String(), "s3cret") {
		t.Errorf("the answer shows internals: %s", got.Body)
	}
}

func TestPanicIsAnError(t *testing.T) {
	app := newTestApp(t, func(context.Context, string, string) ([]flight, error) { panic("broken query") })
	wantProblem(t, get(t.Context(), app, "/api/flights/routes?from=LHR&to=JFK"), http.StatusInternalServerError)
}

func TestClientThatHangsUpCancelsTheQuery(t *testing.T) {
	ctx, hangUp := context.WithCancel(t.Context())
	var got error
	app := newTestApp(t, func(ctx context.Context, _, _ string) ([]flight, error) {
		hangUp()
		<-ctx.Done()
		got = ctx.Err()
		return nil, got
	})
	get(ctx, app, "/api/flights/routes?from=LHR&to=JFK")
	if !errors.Is(got, context.Canceled) {
		t.Errorf("the query's context: got %v, want %v", got, context.Canceled)
	}
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
