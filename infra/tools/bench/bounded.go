package bench

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// slack is what an answer may be later than its bound, for the way through the machine.
const slack = 100 * time.Millisecond

// clients is how many users ask an app at once under a fault.
const clients = 8

// bounded is the latest answer under a slow database and under a black hole: within TIMEOUT for exercise 2, and within
// DEADLINE for those with retries.
func bounded(ctx context.Context, s *session) ([]Row, error) {
	numbers := []int{2, 3, 4, 5}
	lanes, err := s.lanes(ctx, numbers...)
	if err != nil {
		return nil, err
	}
	defer closeAll(lanes)
	var rows []Row
	for _, fault := range []struct {
		name   string
		during time.Duration
	}{{"slow", pick(s, 10*time.Second, 2*time.Second)}, {"blackhole", pick(s, 4*time.Second, 500*time.Millisecond)}} {
		s.say("%s for %s, %d clients on each exercise", fault.name, fault.during, clients)
		answers := make([][]answer, len(lanes))
		var group sync.WaitGroup
		for i, lane := range lanes {
			if err := lane.inject(ctx, fault.name); err != nil {
				return nil, err
			}
			group.Go(func() { answers[i] = closedLoop(ctx, clients, lane.app.URL, s.pairs, during(fault.during)) })
		}
		group.Wait()
		for i, stage := range numbers {
			bound := s.settings.Deadline
			if stage == 2 {
				bound = s.settings.Timeout
			}
			rows = append(rows, Row{
				Name:  fmt.Sprintf("%s: latest answer of exercise %d", fault.name, stage),
				Value: latest(answers[i]), Unit: "ms", Command: "make bench ONLY=bounded",
				Target: atMost(milliseconds(bound + slack)), Wide: atMost(milliseconds(bound + 10*slack)),
				Note: fmt.Sprintf("%d requests of %d clients, %s %% answered with 200", len(answers[i]), clients, number(success(answers[i]))),
			})
		}
	}
	return rows, ctx.Err()
}
