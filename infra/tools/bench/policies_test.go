package bench

import (
	"context"
	"testing"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/sony/gobreaker/v2"
)

// These are the references of the exercises' BenchmarkPolicies: around the same query that takes no time.

func noQuery() ([]string, error) { return nil, nil }

func BenchmarkPoliciesGobreaker(b *testing.B) {
	breaker := gobreaker.NewCircuitBreaker[[]string](gobreaker.Settings{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := breaker.Execute(noQuery); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPoliciesBreaker(b *testing.B) {
	executor := failsafe.With(circuitbreaker.NewWithDefaults[[]string]())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := executor.Get(noQuery); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPoliciesDeadline(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, cancel := context.WithTimeout(b.Context(), 5*time.Second)
		if _, err := noQuery(); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}
