package bench

import (
	"net/http"
	"os/exec"
	"slices"
	"testing"
	"time"

	"chaosworkshop/infra/internal/require"
)

// BenchmarkStart is the time from `make exercise3` to the first answer with routes, when nothing is left to compile.
func BenchmarkStart(b *testing.B) {
	if _, err := exec.LookPath("make"); err != nil {
		require.Missing(b, "make")
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	start := func() time.Duration {
		began := time.Now()
		p := startProgram(b, "make", "exercise3")
		p.await(b, func() bool { return ask(client, "http://127.0.0.1:"+p.ports["PORT"]) > 0 })
		took := time.Since(began)
		p.end()
		return took
	}
	start() // It may have something to compile.
	var starts []time.Duration
	for b.Loop() {
		starts = append(starts, start())
	}
	b.ReportMetric(middle(starts, time.Millisecond), "ready-ms")
	b.ReportMetric(float64(slices.Max(starts).Milliseconds()), "slowest-ms")
	b.ReportMetric(0, "ns/op")
}
