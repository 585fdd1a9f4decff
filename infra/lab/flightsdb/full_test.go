package flightsdb

import (
	"os"
	"path/filepath"
	"testing"

	"chaosworkshop/infra/internal/require"
	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/config"
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

// dataFolder is the folder of the full data, or the sample where it is missing.
func dataFolder(t testing.TB) string {
	t.Helper()
	root, err := config.Root()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "..", "shared", "openflights")
	if _, err := os.Stat(dir); err != nil {
		return sampleData
	}
	return dir
}
