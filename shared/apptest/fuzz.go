package apptest

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chaosworkshop/shared/mutants"
)

// Fuzz sends app any request that HTTP can carry. Whatever the request, the answer must be one that the API promises.
func Fuzz(f *testing.F, app http.Handler) {
	mutants.Add(f, [][]any{
		{"GET", "/api/flights/routes?from=LHR&to=JFK", "Accept: application/json", ""},
		{"GET", "/api/flights/routes?from=lhr&to=jfk&from=CDG", "X-Forwarded-Prefix: //elsewhere.example/", ""},
		{"GET", "/api/flights/routes?from='%20OR%201=1%20--&to=%00%ff", "Cookie: a=b; c", ""},
		{"GET", "/api/flights/routes?from=LHR;to=JFK&to=%zz", "Range: bytes=0-1", ""},
		{"GET", "/api/flights/routes/?from=LHR&to=JFK", "X-Forwarded-Prefix: 00", ""},
		{"GET", "//api//flights/../flights/./routes?from=LHR&to=JFK", "X-Forwarded-For: 127.0.0.1", ""},
		{"GET", "/API/flights/routes?from=\u017fFO&to=\u212aJFK", "Host: elsewhere.example", ""},
		{"GET", "/api/flights/routes?from=%C5%BFfo&to=JFK", "Host: elsewhere.example", ""},
		{"GET", "http://elsewhere.example/api/flights/routes?from=LHR&to=JFK", "Expect: 100-continue", ""},
		{"GET", "/api/flights/routes?from=" + strings.Repeat("A", 10_000), "Accept-Encoding: gzip", ""},
		{"POST", "/api/flights/routes?from=LHR&to=JFK", "Transfer-Encoding: chunked", "4\r\nfrom\r\n0\r\n\r\n"},
		{"OPTIONS", "*", "Origin: http://elsewhere.example", ""},
		{"CONNECT", "elsewhere.example:443", "Content-Length: 3", "abc"},
		{"HEAD", "/", "", ""},
	}...)
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		text := method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + header + "\r\n\r\n" + body
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
		if err != nil {
			return // The server answers 400 by itself.
		}
		answer := httptest.NewRecorder()
		app.ServeHTTP(answer, request)
		wantPromised(t, answer)
	})
}

// wantPromised checks that the answer is one of those that the API promises.
func wantPromised(t *testing.T, answer *httptest.ResponseRecorder) {
	t.Helper()
	kind := answer.Header().Get("Content-Type")
	switch answer.Code {
	case http.StatusOK:
		if !json.Valid(answer.Body.Bytes()) || kind != "application/json; charset=utf-8" {
			t.Errorf("200: got %s of type %s, want JSON", answer.Body, kind)
		}
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed:
		if !json.Valid(answer.Body.Bytes()) || kind != "application/problem+json" {
			t.Errorf("%d: got %s of type %s, want a problem", answer.Code, answer.Body, kind)
		}
	default:
		t.Errorf("status: got %d, want 200, 400, 404 or 405", answer.Code)
	}
}
