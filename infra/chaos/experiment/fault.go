package experiment

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"chaosworkshop/infra/lab/toxi"
)

// Fault is a fault of a phase: one of the catalogue, perhaps with other numbers, or a toxic.
type Fault struct {
	// Name is that of the catalogue, or the type of the toxic.
	Name string `json:"name"`
	// Type is the toxic's type; empty when the fault disables the proxy instead.
	Type string `json:"type,omitempty"`
	// Stream is downstream (what the dependency answers) or upstream.
	Stream string `json:"stream"`
	// Toxicity is the share of connections that meet it.
	Toxicity float64 `json:"toxicity"`
	// Attributes are in Toxiproxy's units: milliseconds (the slicer's delay: microseconds), bytes, KB/s.
	Attributes map[string]int64 `json:"attributes,omitempty"`
	// Proxies get the fault; empty means all of them.
	Proxies []string `json:"proxies,omitempty"`
}

// The types of faults that the meter injects: MySQL denies every connection with an error that stays, closes each at once,
// closes those that no user waits for, or accepts all of them; then what reads a table waits, as behind a lock, or its answer ends in
// the middle of the rows, or every other answer ends right after them.
const (
	denied      = "denied"
	dropped     = "dropped"
	unlucky     = "unlucky"
	locked      = "locked"
	truncated   = "truncated"
	interrupted = "interrupted"
)

// refusal is what the meter does to a connection under one of its own faults: after a while, it sends the greeting, denies the
// client's login, and closes it.
type refusal struct {
	// query is the type of a fault that closes none, and meets queries instead; empty for the others.
	query string
	// table is the only one whose queries meet it; empty means all.
	table            string
	greeting, denial string
	after            time.Duration
	// spares says that the connections of users pass, most how many of the others are refused in a row, as those of a few unlucky
	// health checks; 0 is all.
	spares bool
	most   int
}

// refusals are those of the meter's own faults: for denied, a greeting of MySQL 8 and its error 1045, which the next attempt meets
// as well. (Some drivers report error 1130, which comes without a greeting, as they report a server that is not there.)
var refusals = map[string]refusal{
	denied: {
		greeting: "\x4a\x00\x00\x00\x0a8.0.40\x00\x01\x00\x00\x00scramble\x00\x0d\xa2\xff\x02\x00\x0a\x00\x15" +
			strings.Repeat("\x00", 10) + "scrambled...\x00mysql_native_password\x00",
		denial: "\x48\x00\x00\x02\xff\x15\x04#28000Access denied for user 'root'@'127.0.0.1' (using password: YES)",
	},
	dropped:     {},
	unlucky:     {after: 100 * time.Millisecond, spares: true},
	locked:      {query: locked},
	truncated:   {query: truncated},
	interrupted: {query: interrupted},
}

// FromCatalogue is a fault of the catalogue, unchanged.
func FromCatalogue(fault toxi.Fault) Fault {
	made := Fault{
		Name: fault.Name, Type: fault.Type, Stream: "downstream",
		Toxicity: math.Round(100*float64(fault.Toxicity)) / 100, Attributes: map[string]int64{},
	}
	for _, attribute := range fault.Attributes {
		made.Attributes[attribute.Name] = attribute.Value
	}
	if fault.Type == "" {
		made.Toxicity = 1
	}
	return made
}

// faultOf is a fault by its name in the catalogue, or a toxic of that type without attributes.
func faultOf(name string) Fault {
	if fault, err := toxi.Lookup(name); err == nil {
		return FromCatalogue(fault)
	}
	return Fault{Name: name, Type: name, Stream: "downstream", Toxicity: 1, Attributes: map[string]int64{}}
}

// attributes are those of each type of toxic; the first is required.
var attributes = map[string][]string{
	"":           nil,
	denied:       nil,
	dropped:      nil,
	unlucky:      nil,
	locked:       nil,
	truncated:    nil,
	interrupted:  nil,
	"latency":    {"latency", "jitter"},
	"bandwidth":  {"rate"},
	"slow_close": {"delay"},
	"timeout":    {"timeout"},
	"reset_peer": {"timeout"},
	"slicer":     {"average_size", "size_variation", "delay"},
	"limit_data": {"bytes"},
}

// numbers are examples of them.
var numbers = map[string]string{
	"latency": "latency: 300ms", "bandwidth": "rate: 10", "slow_close": "delay: 500ms", "timeout": "timeout: 500ms",
	"reset_peer": "timeout: 100ms", "slicer": "average_size: 64, delay: 10ms", "limit_data": "bytes: 128",
}

// check says what is wrong with the numbers: Toxiproxy ends on some values, and a fault that cannot be told from noise cannot be
// verified.
func (f Fault) check() error {
	known := attributes[f.Type]
	if len(known) > 0 {
		if _, ok := f.Attributes[known[0]]; !ok {
			return fmt.Errorf("%s needs %q, such as {type: %s, %s}", f.Name, known[0], f.Name, numbers[f.Type])
		}
	}
	switch {
	case f.Type == "slow_close" && f.Stream == "upstream":
		return fmt.Errorf("slow_close delays the end of what the dependency sends; remove stream: upstream")
	case f.Type == "reset_peer" && f.Attributes["timeout"] > longestReset:
		return fmt.Errorf("reset_peer stays until its timeout is over, even when Toxiproxy removes it; expected at most %d ms", longestReset)
	case f.Type == "slicer" && f.Attributes["size_variation"] >= f.Attributes["average_size"]:
		return fmt.Errorf("size_variation must be less than average_size")
	case !f.effect().fails && f.effect().late < least:
		return fmt.Errorf("%s is too weak to be told from noise; choose numbers that delay more", f.Name)
	}
	return nil
}

// String is the fault for people: slow, or latency 300 on redis.
func (f Fault) String() string {
	text := f.Name
	if _, err := toxi.Lookup(f.Name); err != nil {
		for _, name := range slices.Sorted(maps.Keys(f.Attributes)) {
			text += fmt.Sprintf(" %s=%d", name, f.Attributes[name])
		}
		if f.Toxicity < 1 {
			text += fmt.Sprintf(" toxicity=%v", f.Toxicity)
		}
	}
	if len(f.Proxies) > 0 {
		text += " on " + strings.Join(f.Proxies, ", ")
	}
	return text
}

// needsMySQL tells whether the fault is one of MySQL's protocol, which another dependency does not speak.
func (f Fault) needsMySQL() bool { return f.meetsQueries() || refusals[f.Type].denial != "" }

// meetsQueries tells whether the fault is for queries that read a table.
func (f Fault) meetsQueries() bool { return refusals[f.Type].query != "" }

// hits tells whether the proxy gets the fault.
func (f Fault) hits(proxy string) bool {
	return len(f.Proxies) == 0 || slices.Contains(f.Proxies, proxy)
}

// own tells whether the meter injects the fault, not Toxiproxy.
func (f Fault) own() bool {
	_, own := refusals[f.Type]
	return own
}

// spares tells whether the fault may miss every connection that is already open, such as those of a pool.
func (f Fault) spares() bool {
	return f.own() && !f.meetsQueries() || f.effect().fails && f.Toxicity < 1
}

// hangs tells whether the connections that meet the fault get no answer. Toxiproxy still tells the client when the dependency closes them.
func (f Fault) hangs() bool { return f.Type == "timeout" && f.Stream == "downstream" }

// longestReset is the longest timeout of a reset, in milliseconds, after which the next phase still begins in time.
const longestReset = 400

// least is how late an answer must be, in milliseconds, to be told from noise.
const least = 5

// bites tells whether the fault can do anything to a connection that carries so many bytes.
func (f Fault) bites(bytes float64) bool {
	at := func(name string) float64 { return float64(f.Attributes[name]) }
	switch f.Type {
	case "limit_data":
		return bytes >= at("bytes")
	case "bandwidth":
		return bytes/at("rate")/1.024 >= least
	case "slicer":
		return (bytes/at("average_size")-1)*at("delay")/1000 >= least
	}
	return true
}

// effect is what a probe of three short replies meets.
type effect struct {
	// fails says that the probe fails; otherwise it is late by late milliseconds at least, with the chance given.
	fails  bool
	late   float64
	chance float64
	// reply is the size of its longest reply, in bytes, that makes the effect show.
	reply int
}

// effect is what a probe meets. A reply of latency is drawn from latency - jitter to latency + jitter, so it is later than
// half the latency, or a quarter of the jitter, with chance 3/8 at least, and one of three is with chance 3/4.
func (f Fault) effect() effect {
	const usual, longest = 256, 32 << 10 // Toxiproxy may hang when a toxic changes during longer replies.
	at := func(name string) float64 { return float64(f.Attributes[name]) }
	e := effect{chance: f.Toxicity, reply: usual}
	switch f.Type {
	case "latency":
		e.late, e.chance = max(at("latency")/2, at("jitter")/4), f.Toxicity*3/4
	case "bandwidth":
		e.reply = int(min(max(usual, at("rate")*1024/5), longest))
		e.late = float64(e.reply) / at("rate") / 1.024 / 2
	case "slicer":
		e.reply = int(min(max(usual, at("average_size")*4), longest))
		e.late = (float64(e.reply)/at("average_size") - 1) * at("delay") / 1000 / 2
	case "slow_close":
		e.late = at("delay") / 2
	case "limit_data":
		e.fails, e.reply = true, int(max(usual, at("bytes")+1))
	default:
		e.fails = true
	}
	return e
}

// describe lists faults for people; empty for none.
func describe(faults []Fault) string {
	names := make([]string, len(faults))
	for i, fault := range faults {
		names[i] = fault.String()
	}
	return strings.Join(names, " and ")
}
