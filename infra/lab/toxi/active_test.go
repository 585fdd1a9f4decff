package toxi

import "testing"

func TestFaultOfAProxy(t *testing.T) {
	slow := Toxic{Type: "latency", Stream: "downstream", Toxicity: 1, Attributes: map[string]int64{"latency": 100, "jitter": 900}}
	own := slow
	own.Attributes = map[string]int64{"latency": 77, "jitter": 0}
	upstream := slow
	upstream.Stream = "upstream"
	for name, test := range map[string]struct {
		proxy Proxy
		want  string
	}{
		"calm":            {Proxy{Enabled: true}, ""},
		"disabled":        {Proxy{}, "refused"},
		"catalogue":       {Proxy{Enabled: true, Toxics: []Toxic{slow}}, "slow"},
		"other values":    {Proxy{Enabled: true, Toxics: []Toxic{own}}, "latency"},
		"other stream":    {Proxy{Enabled: true, Toxics: []Toxic{upstream}}, "latency"},
		"several at once": {Proxy{Enabled: true, Toxics: []Toxic{slow, {Type: "bandwidth"}}}, "latency + bandwidth"},
	} {
		if got := test.proxy.Fault(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
