package bench

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/procfs"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/toxi"
)

// BenchmarkRace is what a race takes under its usual load, in calm and under a flaky network: the most memory that all its
// processes had together, looked at once a second for as many seconds as there are loops, and the processors that all but
// the apps took.
func BenchmarkRace(b *testing.B) {
	if _, err := procfs.Self(); err != nil {
		require.Missing(b, "/proc, which Linux has,")
	}
	workshop := filepath.Join(b.TempDir(), "workshop")
	build := exec.CommandContext(b.Context(), "go", "build", "-buildvcs=false", "-o", workshop, "./infra")
	build.Dir = root(b)
	if output, err := build.CombinedOutput(); err != nil {
		b.Fatalf("build the workshop: %v\n%s", err, output)
	}
	p := startProgram(b, workshop, "race")
	defer p.end()
	const apps = 5
	p.await(b, func() bool { return usageOf(b, p.command.Process.Pid).apps == apps })
	proxy := toxi.NewClient("http://127.0.0.1:" + p.ports["TOXIPROXY_PORT"])
	for _, fault := range []string{"calm", "flaky"} {
		if fault != "calm" {
			toxic, err := toxi.Lookup(fault)
			if err != nil {
				b.Fatal(err)
			}
			if err := proxy.Inject(b.Context(), toxi.ProxyName, toxic); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fault, func(b *testing.B) {
			var most usage
			start, before := time.Now(), usageOf(b, p.command.Process.Pid)
			for b.Loop() {
				time.Sleep(time.Second)
				if now := usageOf(b, p.command.Process.Pid); now.resident > most.resident {
					most = now
				}
			}
			after := usageOf(b, p.command.Process.Pid)
			if most.apps != apps {
				b.Fatalf("got %d apps, want %d; it said: %s", most.apps, apps, p.said)
			}
			b.ReportMetric(most.resident, "RSS-MB")
			b.ReportMetric(most.residentApps, "apps-MB")
			b.ReportMetric((after.seconds-before.seconds)/time.Since(start).Seconds(), "own-cores")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// usage is what a race takes: resident memory in megabytes, of all and of the apps alone, and seconds on the processors
// without the apps.
type usage struct {
	apps                            int
	resident, residentApps, seconds float64
}

// usageOf looks at the race's process, which holds the database, Toxiproxy and the console, and at its children, the apps.
func usageOf(b *testing.B, race int) (found usage) {
	b.Helper()
	processes, err := procfs.AllProcs()
	if err != nil {
		b.Fatal(err)
	}
	for _, process := range processes {
		stat, err := process.Stat()
		if err != nil {
			continue // It ended meanwhile.
		}
		megabytes := float64(stat.ResidentMemory()) / (1 << 20)
		switch race {
		case stat.PID:
			found.seconds = stat.CPUTime()
		case stat.PPID:
			found.apps++
			found.residentApps += megabytes
		default:
			continue
		}
		found.resident += megabytes
	}
	return found
}
