package main

import (
	"net/http"
	"testing"

	"chaosworkshop/shared/config"
)

// newTestFinder is what the router calls, around a fake finder.
func newTestFinder(t testing.TB, find finder) finder {
	t.Helper()
	policies, err := config.Load[policies]()
	if err != nil {
		t.Fatal(err)
	}
	return resilient(find, policies, newBreaker(policies))
}

// newTestApp is the app around a fake finder, with the default settings.
func newTestApp(t testing.TB, find finder) http.Handler {
	t.Helper()
	return newRouter(newTestFinder(t, find))
}
