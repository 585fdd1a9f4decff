package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go"
	timeoutpolicy "github.com/failsafe-go/failsafe-go/timeout"
)

// policies are the values of the stability patterns.
type policies struct {
	// Timeout bounds one attempt at the query.
	Timeout time.Duration `env:"TIMEOUT" envDefault:"1s" min:"1ms" max:"10m"`
}

// resilient returns find with the stability patterns around it.
func resilient(find finder, p policies) finder {
	timeout := timeoutpolicy.New[[]flight](p.Timeout)
	executor := failsafe.With(timeout)

	return func(ctx context.Context, from, to string) ([]flight, error) {
		flights, err := executor.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[[]flight]) ([]flight, error) {
			return find(exec.Context(), from, to)
		})
		if errors.Is(err, timeoutpolicy.ErrExceeded) {
			err = fmt.Errorf("no answer within %s: %w", p.Timeout, context.DeadlineExceeded)
		}
		return flights, err
	}
}
