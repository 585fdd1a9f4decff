package livepage

import (
	"fmt"
	"strings"

	"chaosworkshop/infra/lab/toxi"
)

// newFaultName is the fault in the words of the page.
func newFaultName(fault toxi.Fault) FaultName {
	parameters := "proxy disabled"
	if fault.Type != "" {
		parts := []string{fault.Type, fmt.Sprintf("toxicity %v", fault.Toxicity)}
		for _, attribute := range fault.Attributes {
			parts = append(parts, fmt.Sprintf("%s=%d", attribute.Name, attribute.Value))
		}
		parameters = strings.Join(parts, ", ")
	}
	return FaultName{fault.Name, fault.Summary, parameters, fault.CLI(toxi.ProxyName)}
}

// faultOf names the fault that the proxy has in place: one of the catalogue, or the types of the toxics that someone
// else put there. It is empty in calm.
func faultOf(proxy toxi.Proxy) string {
	if !proxy.Enabled {
		return "refused"
	}
	var types []string
	for _, toxic := range proxy.Toxics {
		types = append(types, toxic.Type)
	}
	if len(proxy.Toxics) == 1 {
		for _, fault := range toxi.Faults() {
			if matches(proxy.Toxics[0], fault) {
				return fault.Name
			}
		}
	}
	return strings.Join(types, " + ")
}

// matches tells whether the toxic is exactly the fault.
func matches(toxic toxi.Toxic, fault toxi.Fault) bool {
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
