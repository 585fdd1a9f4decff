package toxi

import (
	"fmt"
	"strings"
)

// Attribute is one parameter of a toxic, by the name that Toxiproxy gives it. Times are in milliseconds (the slicer's
// delay: microseconds), sizes in bytes, rates in KB/s.
type Attribute struct {
	Name  string `json:"name"`
	Value int64  `json:"value"`
}

// Fault is one named way to break the path between the app and its database. Every fault acts downstream: on what the
// database sends back.
type Fault struct {
	// Name is what `make chaos FAULT=name` takes.
	Name string `json:"name"`
	// Summary says in one line what the app meets.
	Summary string `json:"summary"`
	// Type is the toxic's type; empty when the fault disables the proxy instead.
	Type string `json:"type"`
	// Toxicity is the share of connections that meet the toxic, from 0 to 1. Each new connection rolls the dice.
	Toxicity float32 `json:"toxicity"`
	// Attributes are the toxic's parameters.
	Attributes []Attribute `json:"attributes"`
}

// Faults is the catalogue. The first three are the ones that the lessons are about.
func Faults() []Fault {
	return []Fault{
		{"slow", "replies delayed by up to a second, some not delayed", "latency", 1,
			[]Attribute{{"latency", 100}, {"jitter", 900}}},
		{"flaky", "4 connections in 5 go silent and are closed after half a second", "timeout", 0.8,
			[]Attribute{{"timeout", 500}}},
		{"outage", "every connection goes silent and is closed after 100 ms", "timeout", 1,
			[]Attribute{{"timeout", 100}}},
		{"delay", "every answer exactly one second late", "latency", 1, []Attribute{{"latency", 1000}}},
		{"blackhole", "connections open and nothing ever comes back", "timeout", 1, []Attribute{{"timeout", 0}}},
		{"refused", "the port is closed: connection refused", "", 0, nil},
		{"reset", "every connection is reset (TCP RST)", "reset_peer", 1, []Attribute{{"timeout", 0}}},
		{"slowclose", "connections close one second late", "slow_close", 1, []Attribute{{"delay", 1000}}},
		{"trickle", "answers come at 1 KB/s", "bandwidth", 1, []Attribute{{"rate", 1}}},
		{"sliced", "answers come in pieces of about 64 bytes, 10 ms apart", "slicer", 1,
			[]Attribute{{"average_size", 64}, {"size_variation", 32}, {"delay", 10000}}},
		{"cut", "each connection is closed after 128 bytes of answer", "limit_data", 1, []Attribute{{"bytes", 128}}},
	}
}

// Lookup finds a fault by its name. The error lists all names.
func Lookup(name string) (Fault, error) {
	names := []string{}
	for _, fault := range Faults() {
		if fault.Name == name {
			return fault, nil
		}
		names = append(names, fault.Name)
	}
	return Fault{}, fmt.Errorf("no fault is called %q; choose one of %s", name, strings.Join(names, ", "))
}

// ForExercise is the fault that exercise n is about. Exercise 1 meets the fault that exercise 2 handles.
func ForExercise(n int) (Fault, error) {
	names := []string{"slow", "slow", "flaky", "outage", "outage"}
	if n < 1 || n > len(names) {
		return Fault{}, fmt.Errorf("there is no exercise %d; choose 1 to %d", n, len(names))
	}
	return Lookup(names[n-1])
}

// CLI is the toxiproxy-cli line that does the same by hand. Flags come before the proxy's name: toxiproxy-cli ignores
// those after it.
func (f Fault) CLI(proxy string) string {
	if f.Type == "" {
		return "toxiproxy-cli toggle " + proxy
	}
	line := fmt.Sprintf("toxiproxy-cli toxic add -t %s --tox %v", f.Type, f.Toxicity)
	for _, attribute := range f.Attributes {
		line += fmt.Sprintf(" -a %s=%d", attribute.Name, attribute.Value)
	}
	return line + " " + proxy
}

// attributes are the parameters as Toxiproxy's API takes them.
func (f Fault) attributes() map[string]int64 {
	values := map[string]int64{}
	for _, attribute := range f.Attributes {
		values[attribute.Name] = attribute.Value
	}
	return values
}
