package experiment

import (
	"fmt"
	"time"

	"chaosworkshop/shared/config"
)

// Settings are the values of the policies as the environment sets them, by the same variables and with the same defaults
// as in the exercises.
type Settings struct {
	Timeout         time.Duration `env:"TIMEOUT" envDefault:"1s"`
	RetryAttempts   int           `env:"RETRY_ATTEMPTS" envDefault:"10"`
	RetryBaseDelay  time.Duration `env:"RETRY_BASE_DELAY" envDefault:"25ms"`
	RetryMaxDelay   time.Duration `env:"RETRY_MAX_DELAY" envDefault:"100ms"`
	Deadline        time.Duration `env:"DEADLINE" envDefault:"5s"`
	BreakerFailures int           `env:"BREAKER_FAILURES" envDefault:"12"`
	BreakerDelay    time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
}

// LoadSettings reads the settings that an app would read.
func LoadSettings() (Settings, error) { return config.Load[Settings]() }

// names are the settings as experiments name them. backoff is the sum of the pauses between all attempts, without jitter.
func (s Settings) names() names {
	return names{
		"TIMEOUT": span(s.Timeout), "DEADLINE": span(s.Deadline), "BREAKER_DELAY": span(s.BreakerDelay),
		"RETRY_ATTEMPTS": {value: float64(s.RetryAttempts)}, "backoff": span(s.backoff(s.RetryAttempts)),
	}
}

// openWait is the longest that a breaker stays open: its delay, and the jitter of a tenth on top.
func (s Settings) openWait() time.Duration { return s.BreakerDelay * 11 / 10 }

// backoff is the sum of the delays between n attempts, without jitter.
func (s Settings) backoff(n int) time.Duration {
	sum, delay := time.Duration(0), s.RetryBaseDelay
	for range n - 1 {
		sum += min(delay, s.RetryMaxDelay)
		delay *= 2
	}
	return sum
}

// variables are the settings as the environment names them.
func (s Settings) variables() map[string]string {
	return map[string]string{
		"TIMEOUT": s.Timeout.String(), "DEADLINE": s.Deadline.String(), "BREAKER_DELAY": s.BreakerDelay.String(),
		"BREAKER_FAILURES": fmt.Sprint(s.BreakerFailures),
		"RETRY_ATTEMPTS":   fmt.Sprint(s.RetryAttempts), "RETRY_BASE_DELAY": s.RetryBaseDelay.String(), "RETRY_MAX_DELAY": s.RetryMaxDelay.String(),
	}
}
