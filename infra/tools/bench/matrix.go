package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chaosworkshop/infra/chaos/experiment"
)

// matrix is how long the proof matrix takes, and how many of its cells go as they must.
func matrix(ctx context.Context, s *session) (_ []Row, err error) {
	start := time.Now()
	runner, err := experiment.Open(ctx, experiment.DefaultSeed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, runner.Close()) }()
	right := 0
	seen, err := runner.RunMatrix(ctx, func(done, of int, cell experiment.Cell, left time.Duration) {
		if cell.OK() {
			right++
		} else {
			s.say("E%d on exercise %d: %s, %s", cell.Number, cell.Stage, cell.Run.Verdict, cell.Run.Reason)
		}
		if done%5 == 0 {
			s.say("%d of %d cells, %.0f s left", done, of, left.Seconds())
		}
	})
	if err != nil {
		return nil, err
	}
	const command = "make matrix"
	return []Row{{
		Name: "every experiment on every exercise", Value: time.Since(start).Seconds(), Unit: "s", Command: command,
		Target: atMost(180), Wide: atMost(600),
	}, {
		Name: "cells that went as they must", Value: float64(right), Command: command,
		Target: atLeast(float64(len(seen.Cells))), Note: fmt.Sprintf("of %d", len(seen.Cells)),
	}}, nil
}
