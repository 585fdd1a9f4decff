package livepage

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestClockStandsStillWhilePaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		clock := newClock()
		expect := func(want int64) {
			t.Helper()
			if got := clock.Now(); got != want {
				t.Errorf("clock shows %d ms, want %d", got, want)
			}
		}
		time.Sleep(2 * time.Second)
		expect(2000)
		clock.Pause(true)
		time.Sleep(time.Minute)
		expect(2000)
		clock.Pause(true) // Once more changes nothing.
		clock.Pause(false)
		time.Sleep(500 * time.Millisecond)
		expect(2500)
	})
}
