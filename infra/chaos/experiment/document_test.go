package experiment

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"chaosworkshop/shared/mutants"

	"chaosworkshop/infra/lab/toxi"
)

// valid is an experiment without a mistake; the tests make some.
const valid = `title: A slow shop
configuration: {BOUND: 800ms}
target:
  url: http://127.0.0.1:8080
requests:
  - path: /price
    right: {json: {$.price: 250}}
proxies:
  - {name: redis, listen: "127.0.0.1:6380", upstream: "127.0.0.1:6379"}
method:
  - phase: calm
    duration: 1s
    load: {rate: 10}
  - phase: slow
    fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}
    duration: BOUND * 2
    load: {rate: 10, patience: 3s}
  - phase: calm again
    duration: 1s
    until: served
    load: {rate: 10}
tolerances:
  - name: in time
    phase: slow
    expect: p(99) < BOUND + 100ms and rate(served) >= 90%
  - name: few connections
    phase: [slow, calm again]
    expect: dials_per_request <= 3
`

func TestReadAnExperiment(t *testing.T) {
	e, err := read("shop.yaml", []byte(valid), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := e.Method[1].For, 1600*time.Millisecond; got != want {
		t.Errorf("duration: got %s, want %s", got, want)
	}
	fault := e.Method[1].Faults[0]
	if fault.Type != "latency" || fault.Attributes["latency"] != 300 || fault.Toxicity != 0.5 || !fault.hits("redis") || fault.hits("other") {
		t.Errorf("fault: got %+v", fault)
	}
	if e.ID != "shop" || e.Method[2].Until != "served" || !slices.Equal(e.Tolerances[1].Phases, []string{"slow", "calm again"}) {
		t.Errorf("got %+v", e)
	}
}

// Each mistake is found where it is, with what was expected.
func TestMistakesHaveAPlace(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"title: A slow shop\n", "", `shop.yaml:1:1: the file lacks "title"`},
		{valid, "", "shop.yaml:1:1: the file is empty"},
		{valid, "- a\n", "shop.yaml:1:1: the file is a list; expected a group of keys"},
		{"title: A slow shop", "title: [", "shop.yaml:1:1: this is not YAML"},
		{"load: {rate: 10}\n  - phase: slow", "load: {rate: 10\n  - phase: slow", "shop.yaml:13:11: this is not YAML: did not find expected ',' or '}'"},
		{"phase: [slow, calm again]", "phase: [slow, calm again", "shop.yaml:27:12: this is not YAML: did not find expected ',' or ']'"},
		{"{json: {$.price: 250}}", "{json: {$.price: 250}}}", "shop.yaml:7:5: this is not YAML: did not find expected key"},
		{"    duration: BOUND", "   duration: BOUND", "shop.yaml:16:4: this is not YAML: did not find expected '-' indicator"},
		{"    duration: BOUND", "      duration: BOUND", "shop.yaml:16:7: this is not YAML: did not find expected key"},
		{"    duration: BOUND", "\tduration: BOUND", "shop.yaml:16:1: this is not YAML: found character that cannot start any token; indent with spaces"},
		{"  - phase: calm again", "  -phase: calm again", "shop.yaml:18:3: this is not YAML: did not find expected '-' indicator"},
		{"tolerances:\n", "- tolerances:\n", "shop.yaml:22:1: this is not YAML: did not find expected key"},
		{"title: A slow shop\n", "# A shop\n\ntitle: A slow shop\n oops: 1\n", "shop.yaml:4:6: this is not YAML: mapping values are not allowed"},
		{"title: A slow shop\n", "# A shop\n\n  title: A slow shop\n", "shop.yaml:4:1: this is not YAML"},
		{"title: A slow shop", "title: A slow: shop", "shop.yaml:1:14: this is not YAML: mapping values are not allowed in this context; check the indentation and the space after each colon, and put a text that has both in quotes"},
		{"expect: dials_per_request <= 3", "expect: > 2s", "shop.yaml:28:13: this is not YAML: did not find expected comment or line break; put a text that begins with > in quotes"},
		{"path: /price", "path: @price", "shop.yaml:6:11: this is not YAML: found character that cannot start any token; put a text that begins with @ in quotes"},
		{"    until: served", "    until served", "shop.yaml:20:5: this is not YAML: could not find expected ':'; is there a space after the colon?"},
		{"{rate: 10, patience: 3s}", "{rate:10, patience: 3s}", `shop.yaml:17:12: "rate:10" has no value; expected a space after its colon`},
		{"{$.price: 250}", "{$.price:250}", `shop.yaml:7:20: "$.price:250" has no value; expected a space after its colon`},
		{"    right: {json: {$.price: 250}}", "    right:\n      status:200", `shop.yaml:8:7: right is text; expected a space after the colon in "status:200"`},
		{"  url: http://127.0.0.1:8080", "  http://127.0.0.1:8080", "shop.yaml:4:3: target is text; expected a group of keys"},
		{"    duration: 1s\n    load: {rate: 10}\n  - phase: slow", "    durration: 1s\n    load: {rate: 10}\n  - phase: slow", `shop.yaml:12:5: an entry of method has no key "durration"; did you mean "duration"?`},
		{"duration: 1s\n    load: {rate: 10}\n  - phase: slow", "duration: 10\n    load: {rate: 10}\n  - phase: slow", "shop.yaml:12:15: duration is a whole number; expected text with a unit, such as 2s"},
		{"duration: 1s\n    load: {rate: 10}\n  - phase: slow", "duration: 1 s\n    load: {rate: 10}\n  - phase: slow", "shop.yaml:12:15: write a number and its unit without a space, such as 100ms"},
		{"title: A slow shop", "\ttitle: A slow shop", "shop.yaml:1:1: this is not YAML: found character that cannot start any token; indent with spaces, not with a tab"},
		{"listen: \"127.0.0.1:6380\"", "listen: 6380", "shop.yaml:9:27: listen is a whole number; expected text, such as \"127.0.0.1:6380\""},
		{"until: served", "until: 502", "shop.yaml:20:12: until is a whole number; expected text, such as served or \"502\" in quotes"},
		{"p(99) <", "p(0.99) <", "shop.yaml:25:15: p(0.99) is the 0.99th percentile; did you mean p(99)?"},
		{">= 90%", ">= 90", "shop.yaml:25:55: 90 is more than all; a share is 0% to 100%, or 0 to 1: did you mean 90%?"},
		{">= 90%", ">= 120%", "shop.yaml:25:55: 120% is more than all"},
		{">= 90%", "<= 1", "shop.yaml:25:55: every share is at most 1, which is all of them; did you mean 1%?"},
		{">= 90%", ">= 0", "shop.yaml:25:55: rate(served) is always at least 0"},
		{"type: latency", "type: latencies", `shop.yaml:15:19: type is "latencies"; did you mean "latency"?`},
		{"latency: 300ms", "bytes: 300", `shop.yaml:15:28: latency has no "bytes"; expected latency or jitter, such as {type: latency, latency: 300ms}`},
		{"latency, latency: 300ms", "timeout, latency: 5ms", `shop.yaml:15:28: timeout has no "latency"; expected timeout, such as {type: timeout, timeout: 500ms}`},
		{"latency, latency: 300ms", "refused, timeout: 5ms", `shop.yaml:15:28: refused takes no numbers; remove "timeout"`},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "fault: latency", `shop.yaml:15:12: latency needs "latency", such as {type: latency, latency: 300ms}`},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "type: blackhole", `shop.yaml:15:5: an entry of method has no key "type"; did you mean "fault"?`},
		{"type: latency", "fault: latency", `shop.yaml:15:13: fault has no key "fault"; did you mean "type"?`},
		{"- phase: slow", "- name: slow", `shop.yaml:14:5: an entry of method has no key "name"; did you mean "phase"?`},
		{"latency: 300ms", "latency: 0.2", "shop.yaml:15:37: latency is a number; expected text or a whole number, such as 200ms"},
		{"toxicity: 0.5", "toxicity: 30%", "shop.yaml:15:54: toxicity is text; expected a number, such as 0.3 for 30%"},
		{"BOUND: 800ms", "BOUND: fast", `shop.yaml:2:24: "fast" is neither a number nor a duration; expected one such as 100ms`},
		{`upstream: "127.0.0.1:6379"`, `upstream: "127.0.0.1:6379", probe: {send: 'PING\r\n'}`, `shop.yaml:9:87: only double quotes turn \r\n into the end of a line; write send: "PING\r\n"`},

		{"latency: 300ms", "latency: 1ms", "shop.yaml:15:12: latency is too weak"},
		{"latency: 300ms", "latency: soon", `shop.yaml:15:37: "soon" is neither a number nor a duration`},
		{"toxicity: 0.5", "toxicity: 2", "shop.yaml:15:54: toxicity is 2; expected 0.05 to 1"},
		{"url: http://127.0.0.1:8080", "command: ./shop\n  env: {PORT: 99999}", "shop.yaml:5:15: PORT is 99999; expected 1 to 65535"},
		{"127.0.0.1:6380", "127.0.0.1:99999", `shop.yaml:9:27: "127.0.0.1:99999" is not an address; expected a host and a port from 1 to 65535, such as 127.0.0.1:6379`},
		{`upstream: "127.0.0.1:6379"`, `upstream: "127.0.0.1:0"`, `shop.yaml:9:55: "127.0.0.1:0" is not an address`},
		{"http://127.0.0.1:8080", "http://127.0.0.1:99999", `shop.yaml:4:8: "http://127.0.0.1:99999" is not a URL`},
		{`upstream: "127.0.0.1:6379"`, `upstream: "localhost:6380"`, `shop.yaml:9:55: the proxy "redis" would connect to itself; upstream is the address of the dependency`},
		{"method:\n", "  - {name: other, listen: \"0.0.0.0:6380\", upstream: \"127.0.0.1:6378\"}\nmethod:\n", `shop.yaml:10:27: the proxies "redis" and "other" listen on the same address; give each a port of its own`},
		{"    duration: BOUND", "    faults: [blackhole]\n    duration: BOUND", `shop.yaml:15:12: "slow" has both fault and faults; list every fault in faults`},
		{"proxies: [redis]", "proxies: [reddis]", `shop.yaml:15:69: there is no proxy "reddis"; did you mean "redis"?`},
		{"BOUND * 2", "BUOND * 2", `shop.yaml:16:15: there is no name "BUOND" in the configuration; did you mean "BOUND"?`},
		{"BOUND * 2", "BOUND * 20000", "shop.yaml:16:15: BOUND * 20000 is out of range"},
		{"patience: 3s", "patience: 3", "shop.yaml:17:32: patience is a whole number"},
		{"until: served", "until: srved", `shop.yaml:20:12: there is no outcome "srved"; did you mean "served"?`},
		{"phase: slow\n    expect", "phase: slwo\n    expect", `shop.yaml:24:12: there is no phase "slwo"; did you mean "slow"?`},
		{"p(99) <", "p99 <", `shop.yaml:25:13: there is no measure "p99"; did you mean "p(99)"?`},
		{"p(99) <", "p(101) <", `shop.yaml:25:15: "101" is not a percentile`},
		{"< BOUND + 100ms", "< BOUND + 100", "shop.yaml:25:29: 100 is not a duration, such as 100ms, as BOUND is"},
		{"< BOUND + 100ms", "< 5", "shop.yaml:25:21: 5 is not a duration"},
		{"rate(served) >=", "rate(served) =>", `shop.yaml:25:52: there is no "=>"; did you mean ">="?`},
		{"p(99) <", "speed <", `shop.yaml:25:13: there is no measure or name "speed"; expected one of at_once, connections_at_once, connections_before, connections_left, count, dials, dials_at_once, dials_per_check, dials_per_request, max, p, rate, requests, retry_after_error, time_to, BOUND`},
		{"rate(served)", "rate(srved)", `shop.yaml:25:44: there is no outcome "srved"; did you mean "served"?`},
		{">= 90%", ">= 90% or", `shop.yaml:25:59: there is no "or"; name all outcomes in one measure`},
		{">= 90%", ">= 90% || max < 1s", `shop.yaml:25:59: there is no "or"`},
		{">= 90%", ">= 90% && max < 1s", `shop.yaml:25:59: expected "and", in small letters`},
		{">= 90%", ">= 90% AND max < 1s", `shop.yaml:25:59: expected "and", in small letters`},
		{">= 90%", ">= 90% then max < 1s", `shop.yaml:25:59: expected the end, or "and"`},
		{"dials_per_request <= 3", "max <= 1,5s", "shop.yaml:28:21: write a number with a point, such as 1.5s"},
		{"dials_per_request <= 3", "max <= 500 ms", "shop.yaml:28:20: write a number and its unit without a space"},
		{"dials_per_request <= 3", "max <= 500MS", `shop.yaml:28:20: "500MS" is neither a number nor a duration`},
		{"dials_per_request <= 3", "max <= -3s", "shop.yaml:28:20: a value cannot begin with a minus sign"},
		{"dials_per_request <= 3", "max <= .5s", "shop.yaml:28:20: write a digit before the point"},
		{"dials_per_request <= 3", "''", "shop.yaml:28:14: it is empty; expected a comparison, such as p(99) < 100ms"},
		{"dials_per_request <= 3", "max <= TIMEOUT", `shop.yaml:28:20: there is no name "TIMEOUT" in the configuration; add configuration: {TIMEOUT: 1s}`},
		{"dials_per_request <= 3", "p(0) <= 1s", `shop.yaml:28:15: "0" is not a percentile`},
		{"  - name: few connections\n    phase: [slow, calm again]\n    expect: dials_per_request <= 3\n", "  - {name: few, phase: slow, expect: rate(served, 503) == 1}\n",
			`shop.yaml:26:51: an entry of tolerances has no key "503) == 1"; if the comma belongs to "expect", put that value in quotes`},
		{"dials_per_request <= 3", "max =< 1s", `shop.yaml:28:17: there is no "=<"; did you mean "<="?`},
		{"dials_per_request <= 3", "max ≤ 1s", `shop.yaml:28:17: there is no "≤"; did you mean "<="?`},
		{"dials_per_request <= 3", "rate(served) > 100%", "shop.yaml:28:28: no run can have rate(served) > 100%"},
		{"dials_per_request <= 3", "max < 0ms", "shop.yaml:28:19: no run can have max < 0ms"},
		{"dials_per_request <= 3", "requests >= 1", "shop.yaml:28:13: the load decides how many requests there are"},
		{"dials_per_request <= 3", "rate(admitted, 503, unanswered) == 1", "shop.yaml:28:13: every answer has one of these outcomes"},
		{"dials_per_request <= 3", "rate(2xx, 3xx, 4xx, 5xx, unanswered) == 1", "shop.yaml:28:13: every answer has one of these outcomes"},
		{"dials_per_request <= 3", "count(unanswered) <= 26", "shop.yaml:28:13: there are no more than 26 requests, so count(unanswered) <= 26 cannot be missed"},
		{"dials_per_request <= 3", "at_once(served) < 100", "shop.yaml:28:13: there are no more than 26 requests"},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "fault: blackhol", `shop.yaml:15:12: fault is "blackhol"; did you mean "blackhole"?`},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "fault: [blackhole]", "shop.yaml:15:12: fault is a list; expected text or a group of keys, such as blackhole or {type: latency, latency: 300ms}; a list is faults"},
		{"type: latency, latency: 300ms", "type: dropped", `shop.yaml:15:28: dropped is for every connection; remove "toxicity"`},
		{"type: latency, latency: 300ms, toxicity: 0.5", "type: refused, stream: upstream", `shop.yaml:15:28: refused is for every connection; remove "stream"`},
		{"latency, latency: 300ms", "slow_close, delay: 500ms, stream: upstream", "shop.yaml:15:12: slow_close delays the end of what the dependency sends; remove stream: upstream"},
		{"latency, latency: 300ms", "reset_peer, timeout: 5s", "shop.yaml:15:12: reset_peer stays until its timeout is over, even when Toxiproxy removes it; expected at most 400 ms"},
		{"load: {rate: 10, patience: 3s}", "load: *users", "shop.yaml:17:11: this is not YAML: unknown anchor 'users' referenced"},
		{"    expect: dials_per_request <= 3\n", "", `shop.yaml:26:5: an entry of tolerances lacks "expect", such as p(99) < 100ms`},
		{"title: A slow shop", "// A shop\ntitle: A slow shop", "shop.yaml:1:1: this is not YAML: a comment begins with #"},
		{"title: A slow shop\n", "\u00a0\u00a0title: A slow shop\n", "shop.yaml:1:1: a key of the file has a no-break space; type a space in its place"},
		{"upstream: \"127.0.0.1:6379\"", "upstream: \"127.0.0.1:6379", "shop.yaml:9:55: this is not YAML: found unexpected end of stream; a quote or a bracket has no end"},
		{"load: {rate: 10, patience: 3s}", "load: {rat: 10, patience: 3s}", `shop.yaml:17:12: load has no key "rat"; did you mean "rate"?`},
		{"load: {rate: 10, patience: 3s}", "load: {users: 10}", `shop.yaml:17:12: load has no key "users"; expected one of patience, rate`},
		{"load: {rate: 10, patience: 3s}", "load: 20", "shop.yaml:17:11: load is a whole number; expected a group of keys, such as {rate: 20}"},
		{"{json: {$.price: 250}}", "200", "shop.yaml:7:12: right is a whole number; expected a group of keys, such as {status: 200}"},
		{"{json: {$.price: 250}}", "{status: [200, 204]}", "shop.yaml:7:21: status is a list; expected a whole number, such as 200; without it, every 2xx is right"},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "faults: blackhole", "shop.yaml:15:13: faults is text; expected a list, such as [blackhole, slow]; a single one is fault: blackhole"},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "faults: [denied, slow, locked]", "shop.yaml:15:28: denied and locked cannot be active at the same time on one proxy"},
		{"fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}", "faults: [refused, slow]", "shop.yaml:15:23: refused and slow cannot be active at the same time on one proxy"},
		{"    right: {json", "    body: '{}'\n    right: {json", "shop.yaml:7:11: a body needs a method, such as method: POST"},
		{"  url: http://127.0.0.1:8080", "  url: http://127.0.0.1:8080\n  command: ./shop", "shop.yaml:4:3: target has both url, of a service that is already running, and command"},
		{"  url: http://127.0.0.1:8080", "  command: ./shop\n  env: [A=b]", "shop.yaml:5:8: env is a list; expected a group of keys, such as {REDIS"},
		{"phase: calm again", "phase: calm", `shop.yaml:18:12: two phases are called "calm"`},
		{"  url: http://127.0.0.1:8080\n", "  ready: /\n", "shop.yaml:4:3: target needs either url or command"},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", `shop.yaml:4:8: "127.0.0.1:8080" is not a URL`},
		{"path: /price", "path: price", `shop.yaml:6:11: "price" is not a path`},
		{"$.price", "price", `shop.yaml:7:19: "price" is not a path in JSON`},
		{"upstream: \"127.0.0.1:6379\"", "upstream: \"6379\"", `shop.yaml:9:55: "6379" is not an address`},
		{"rate(served) >= 90%", "count(served) >= 90%", "shop.yaml:25:56: 90% is a share, but count(served) is not"},
		{"rate(served) >= 90%", "dials_per_request <= 90%", "shop.yaml:25:60: 90% is a share, but dials_per_request is not"},
		{"rate(served) >= 90%", "rate(served) >= 120%", "shop.yaml:25:55: 120% is more than all; a share is 0% to 100%, or 0 to 1"},
		{"rate(served) >= 90%", "count(5xx) <= 0.1", "shop.yaml:25:53: 0.1 is a share, and count(5xx) is a number of requests; did you mean rate(5xx)?"},
		{"rate(served) >= 90%", "rate(healthy) >= 90%", "shop.yaml:25:13: rate(healthy) needs answers of the health endpoint; add health: true"},
		{"    load: {rate: 10, patience: 3s}\n", "", "shop.yaml:24:13: p(99) needs requests; add load: {rate: 20} to the phase \"slow\""},
		{"    fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}\n", "    fault: refused\n",
			`shop.yaml:28:13: dials_per_request counts connections that arrive, and in "slow" none does; use fault: dropped`},
		{"dials_per_request <= 3", "max <= bound", "shop.yaml:28:13: bound is only for the workshop's own experiments"},
		{"    fault: {type: latency, latency: 300ms, toxicity: 0.5, proxies: [redis]}\n", "", "shop.yaml:11:3: no phase has a fault, so nothing is tested"},
		{"    load: {rate: 10, patience: 3s}\n", "    load: {rate: 10, patience: 3s}\n    tail: calm\n", `shop.yaml:14:12: "slow" has invalid, no-flights, changed or tail, reserved for`},
		{"    load: {rate: 10, patience: 3s}\n", "    load: {rate: 10, invalid: 3}\n", `shop.yaml:14:12: "slow" has invalid, no-flights, changed or tail`},
		{"    load: {rate: 10, patience: 3s}\n", "    load: {rate: 10}\n    changed: true\n", `shop.yaml:14:12: "slow" has invalid, no-flights, changed or tail`},
		{"title: A slow shop", "title: &a A slow shop", "shop.yaml:1:8: anchors and aliases"},
		{"title: A slow shop", "title: A slow shop\ntitle: twice", `shop.yaml:2:1: "title" occurs twice`},
		{valid, valid + "---\ntitle: more\n", "shop.yaml:29:"},
	} {
		if !strings.Contains(valid, test.old) {
			t.Fatalf("the valid experiment lacks %q", test.old)
		}
		_, err := read("shop.yaml", []byte(strings.Replace(valid, test.old, test.new, 1)), nil)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q instead of %q: got %v, want %s", test.new, test.old, err, test.want)
		}
	}
}

// The description is the hypothesis. Without one, the title says what a user gets.
func TestHypothesis(t *testing.T) {
	for text, want := range map[string]string{
		valid: "A slow shop",
		strings.Replace(valid, "title: A slow shop", "title: A slow shop\ndescription: Slow is better than down.", 1): "Slow is better than down.",
	} {
		if e, err := read("shop.yaml", []byte(text), nil); err != nil || e.Hypothesis != want {
			t.Errorf("got %q and %v, want %q", e.Hypothesis, err, want)
		}
	}
}

// An experiment that looks only at what comes after the fault is allowed, with a warning, and so is a name that nothing uses.
func TestWarnings(t *testing.T) {
	unused := strings.NewReplacer("BOUND: 800ms", "BOUND: 800ms, PRICE: 3")
	if e, err := read("shop.yaml", []byte(unused.Replace(valid)), nil); err != nil || len(e.Warnings) != 1 || e.Warnings[0] != `shop.yaml:2:38: nothing uses "PRICE"` {
		t.Errorf("got %v, %q, want one warning", err, e.Warnings)
	}
	after := strings.NewReplacer("phase: slow\n    expect", "phase: calm again\n    expect", "[slow, calm again]", "calm again")
	for text, want := range map[string]int{valid: 0, after.Replace(valid): 1} {
		e, err := read("shop.yaml", []byte(text), nil)
		if err != nil || len(e.Warnings) != want || want > 0 && !strings.HasPrefix(e.Warnings[0], "shop.yaml:23:3: no tolerance covers a phase with a fault") {
			t.Errorf("got %v, %q, want %d warnings", err, e.Warnings, want)
		}
	}
}

// The first experiment that --new writes is a valid one, and says nothing else but what it was given.
func TestFirstExperimentIsValid(t *testing.T) {
	text, err := First("http://127.0.0.1:8080/price?item=tea", "127.0.0.1:6379", "../schema.json")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "first.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if e.Requests[0].Path != "/price?item=tea" || e.Target.URL != "http://127.0.0.1:8080" || e.Proxies[0].Listen != "127.0.0.1:6380" {
		t.Errorf("got %+v %+v %+v", e.Target, e.Requests, e.Proxies)
	}
	for _, wrong := range [][2]string{{"127.0.0.1", "127.0.0.1:1"}, {"http://x", "1"}, {"http://x", "h:99999"}} {
		if _, err := First(wrong[0], wrong[1], ""); err == nil {
			t.Errorf("%v: got no error", wrong)
		}
	}
}

// The examples in the messages are right.
func TestExamplesOfNumbersAreValid(t *testing.T) {
	for kind, example := range numbers {
		text := strings.Replace(valid, "type: latency, latency: 300ms", "type: "+kind+", "+example, 1)
		if _, err := read("shop.yaml", []byte(text), nil); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if len(numbers) != len(slices.DeleteFunc(slices.Collect(maps.Values(attributes)), func(known []string) bool { return known == nil })) {
		t.Error("a toxic with numbers has no example")
	}
}

// What the file names beside itself must exist.
func TestMissingFilesHaveAPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.yaml")
	for _, test := range []struct{ old, new, want string }{
		{"url: http://127.0.0.1:8080", "command: ./shop\n  dir: nosuch", ":5:8: there is no folder "},
		{"{json: {$.price: 250}}", "{file: nosuch.json}", ":7:19: read the right answer: open "},
	} {
		if err := os.WriteFile(path, []byte(strings.Replace(valid, test.old, test.new, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); err == nil || !strings.HasPrefix(err.Error(), path+test.want) || !strings.Contains(err.Error(), "nosuch") {
			t.Errorf("got %v, want %s%s", err, path, test.want)
		}
	}
}

// Editors and the reader agree: the schema has exactly the keys, the faults and the numbers that the reader knows.
func TestSchemaIsThatOfTheReader(t *testing.T) {
	schema := schemaOf()
	compare := func(what string, value any, rule *rule) {
		t.Helper()
		var want, got []string
		for kind, i := reflect.TypeOf(value), 0; i < kind.NumField(); i++ {
			if tag := kind.Field(i).Tag.Get("yaml"); tag != "" {
				want = append(want, tag)
			}
		}
		for name := range rule.Properties {
			got = append(got, name)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: the schema has %v, the reader %v", what, got, want)
		}
	}
	compare("file", document{}, schema)
	compare("target", Target{}, schema.Properties["target"])
	compare("requests", Request{}, schema.Properties["requests"].Items)
	compare("proxies", Proxy{}, schema.Properties["proxies"].Items)
	compare("method", phaseDocument{}, schema.Properties["method"].Items)
	compare("tolerances", toleranceDocument{}, schema.Properties["tolerances"].Items)
	fault := schema.Defs["fault"]
	var names, numbers []string
	for _, one := range toxi.Faults() {
		names = append(names, one.Name)
	}
	for kind, known := range attributes {
		if kind != "" {
			names = append(names, kind)
		}
		numbers = append(numbers, known...)
	}
	for _, name := range names {
		if !slices.Contains(fault.Properties["type"].Enum, name) {
			t.Errorf("the schema lacks the fault %s", name)
		}
	}
	for _, number := range numbers {
		if fault.Properties[number] == nil {
			t.Errorf("the schema lacks the number %s", number)
		}
	}
}

// Whatever a file holds, the reader reads it or says where it is wrong.
func FuzzRead(f *testing.F) {
	seeds := [][]any{{[]byte(valid)}}
	for _, name := range []string{"e1.yaml", "e3.yaml", "e5.yaml"} {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, []any{text})
	}
	mutants.Add(f, seeds...)
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := read("fuzz.yaml", text, settings.names())
		if err == nil {
			return
		}
		wrong, ok := errors.AsType[*Problem](err)
		if !ok || wrong.Line < 1 || wrong.Column < 1 || wrong.File != "fuzz.yaml" || wrong.Text == "" {
			t.Errorf("got %v, want a place and a text", err)
		}
	})
}

// Whatever an expression is, it is refused at a place within it, or gives a verdict.
func FuzzExpression(f *testing.F) {
	mutants.Add(f, []any{"p(99) < 100ms"}, []any{"rate(served, 504) >= 90% and count(5xx) == 0"}, []any{"dials <= (1 + open_waits) * RETRY_ATTEMPTS"}, []any{"max <= 1m30s / 2 - 3 * (4ms)"})
	run := healthyRun(5)
	f.Fuzz(func(t *testing.T, text string) {
		made, err := parseExpression(text, settings.names())
		if wrong, ok := errors.AsType[*mistake](err); err != nil && (!ok || wrong.at < 0 || wrong.at > len(text)) {
			t.Errorf("got %#v, want a place in %q", err, text)
		}
		if err == nil {
			made.check(scope{run, []string{flaky, "skipped"}, settings.names()})
		}
	})
}

// Whatever a path in JSON is, it is refused or finds at most one value.
func FuzzPath(f *testing.F) {
	mutants.Add(f, []any{"$.items[0].name", `{"items":[{"name":"tea"}]}`})
	f.Fuzz(func(_ *testing.T, path, body string) {
		differs([]byte(body), map[string]any{path: "tea"}, func(string, error) {})
	})
}

func TestRightAnswers(t *testing.T) {
	request := func(change func(*Request)) *right {
		var one Request
		change(&one)
		return &right{requests: []Request{one}, calm: map[int]any{}, lacks: map[place]error{}}
	}
	byJSON := request(func(r *Request) { r.Right.JSON = map[string]any{"$.items[1].price": 250, "$.open": true} })
	byFile := request(func(r *Request) { r.Right.File, r.body = "answer.json", []byte(`{"a": 1, "b": [2]}`) })
	asCalm := request(func(r *Request) { r.Right.Same = true })
	typed := request(func(r *Request) {
		e, err := read("shop.yaml", []byte(strings.Replace(valid, "$.price: 250", `$.number: 250, $.text: "250", $.long: 12345678901234567891, $.half: 0.5, $.day: 2026-11-27, $.none: null`, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		*r = e.Requests[0]
	})
	const values = `{"number":250,"text":"250","long":12345678901234567891,"half":0.5,"day":"2026-11-27","none":null}`
	created := request(func(r *Request) { r.Right.Status = 201 })
	for _, test := range []struct {
		what   string
		right  *right
		status int
		body   string
		want   string // What differs.
	}{
		{"any 2xx", request(func(*Request) {}), 204, "", ""},
		{"a redirect", request(func(*Request) {}), 302, "", `the status is 302 instead of 2xx`},
		{"another status", created, 200, "", `the status is 200 instead of 201`},
		{"the status", created, 201, "", ""},
		{"the values", byJSON, 200, `{"items":[{},{"price":250.0}],"open":true}`, ""},
		{"another value", byJSON, 200, `{"items":[{},{"price":251}],"open":true}`, `$.items[1].price is 251 instead of 250`},
		{"no such value", byJSON, 200, `{"items":[],"open":true}`, `no value at $.items[1].price; expected 250`},
		{"values of every type", typed, 200, values, ""},
		{"a number in another form", typed, 200, strings.Replace(values, ":250", ":2.5e2", 1), ""},
		{"a number for a text", typed, 200, strings.Replace(values, `"250"`, `250`, 1), `$.text is 250 instead of "250"`},
		{"a text for a number", typed, 200, strings.Replace(values, `:250`, `:"250"`, 1), `$.number is "250" instead of 250`},
		{"another long number", typed, 200, strings.Replace(values, "7891", "7890", 1), `$.long is 12345678901234567890 instead of 12345678901234567891`},
		{"a half as text", typed, 200, strings.Replace(values, "0.5", `"0.5"`, 1), `$.half is "0.5" instead of 0.5`},
		{"another date", typed, 200, strings.Replace(values, "11-27", "11-28", 1), `$.day is "2026-11-28" instead of "2026-11-27"`},
		{"something for nothing", typed, 200, strings.Replace(values, "null", "0", 1), `$.none is 0 instead of null`},
		{"a long text", typed, 200, strings.Replace(values, `"250"`, `"`+strings.Repeat("é<", 40)+`"`, 1), `$.text is "` + strings.Repeat("é<", 19) + `é... instead of "250"`},
		{"no JSON", byJSON, 200, `oops`, `the body is not JSON`},
		{"the file in another layout", byFile, 200, `{"b":[2],"a":1}`, ""},
		{"not the file", byFile, 200, `{"b":[2],"a":2}`, `not as in answer.json`},
		{"the first answer", asCalm, 200, `{"price":1}`, ""},
		{"the same again", asCalm, 200, `{ "price": 1 }`, ""},
		{"another one", asCalm, 200, `{"price":2}`, `not as in the steady state`},
	} {
		is := test.right.is(0, test.status, []byte(test.body))
		if got := strings.Join(test.right.differences(), ""); got != test.want || is != (got == "") {
			t.Errorf("%s: got %t, %q, want %q", test.what, is, got, test.want)
		}
	}
	for i := range 9 {
		byJSON.is(0, 200, fmt.Appendf(nil, `{"items":[{},{"price":%d}]}`, i))
	}
	if got := byJSON.differences(); len(got) != 4 || got[3] != "something else differs" {
		t.Errorf("nine differences: got %q", got)
	}
}

// A verdict close to a limit counts only if the next run agrees.
func TestCloseVerdictsAreRepeated(t *testing.T) {
	run := func(verdict Verdict, near bool) *Run {
		return &Run{Verdict: verdict, Checks: []Check{{Name: "most are served", Passed: verdict == Passed, near: near}}}
	}
	if got := run(Passed, true).again(); !strings.Contains(got, "takes a second run") {
		t.Errorf("passed near the limit: got %q, want a repetition", got)
	}
	if got := run(Failed, true).again(); got == "" {
		t.Error("failed near the limit: got no repetition")
	}
	both := run(Failed, true)
	both.Checks = append(both.Checks, Check{Name: "nothing is late"})
	if got := both.again(); got != "" {
		t.Errorf("failed clearly as well: got %q, want no repetition", got)
	}
	if got := run(Passed, false).again(); got != "" {
		t.Errorf("clearly passed: got %q, want no repetition", got)
	}
	for _, test := range []struct {
		first, second, want Verdict
	}{{Passed, Passed, Passed}, {Failed, Failed, Failed}, {Passed, Failed, Inconclusive}, {Failed, Passed, Inconclusive}, {Inconclusive, Passed, Passed}} {
		second := run(test.second, true)
		if second.settle(run(test.first, true)); second.Verdict != test.want {
			t.Errorf("%s, then %s: got %s, want %s", test.first, test.second, second.Verdict, test.want)
		}
	}
}
