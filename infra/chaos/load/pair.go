package load

import (
	"math/rand/v2"
	"strings"

	"chaosworkshop/shared/model"
)

// Pair is a connection to ask for, by the IATA codes of its airports.
type Pair struct {
	From, To string
}

// Pairs draws n different pairs from the routes of the dataset, fewer if it has fewer: the same ones for the same seed.
func Pairs(data model.Dataset, n int, seed uint64) []Pair {
	known := map[Pair]bool{}
	all := []Pair{}
	for _, route := range data.Routes {
		pair := Pair{route.SrcAP, route.DstAP}
		if code(pair.From) && code(pair.To) && !known[pair] {
			known[pair] = true
			all = append(all, pair)
		}
	}
	random := rand.New(rand.NewPCG(seed, 0))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:min(max(n, 0), len(all))]
}

// code tells whether an airport's code is one that the app takes: some small fields have an ICAO code only.
func code(airport string) bool {
	return len(airport) == 3 && strings.Trim(airport, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// pick is the index below count of what request n asks for: each once, in a random order, and then each once in another order, so that
// requests next to each other ask for different things.
func pick(count int, seed, n uint64) int {
	round, at := n/uint64(count), n%uint64(count)
	return rand.New(rand.NewPCG(seed, round)).Perm(count)[at]
}
