package bench

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// pollPace is how often an app is asked for the state of its breaker.
const pollPace = 100 * time.Millisecond

// flaky is the success of exercises 2 to 5 under a flaky network, and how often the breaker of exercise 4 opened
// meanwhile: never, in 20 runs. The runs go side by side, each app in a lane of its own, to save time.
func flaky(ctx context.Context, s *session) ([]Row, error) {
	rounds, lasts := pick(s, 2, 1), pick(s, 30*time.Second, 8*time.Second)
	numbers := []int{2, 3, 5}
	for range pick(s, 10, 1) {
		numbers = append(numbers, 4)
	}
	answers := map[int][]answer{}
	runs, opened := 0, 0
	for round := range rounds {
		s.say("round %d of %d: %d apps side by side, %d clients each, for %s", round+1, rounds, len(numbers), clients, lasts)
		seen, err := s.flakyRound(ctx, numbers, lasts)
		if err != nil {
			return nil, err
		}
		for i, number := range numbers {
			answers[number] = append(answers[number], seen[i].answers...)
			if number == 4 {
				runs++
				if seen[i].opened {
					opened++
				}
			}
		}
	}
	const command = "make bench ONLY=flaky"
	var rows []Row
	for _, number := range []int{2, 3, 4, 5} {
		row := Row{
			Name:  fmt.Sprintf("success of exercise %d", number),
			Value: success(answers[number]), Unit: "%", Command: command,
			Note: fmt.Sprintf("%d requests of %d clients", len(answers[number]), clients),
		}
		if number > 2 {
			row.Target, row.Wide = atLeast(75), atLeast(55)
		}
		rows = append(rows, row)
	}
	least := min(rows[1].Value, rows[2].Value, rows[3].Value)
	return append(rows, Row{
		Name: "the least of these above exercise 2", Value: least - rows[0].Value, Unit: "points", Command: command,
		Target: atLeast(25), Wide: atLeast(10),
	}, Row{
		Name: "runs in which the breaker of exercise 4 opened", Value: float64(opened), Command: command,
		Target: atMost(0), Wide: atMost(1),
		Note: fmt.Sprintf("of %d runs of %s with %d clients, by its log and by its metrics every %s", runs, lasts, clients, pollPace),
	}), nil
}

// flakyRun is what one app showed.
type flakyRun struct {
	answers []answer
	opened  bool
}

// flakyRound runs an app for each number side by side, each in a lane of its own.
func (s *session) flakyRound(ctx context.Context, numbers []int, lasts time.Duration) ([]flakyRun, error) {
	lanes, err := s.lanes(ctx, numbers...)
	if err != nil {
		return nil, err
	}
	defer closeAll(lanes)
	for _, lane := range lanes {
		if err := lane.inject(ctx, "flaky"); err != nil {
			return nil, err
		}
	}
	seen := make([]flakyRun, len(lanes))
	var group sync.WaitGroup
	for i, lane := range lanes {
		group.Go(func() {
			watched, stop := context.WithCancel(ctx)
			opened := make(chan bool)
			go func() { opened <- lane.watchOpen(watched) }()
			seen[i].answers = closedLoop(ctx, clients, lane.app.URL, s.pairs, during(lasts))
			stop()
			seen[i].opened = <-opened || lane.log.turns("open") > 0
		})
	}
	group.Wait()
	return seen, ctx.Err()
}

// watchOpen follows the breaker in the metrics until ctx ends, and tells whether it was ever not closed.
func (l *lane) watchOpen(ctx context.Context) bool {
	ticker := time.NewTicker(pollPace)
	defer ticker.Stop()
	opened := false
	for {
		select {
		case <-ctx.Done():
			return opened
		case <-ticker.C:
		}
		if metrics, err := l.app.Metrics(ctx); err == nil && metrics.Breaker != "" && metrics.Breaker != "closed" {
			opened = true
		}
	}
}
