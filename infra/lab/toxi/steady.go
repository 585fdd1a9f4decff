package toxi

import (
	"encoding/json"
	"sync"

	"github.com/Shopify/toxiproxy/v2/toxics"
)

// steady is one of Toxiproxy's toxics that reads its settings once for each run. The slicer and the bandwidth toxic read
// them in the middle of a piece of data, and an update at that moment makes them slice beyond its end, which ends the process.
type steady[T any] struct {
	mutex    sync.Mutex
	settings T
}

// registerSteady replaces the two toxics in Toxiproxy's registry.
func registerSteady() {
	toxics.Register("slicer", new(steady[toxics.SlicerToxic]))
	toxics.Register("bandwidth", new(steady[toxics.BandwidthToxic]))
}

// UnmarshalJSON takes new settings, for the next run.
func (s *steady[T]) UnmarshalJSON(text []byte) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return json.Unmarshal(text, &s.settings)
}

// MarshalJSON is the settings as Toxiproxy's API shows them.
func (s *steady[T]) MarshalJSON() ([]byte, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return json.Marshal(&s.settings)
}

// Pipe runs the toxic until Toxiproxy interrupts it, as it also does for new settings.
func (s *steady[T]) Pipe(stub *toxics.ToxicStub) {
	s.mutex.Lock()
	settings := s.settings
	s.mutex.Unlock()
	any(&settings).(toxics.Toxic).Pipe(stub)
}
