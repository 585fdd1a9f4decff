package main

import (
	"context"
	"fmt"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/timeout"
)

// policies are the values of the stability patterns.
type policies struct {
	// Timeout bounds one attempt at the query.
	Timeout time.Duration `env:"TIMEOUT" envDefault:"1s"`
}

// resilient returns find with the stability patterns around it.
func resilient(find finder, p policies) finder {
	timeout := timeout.New[[]flight](p.Timeout)
	executor := failsafe.With(timeout)

	return func(ctx context.Context, from, to string) ([]flight, error) {
		return executor.WithContext(ctx).GetWithExecution(func(exec failsafe.Execution[[]flight]) (_ []flight, err error) {
			// A panic is a failed attempt: the policies must see it end.
			defer func() {
				if cause := recover(); cause != nil {
					err = fmt.Errorf("panic: %v", cause)
				}
			}()
			return find(exec.Context(), from, to)
		})
	}
}
