package bench

import (
	"context"
	"fmt"
)

// policies is the cost of the exercises' own policies around a query that takes no time, beside gobreaker and a bare call.
func policies(ctx context.Context, s *session) ([]Row, error) {
	measured, err := s.goTest(ctx, ".", "-p", "1", "-bench", "Policies", "-benchtime", pick(s, "0.3s", "0.02s"), "-count", pick(s, "5", "1"),
		"./exercise1", "./exercise2", "./exercise3", "./exercise4", "./exercise5", "./infra/tools/bench")
	if err != nil {
		return nil, err
	}
	figures := reader{}
	cost := func(name string) float64 { return figures.median(measured, name, "ns/op") }
	breaker := &Reference{"gobreaker", cost("infra/tools/bench.PoliciesGobreaker")}
	var rows []Row
	for _, one := range []struct {
		what, name string
		reference  *Reference
	}{
		{"no policy, a bare call (exercise 1)", "exercise1.Policies", nil},
		{"timeout (exercise 2)", "exercise2.Policies", nil},
		{"retry, timeout and deadline (exercise 3)", "exercise3.Policies", nil},
		{"breaker, retry, timeout and deadline (exercise 4)", "exercise4.Policies", breaker},
		{"breaker, retry, timeout and deadline (exercise 5)", "exercise5.Policies", breaker},
		{"failsafe-go's breaker alone", "infra/tools/bench.PoliciesBreaker", breaker},
		{"gobreaker's breaker alone", "infra/tools/bench.PoliciesGobreaker", nil},
		{"a context's deadline alone", "infra/tools/bench.PoliciesDeadline", nil},
	} {
		rows = append(rows, Row{
			Name: one.what, Value: cost(one.name), Unit: "ns", Reference: one.reference, Command: "make bench ONLY=policies",
			Note: fmt.Sprintf("%s allocations, %s bytes", number(figures.median(measured, one.name, "allocs/op")),
				number(figures.median(measured, one.name, "B/op"))),
		})
	}
	return rows, figures.err
}
