package experiment

import (
	"fmt"
	"time"

	"chaosworkshop/shared/config"
)

// Settings are the values of the policies as the environment sets them, by the same variables, with the same defaults and
// ranges as in exercise 5.
type Settings struct {
	Timeout         time.Duration `env:"TIMEOUT" envDefault:"1s" min:"1ms" max:"10m"`
	RetryAttempts   int           `env:"RETRY_ATTEMPTS" envDefault:"10" min:"1" max:"100"`
	RetryBaseDelay  time.Duration `env:"RETRY_BASE_DELAY" envDefault:"25ms" min:"1ms" max:"RETRY_MAX_DELAY"`
	RetryMaxDelay   time.Duration `env:"RETRY_MAX_DELAY" envDefault:"100ms" min:"1ms" max:"1m"`
	Deadline        time.Duration `env:"DEADLINE" envDefault:"5s" min:"TIMEOUT" max:"1h"`
	BreakerFailures int           `env:"BREAKER_FAILURES" envDefault:"12" min:"1" max:"1000"`
	BreakerDelay    time.Duration `env:"BREAKER_DELAY" envDefault:"5s" min:"DEADLINE" max:"1h"`
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

// unlucky is how many connections in a row the fault unlucky closes: two checks fail in a row, with all their attempts. Three in a row
// may be an alarm.
func (s Settings) unlucky() int { return 3*s.RetryAttempts - 1 }
