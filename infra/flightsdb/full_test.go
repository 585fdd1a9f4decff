package flightsdb

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/openflights"
	"chaosworkshop/shared/model"
)

var loadFull = sync.OnceValues(func() (model.Dataset, error) {
	data, _, err := openflights.Load(fullDir())
	return data, err
})

// fullDir is the folder of the full OpenFlights data beside the project, which is not part of it.
func fullDir() string { return filepath.Join("..", "..", "..", "shared", "openflights") }

// full is the full OpenFlights data: 67,663 routes.
func full(t testing.TB) model.Dataset {
	t.Helper()
	if _, err := os.Stat(fullDir()); err != nil {
		require.Missing(t, "the full OpenFlights data beside the project")
	}
	data, err := loadFull()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
