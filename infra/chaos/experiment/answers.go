package experiment

// Latencies are the latencies of answers, in milliseconds.
func Latencies(answers []Answer) []float64 {
	values := make([]float64, len(answers))
	for i, answer := range answers {
		values[i] = answer.Latency
	}
	return values
}

// Success is the share of answers that served their user, from 0 to 1; 0 when there are none.
func Success(answers []Answer) float64 {
	return float64(count(answers, Answer.Served)) / float64(max(1, len(answers)))
}
