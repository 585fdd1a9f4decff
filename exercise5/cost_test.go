package main

import (
	"context"
	"testing"
)

// BenchmarkPolicies is what the policies cost: a query that takes no time, with all of them around it.
func BenchmarkPolicies(b *testing.B) {
	find := newTestFinder(b, func(context.Context, string, string) ([]flight, error) { return nil, nil })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := find(b.Context(), "LHR", "JFK"); err != nil {
			b.Fatal(err)
		}
	}
}
