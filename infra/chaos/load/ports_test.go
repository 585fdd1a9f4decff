package load

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"syscall"
	"testing"
	"time"
)

// dialed is the error of a dial as net/http reports it.
func dialed(cause error) error {
	return &url.Error{Op: "Get", URL: "http://127.0.0.1:5000", Err: &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", cause)}}
}

func TestOutOfPorts(t *testing.T) {
	for cause, want := range map[error]bool{
		syscall.EADDRNOTAVAIL: true, syscall.Errno(10048): true, syscall.Errno(10055): true,
		syscall.ECONNREFUSED: false, syscall.ECONNRESET: false, syscall.EMFILE: false,
	} {
		if got := IsOutOfPorts(fmt.Errorf("send: %w", dialed(cause))); got != want {
			t.Errorf("%v: got %v, want %v", cause, got, want)
		}
	}
	if got := reason(dialed(syscall.EADDRNOTAVAIL)); got != errPorts {
		t.Errorf("got %q, want %q", got, errPorts)
	}
}

// A request that never left this computer is counted apart.
func TestRequestsWithoutAPortAreCounted(t *testing.T) {
	var tally Tally
	for _, result := range []Result{{Status: 200}, {Err: errPorts}, {Err: errPorts}, {Err: "connection refused"}} {
		tally.Add(result)
	}
	if got := tally.Numbers(); got.NoPort != 2 || got.Requests != 4 {
		t.Errorf("got %d of %d without a port, want 2 of 4", got.NoPort, got.Requests)
	}
}

func TestExhausts(t *testing.T) {
	for _, test := range []struct {
		rate     int
		duration time.Duration
		want     bool
	}{
		{800, time.Minute, true}, {800, 40 * time.Second, true}, {800, 30 * time.Second, false},
		{470, time.Hour, false}, {480, time.Hour, true}, {50, time.Hour, false},
	} {
		if got, lasting := Exhausts(test.rate, test.duration, 28232, time.Minute); got != test.want || lasting != 470 {
			t.Errorf("%d a second for %s: got %v and %d, want %v and 470", test.rate, test.duration, got, lasting, test.want)
		}
	}
	if count, kept := Ports(); count < 1000 || kept < time.Second {
		t.Errorf("got %d ports for %s", count, kept)
	}
}

// A second in which requests failed while no port was left says so.
func TestWatchSaysThatNoPortIsLeft(t *testing.T) {
	failing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer failing.Close()
	fine := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer fine.Close()
	for address, want := range map[string]bool{failing.URL: true, fine.URL: false} {
		options := Options{URL: address, Rate: 50, Duration: 200 * time.Millisecond, Pairs: somePairs, OutOfPorts: func() bool { return true }}
		summary, err := Watch(t.Context(), options, func(context.Context) App { return App{} }, func(Second) {})
		if err != nil || len(summary.Seconds) != 1 || summary.Seconds[0].OutOfPorts != want {
			t.Errorf("got %+v, %v, want OutOfPorts to be %v", summary.Seconds, err, want)
		}
	}
}
