package experiment

import (
	"testing"

	"chaosworkshop/infra/lab/toxi"
)

// The raw client meets every fault that hits every connection: also one that cuts its answer.
func TestRawClientMeetsTheFaults(t *testing.T) {
	runner, err := Open(t.Context(), DefaultSeed)
	if err != nil {
		t.Fatal(err)
	}
	defer runner.Close()
	proxy, err := toxi.Start(t.Context(), toxi.Options{APIAddr: "127.0.0.1:0", Listen: "127.0.0.1:0", Upstream: runner.stack.Database()})
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	client, err := newRaw(proxy.ProxyAddr(), "root", runner.cfg.RootPassword)
	if err != nil {
		t.Fatal(err)
	}
	defer client.close()
	for _, name := range []string{"", "outage", "refused", "reset", "cut"} {
		if err := proxy.Calm(t.Context(), toxi.ProxyName); err != nil {
			t.Fatal(err)
		}
		if name != "" {
			fault, err := toxi.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := proxy.Inject(t.Context(), toxi.ProxyName, fault); err != nil {
				t.Fatal(err)
			}
		}
		if missing := client.feel(t.Context(), Phase{Name: "fault", Fault: name}).missing(); missing != "" {
			t.Errorf("%q: %s", name, missing)
		}
	}
}
