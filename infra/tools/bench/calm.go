package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"chaosworkshop/infra/lab/app"
)

// calm is the median latency of exercise 5 beside that of exercise 1, through one Toxiproxy to one database: one client
// asks them in turn, so that whatever else the machine does meets both. Each runs twice: a program that runs oftener than
// another finds its code in the processor's caches oftener. The second exercise 1 shows how much of a difference is noise.
func calm(ctx context.Context, s *session) ([]Row, error) {
	requests := pick(s, 10_000, 1_000)
	var apps []*app.Process
	defer func() {
		for _, app := range apps {
			app.Kill()
		}
	}()
	for _, number := range []int{1, 5, 1, 5} {
		app, err := s.app(ctx, number, s.stack.Proxy(), &journal{})
		if err != nil {
			return nil, err
		}
		apps = append(apps, app)
	}
	client := newClient()
	defer client.CloseIdleConnections()
	seen := make([][]time.Duration, len(apps))
	const warm = 200
	random := rand.New(rand.NewPCG(1, 2))
	for i := range warm + requests {
		// In an order by chance, so that none always comes after the same other.
		for _, which := range random.Perm(len(apps)) {
			answer := ask(ctx, client, apps[which].URL, s.pairs[i%len(s.pairs)])
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case answer.status != 200:
				return nil, fmt.Errorf("a request in calm was answered with status %d", answer.status)
			case i >= warm:
				seen[which] = append(seen[which], answer.latency)
			}
		}
		if i > 0 && i%2000 == 0 {
			s.say("%d requests each", i)
		}
	}
	first := &Reference{"exercise 1", quantile(seen[0], 0.5)}
	row := func(name string, which int) Row {
		return Row{
			Name: name, Value: quantile(seen[which], 0.5), Unit: "ms", Reference: first, Command: "make bench ONLY=calm",
			Note: fmt.Sprintf("%d requests each, in turn; p99 %s ms, exercise 1's %s ms", requests,
				number(quantile(seen[which], 0.99)), number(quantile(seen[0], 0.99))),
		}
	}
	fifth := row("median latency of exercise 5", 1)
	fifth.Target, fifth.Wide = atMost(1.05), atMost(1.5)
	return []Row{fifth, row("noise: median latency of another exercise 1", 2)}, nil
}
