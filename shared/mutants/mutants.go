// Package mutants gives fuzz tests random inputs at full speed: Go's own fuzzer instruments the program and tries far fewer.
package mutants

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
)

// countVariable is how many mutants a fuzz test tries beside its seeds, seedVariable which.
const (
	countVariable = "FUZZ_MUTANTS"
	seedVariable  = "FUZZ_SEED"
)

// odd are pieces that parsers stumble over.
var odd = []string{"", "\x00", "\xff", "\xed\xa0\x80", "\ufeff", "\u2028", "\r\n", "\n", "'", `"`, `\`, "$", "%", "{", "}", "[", "]", ":", ",", "#", "-", "&", "*", "!", "|", " ", "\t",
	"0", "-1", "9223372036854775808", "1e999", "NaN", "null", "~", "%00", "%2f", "../"}

// Add adds the seeds to the corpus of f, and mutants of them. A mutant keeps the types of its seed's values.
func Add(f *testing.F, seeds ...[]any) {
	f.Helper()
	count, seed := 20, uint64(1)
	for name, into := range map[string]any{countVariable: &count, seedVariable: &seed} {
		if text := os.Getenv(name); text != "" {
			if _, err := fmt.Sscan(text, into); err != nil {
				f.Fatalf("%s: %v", name, err)
			}
		}
	}
	for _, values := range seeds {
		f.Add(values...)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for range count {
		values := append([]any{}, seeds[random.IntN(len(seeds))]...)
		for range 1 + random.IntN(4) {
			at := random.IntN(len(values))
			other := seeds[random.IntN(len(seeds))][at]
			switch value := values[at].(type) {
			case string:
				values[at] = string(mutate(random, []byte(value), []byte(other.(string))))
			case []byte:
				values[at] = mutate(random, value, other.([]byte))
			case uint64:
				values[at] = random.Uint64()
			default:
				f.Fatalf("no mutants of a %s", reflect.TypeOf(value))
			}
		}
		f.Add(values...)
	}
}

// mutate returns a copy of text in which a piece is gone, repeated, replaced by a piece of other, or odd.
func mutate(random *rand.Rand, text, other []byte) []byte {
	cut := func(of []byte) (from, to int) {
		from = random.IntN(len(of) + 1)
		return from, from + random.IntN(min(len(of)-from, 1<<random.IntN(10))+1)
	}
	from, to := cut(text)
	var piece []byte
	switch random.IntN(5) {
	case 0:
	case 1:
		piece = append(append(piece, text[from:to]...), text[from:to]...)
	case 2:
		start, end := cut(other)
		piece = other[start:end]
	case 3:
		piece, to = []byte{byte(random.IntN(256))}, min(from+random.IntN(2), len(text))
	default:
		piece, to = []byte(odd[random.IntN(len(odd))]), min(from+random.IntN(2), len(text))
	}
	return append(append(append([]byte{}, text[:from]...), piece...), text[to:]...)
}
