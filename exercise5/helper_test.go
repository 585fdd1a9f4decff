package main

import (
	"net/http"
	"testing"

	"chaosworkshop/shared/config"
)

// newTestApp is the app around a fake finder, with the default settings.
func newTestApp(t *testing.T, find finder) http.Handler {
	t.Helper()
	policies, err := config.Load[policies]()
	if err != nil {
		t.Fatal(err)
	}
	return newRouter(resilient(find, policies, newBreaker(policies)))
}
