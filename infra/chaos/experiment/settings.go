package experiment

import (
	"time"

	"chaosworkshop/shared/config"
)

// Settings are the values of the policies as the environment sets them, by the same variables and with the same defaults
// as in the exercises.
type Settings struct {
	Timeout         time.Duration `env:"TIMEOUT" envDefault:"1s"`
	RetryAttempts   int           `env:"RETRY_ATTEMPTS" envDefault:"5"`
	RetryBaseDelay  time.Duration `env:"RETRY_BASE_DELAY" envDefault:"25ms"`
	RetryMaxDelay   time.Duration `env:"RETRY_MAX_DELAY" envDefault:"200ms"`
	Deadline        time.Duration `env:"DEADLINE" envDefault:"5s"`
	BreakerFailures int           `env:"BREAKER_FAILURES" envDefault:"12"`
	BreakerDelay    time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
}

// dialsPerAttempt is how often database/sql opens a connection for one query when each fails in its handshake. The
// driver calls that driver.ErrBadConn up to version 1.8, which makes database/sql try again by itself.
const dialsPerAttempt = 3

// LoadSettings reads the settings that an app would read.
func LoadSettings() (Settings, error) { return config.Load[Settings]() }

// backoff is the sum of the delays between n attempts, without jitter.
func (s Settings) backoff(n int) time.Duration {
	sum, delay := time.Duration(0), s.RetryBaseDelay
	for range n - 1 {
		sum += min(delay, s.RetryMaxDelay)
		delay *= 2
	}
	return sum
}

// attempts are how many attempts begin within the deadline when each fails after took.
func (s Settings) attempts(took time.Duration) int {
	n := 1
	for n < s.RetryAttempts && time.Duration(n)*took+s.backoff(n+1) < s.Deadline {
		n++
	}
	return n
}
