package main

import (
	"net/http"
	"testing"

	"chaosworkshop/shared/config"
)

// newTestFinder is what the router calls, around a fake finder.
func newTestFinder(t testing.TB, find finder) finder {
	t.Helper()
	return resilient(find, config.Defaults[policies]())
}

// newTestApp is the app around a fake finder, with the default settings.
func newTestApp(t testing.TB, find finder) http.Handler {
	t.Helper()
	return newRouter(newTestFinder(t, find))
}

// hangUpEndsTheQuery says whether a query ends when its user hangs up.
const hangUpEndsTheQuery = true
