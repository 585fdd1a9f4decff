package toxi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// The most toxics that one proxy takes, and the most proxies. Each toxic costs goroutines on every connection, each proxy
// a port; more of either are a mistake, such as a script in a loop.
const (
	mostToxics  = 32
	mostProxies = 100
)

// attributeRange is an attribute of a toxic, and the values that Toxiproxy can work with.
type attributeRange struct {
	name     string
	min, max int64
}

// Longest times and largest sizes. Toxiproxy multiplies what it is given without looking at overflows.
const (
	day      = 24 * 60 * 60 * 1000 // In milliseconds.
	gibibyte = 1 << 30
)

// ranges are the attributes of each type of toxic. Outside of them, Toxiproxy 2.12 panics, recurses without end or spins.
func ranges() map[string][]attributeRange {
	return map[string][]attributeRange{
		"latency":    {{"latency", 0, day}, {"jitter", 0, day}},
		"timeout":    {{"timeout", 0, day}},
		"reset_peer": {{"timeout", 0, day}},
		"slow_close": {{"delay", 0, day}},
		"bandwidth":  {{"rate", 1, gibibyte}},
		"slicer":     {{"average_size", 1, gibibyte}, {"size_variation", 0, gibibyte}, {"delay", 0, gibibyte}},
		"limit_data": {{"bytes", 0, 1 << 50}},
	}
}

// toxicRequest is the body of a call that adds or updates a toxic.
type toxicRequest struct {
	Name       string                     `json:"name,omitempty"`
	Type       string                     `json:"type,omitempty"`
	Stream     string                     `json:"stream,omitempty"`
	Toxicity   *float64                   `json:"toxicity,omitempty"`
	Attributes map[string]json.RawMessage `json:"attributes"`
}

// checkToxic checks the body of a call that adds a toxic, or that updates the toxic current unless it is nil. It returns the
// body to pass on, with every attribute that the toxic will have.
func checkToxic(body []byte, current *Toxic) ([]byte, error) {
	var toxic toxicRequest
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&toxic); err != nil {
		return nil, fmt.Errorf("bad request body: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if toxic.Toxicity != nil && (*toxic.Toxicity < 0 || *toxic.Toxicity > 1) {
		return nil, fmt.Errorf("toxicity must be from 0 to 1, got %v", *toxic.Toxicity)
	}
	kind, values := toxic.Type, map[string]int64{}
	if current != nil {
		kind, values = current.Type, current.Attributes
	}
	known, ok := ranges()[kind]
	if !ok {
		return body, nil // Toxiproxy says what it thinks of the type.
	}
	for name, text := range toxic.Attributes {
		if !slices.ContainsFunc(known, func(a attributeRange) bool { return a.name == name }) {
			return nil, fmt.Errorf("%s has no attribute %.40q; it has %s", kind, name, names(known))
		}
		var value *int64
		if err := json.Unmarshal(text, &value); err != nil || value == nil {
			return nil, fmt.Errorf("%s: %s must be a whole number, got %.40s", kind, name, text)
		}
		values[name] = *value
	}
	if err := checkAttributes(kind, known, values); err != nil {
		return nil, err
	}
	toxic.Attributes = map[string]json.RawMessage{}
	for name, value := range values {
		toxic.Attributes[name] = fmt.Append(nil, value)
	}
	return json.Marshal(toxic)
}

// checkAttributes checks the values that a toxic of the type kind will have. A missing value is 0.
func checkAttributes(kind string, known []attributeRange, values map[string]int64) error {
	for _, attribute := range known {
		switch value, given := values[attribute.name]; {
		case !given && attribute.min > 0:
			return fmt.Errorf("%s needs %s, a whole number from %d to %d", kind, attribute.name, attribute.min, attribute.max)
		case value < attribute.min || value > attribute.max:
			return fmt.Errorf("%s: %s must be from %d to %d, got %d", kind, attribute.name, attribute.min, attribute.max, value)
		}
	}
	if size, variation := values["average_size"], values["size_variation"]; variation > size {
		return fmt.Errorf("%s: size_variation must be at most average_size, which is %d, got %d", kind, size, variation)
	}
	return nil
}

// names lists attributes for people.
func names(attributes []attributeRange) string {
	var list []string
	for _, attribute := range attributes {
		list = append(list, attribute.name)
	}
	return strings.Join(list, ", ")
}

// checkProxies checks a call that creates or changes proxies, beside those that are known. Of a body that it cannot read,
// Toxiproxy says what is wrong.
func checkProxies(parts []string, body []byte, known map[string]Proxy) error {
	after := map[string]Proxy{}
	for name, proxy := range known {
		after[name] = Proxy{Listen: proxy.Listen, Upstream: proxy.Upstream}
	}
	type request struct{ Name, Listen, Upstream string }
	var list []request
	switch decoder := json.NewDecoder(bytes.NewReader(body)); {
	case parts[0] == "populate":
		_ = decoder.Decode(&list)
	case len(parts) == 2:
		one := request{parts[1], known[parts[1]].Listen, known[parts[1]].Upstream}
		_ = decoder.Decode(&one)
		list = append(list, request{parts[1], one.Listen, one.Upstream})
	default:
		var one request
		_ = decoder.Decode(&one)
		list = append(list, one)
	}
	for _, one := range list {
		after[one.Name] = Proxy{Listen: one.Listen, Upstream: one.Upstream}
	}
	if len(after) > max(mostProxies, len(known)) {
		return fmt.Errorf("this Toxiproxy takes at most %d proxies", mostProxies)
	}
	for _, one := range list {
		if !loops(one.Listen, after) {
			continue
		}
		return errors.New("the upstream leads back to the proxy itself: one connection would open others without end")
	}
	return nil
}

// loops tells whether a connection to the address listen would come back to it through the proxies.
func loops(listen string, proxies map[string]Proxy) bool {
	next := map[string]string{} // From the port of a proxy to that of its upstream on this computer.
	for _, proxy := range proxies {
		_, from, err := net.SplitHostPort(proxy.Listen)
		host, to, wrong := net.SplitHostPort(proxy.Upstream)
		ip := net.ParseIP(host)
		here := host == "" || isLoopback(host) || ip != nil && ip.IsUnspecified()
		if err == nil && wrong == nil && here && from != "0" {
			next[from] = to
		}
	}
	_, start, err := net.SplitHostPort(listen)
	at := start
	for range next { // A loop elsewhere, which only chance can make, has no end.
		if at = next[at]; err == nil && at != "" && at == start {
			return true
		}
	}
	return false
}
