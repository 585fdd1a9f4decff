package livepage

import (
	"testing"

	"chaosworkshop/infra/lab/toxi"
)

func TestFaultOf(t *testing.T) {
	slow := toxi.Toxic{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]int64{"latency": 100, "jitter": 900}}
	own := slow
	own.Attributes = map[string]int64{"latency": 77, "jitter": 0}
	upstream := slow
	upstream.Stream = "upstream"
	for name, test := range map[string]struct {
		proxy toxi.Proxy
		want  string
	}{
		"calm":            {toxi.Proxy{Enabled: true}, ""},
		"disabled":        {toxi.Proxy{}, "refused"},
		"catalogue":       {toxi.Proxy{Enabled: true, Toxics: []toxi.Toxic{slow}}, "slow"},
		"other values":    {toxi.Proxy{Enabled: true, Toxics: []toxi.Toxic{own}}, "latency"},
		"other stream":    {toxi.Proxy{Enabled: true, Toxics: []toxi.Toxic{upstream}}, "latency"},
		"several at once": {toxi.Proxy{Enabled: true, Toxics: []toxi.Toxic{slow, {Type: "bandwidth"}}}, "latency + bandwidth"},
	} {
		if got := faultOf(test.proxy); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

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
