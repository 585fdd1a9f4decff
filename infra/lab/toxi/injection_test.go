package toxi

import (
	"reflect"
	"sync"
	"testing"
	"time"
)

// Whatever replaces a fault, the end of the first one's time leaves the second alone.
func TestRemoveLeavesWhatCameLater(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	terminal := NewClient(server.URL())
	want := map[string]string{"slow": "latency", "outage": "timeout", "blackhole": "timeout", "refused": "disabled"}
	for _, first := range []string{"slow", "outage", "refused"} {
		for _, second := range []string{"slow", "outage", "blackhole", "refused"} {
			injection, err := server.InjectOwn(t.Context(), ProxyName, fault(t, first))
			if err != nil {
				t.Fatal(err)
			}
			if !injection.InPlace(proxyNow(t, server)) {
				t.Errorf("%s is not in place", first)
			}
			if err := terminal.Inject(t.Context(), ProxyName, fault(t, second)); err != nil {
				t.Fatal(err)
			}
			if injection.InPlace(proxyNow(t, server)) {
				t.Errorf("%s is still in place after %s", first, second)
			}
			if removed, err := injection.Remove(t.Context()); removed || err != nil {
				t.Errorf("%s then %s: removed %v, %v, want nothing", first, second, removed, err)
			}
			if got := inPlace(t, server); !reflect.DeepEqual(got, []string{want[second]}) {
				t.Errorf("%s then %s: %v in place, want %s alone", first, second, got, want[second])
			}
		}
	}
	for _, name := range []string{"slow", "refused"} {
		injection, err := server.InjectOwn(t.Context(), ProxyName, fault(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if removed, err := injection.Remove(t.Context()); !removed || err != nil {
			t.Errorf("%s: removed %v, %v, want it gone", name, removed, err)
		}
		if got := inPlace(t, server); len(got) > 0 {
			t.Errorf("%s: %v in place, want nothing", name, got)
		}
	}
}

// Two processes at the same moment: the fault of one ends just as the other injects. The second one stays.
func TestRemoveRacesWithInject(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	terminal := NewClient(server.URL())
	for round := range 60 {
		name := []string{"slow", "refused", "outage"}[round%3]
		injection, err := server.InjectOwn(t.Context(), ProxyName, fault(t, name))
		if err != nil {
			t.Fatal(err)
		}
		var second *Injection
		var group sync.WaitGroup
		group.Go(func() {
			time.Sleep(time.Duration(round%7) * 200 * time.Microsecond)
			if _, err := injection.Remove(t.Context()); err != nil {
				t.Error(err)
			}
		})
		group.Go(func() {
			var err error
			if second, err = terminal.InjectOwn(t.Context(), ProxyName, fault(t, name)); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		proxy := proxyNow(t, server)
		if second == nil || !second.InPlace(proxy) || len(proxy.Toxics) != 1 || proxy.Enabled == (name == "refused") {
			t.Fatalf("%s, round %d: %+v, want the second fault alone", name, round, proxy)
		}
	}
}

// Two processes that inject at the same moment leave one fault, not two and not none.
func TestInjectRacesWithInject(t *testing.T) {
	noLeaks(t)
	server := startProxy(t, serveBytes(t))
	for round := range 60 {
		var group sync.WaitGroup
		for _, name := range []string{"slow", "outage"} {
			group.Go(func() {
				client := NewClient(server.URL())
				var err error
				if round%2 == 0 {
					_, err = client.InjectOwn(t.Context(), ProxyName, fault(t, name))
				} else {
					err = client.Inject(t.Context(), ProxyName, fault(t, name))
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got := inPlace(t, server); len(got) != 1 {
			t.Fatalf("round %d: %v in place, want one", round, got)
		}
	}
}
