package livepage

import (
	"testing"

	"chaosworkshop/infra/lab/toxi"
)

func TestCatalogueOnThePage(t *testing.T) {
	hello := NewHello()
	if len(hello.Faults) != len(toxi.Faults()) {
		t.Fatalf("%d faults on the page, want %d", len(hello.Faults), len(toxi.Faults()))
	}
	slow := hello.Faults[0]
	want := FaultName{
		"slow", slow.Summary, "latency, toxicity 1, latency=100, jitter=900",
		"toxiproxy-cli toxic add -t latency --tox 1 -a latency=100 -a jitter=900 mysql_proxy",
	}
	if slow != want {
		t.Errorf("got %+v, want %+v", slow, want)
	}
}
