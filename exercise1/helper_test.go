package main

import (
	"net/http"
	"testing"
)

// newTestApp is the app around a fake finder, with the default settings.
func newTestApp(t *testing.T, find finder) http.Handler {
	t.Helper()
	return newRouter(find)
}
