package soak

import (
	"math/rand/v2"
	"time"

	"chaosworkshop/infra/lab/toxi"
	"chaosworkshop/infra/tools/stages"
)

// strike is one fault that an exercise meets, from a time after the start of the soak.
type strike struct {
	fault toxi.Fault
	at    time.Duration
	lasts time.Duration
}

// plan deals the exercise with this index its faults: in random order, for one to eight seconds each, with up to four
// seconds of calm before. No fault comes twice before all have come once; the exercises start at different places, so that
// a few faults each meet them all. The last one lasts until the end: recovery is always from a fault. The same seed deals
// the same.
func plan(seed uint64, index int, duration time.Duration) []strike {
	random := rand.New(rand.NewPCG(seed, uint64(index)))
	var deck []toxi.Fault
	var strikes []strike
	for at := time.Duration(0); at < duration; {
		if len(deck) == 0 {
			deck = toxi.Faults()
			// All shuffle alike, and each exercise cuts the deck at a place of its own.
			shuffler := rand.New(rand.NewPCG(seed, 0))
			shuffler.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
			cut := index * len(deck) / len(stages.Names) % len(deck)
			deck = append(deck[cut:], deck[:cut]...)
		}
		calm := between(random, 500*time.Millisecond, 4*time.Second)
		lasts := between(random, time.Second, 8*time.Second)
		strikes = append(strikes, strike{deck[0], at + calm, lasts})
		deck = deck[1:]
		at += calm + lasts
	}
	last := len(strikes) - 1
	if last > 0 && strikes[last].at > duration-time.Second {
		strikes = strikes[:last]
		last--
	}
	if last >= 0 {
		strikes[last].at = max(0, min(strikes[last].at, duration-time.Second))
		strikes[last].lasts = duration - strikes[last].at
	}
	return strikes
}

// between draws a time from low to high.
func between(random *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(random.Int64N(int64(high-low)))
}
