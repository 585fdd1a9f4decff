package load

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// takes is a query that takes a time.
func takes(d time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// The calibration counts what the clients get in its best slice: what runs beside it for a moment does not lower the result. A
// database that does not answer says nothing about the computer, and holds up nobody.
func TestCalibrate(t *testing.T) {
	usual := 2 * runtime.NumCPU() * 500 / perRequest / 10 * 10
	var queries atomic.Int64
	for name, test := range map[string]struct {
		query func(context.Context) error
		want  int
	}{
		"2 ms a query": {takes(2 * time.Millisecond), usual},
		"a stall": {func(ctx context.Context) error {
			if queries.Add(1) == 1 {
				time.Sleep(calibration)
			}
			return takes(2 * time.Millisecond)(ctx)
		}, usual},
		"very fast": {takes(100 * time.Microsecond), MaxRate},
		"slow":      {takes(400 * time.Millisecond), 10},
		"silent":    {takes(time.Hour), 0},
		"refused":   {func(context.Context) error { return errors.New("refused") }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				if got := calibrate(t.Context(), test.query); got != test.want {
					t.Errorf("got %d requests a second, want %d", got, test.want)
				}
				if took := time.Since(began); took > calibrationPatience {
					t.Errorf("it took %s, want %s at most", took, calibrationPatience)
				}
			})
		})
	}
}
