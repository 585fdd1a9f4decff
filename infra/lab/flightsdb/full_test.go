package flightsdb

import (
	"testing"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/model"
)

// full is the full OpenFlights data: 67,663 routes.
func full(t testing.TB) model.Dataset {
	t.Helper()
	data, _, err := openflights.Load(require.FullSet(t))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
