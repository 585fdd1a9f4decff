package toxi

import (
	"context"
	"strings"
)

// Active names the fault in place on the proxy ProxyName; empty when there is none.
func (c *Client) Active(ctx context.Context) (string, error) {
	proxy, err := c.Proxy(ctx, ProxyName)
	if err != nil {
		return "", err
	}
	return proxy.Fault(), nil
}

// Fault names what is in place on the proxy: a fault of the catalogue, or the types of the toxics that someone else added. It
// is empty when there is no fault.
func (p Proxy) Fault() string {
	if !p.Enabled {
		return "refused"
	}
	var types []string
	for _, toxic := range p.Toxics {
		types = append(types, toxic.Type)
	}
	if len(p.Toxics) == 1 {
		for _, fault := range Faults() {
			if matches(p.Toxics[0], fault) {
				return fault.Name
			}
		}
	}
	return strings.Join(types, " + ")
}

// matches tells whether the toxic is exactly the fault.
func matches(toxic Toxic, fault Fault) bool {
	if toxic.Type != fault.Type || toxic.Toxicity != fault.Toxicity || toxic.Stream != "downstream" {
		return false
	}
	for _, attribute := range fault.Attributes {
		if toxic.Attributes[attribute.Name] != attribute.Value {
			return false
		}
	}
	return true
}
