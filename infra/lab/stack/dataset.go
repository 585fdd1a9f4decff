package stack

import (
	"fmt"
	"os"
	"path/filepath"

	"chaosworkshop/infra/lab/openflights"
	"chaosworkshop/shared/config"
	"chaosworkshop/shared/model"
)

// dataset is what the database serves: the folder that OPENFLIGHTS_DIR names, or the sample; and one line about it.
func dataset(cfg config.Infra) (model.Dataset, string, error) {
	if cfg.OpenFlightsDir == "" {
		data := openflights.Sample()
		return data, fmt.Sprintf("the built-in sample, %d routes", len(data.Routes)), nil
	}
	dir := Folder(cfg.OpenFlightsDir)
	data, report, err := openflights.Load(dir)
	if err != nil {
		return data, "", err
	}
	return data, fmt.Sprintf("OpenFlights from %s, %d routes, %d rows rejected", dir, len(data.Routes), report.Rejected()), nil
}

// Dataset is what a database of these settings serves.
func Dataset(cfg config.Infra) (model.Dataset, error) {
	data, _, err := dataset(cfg)
	return data, err
}

// Folder is where a folder of settings lies: one that is not there from the working directory counts from the
// workshop's root, because make and .env stand there.
func Folder(dir string) string {
	if _, err := os.Stat(dir); err == nil || filepath.IsAbs(dir) {
		return dir
	}
	if root, err := config.Root(); err == nil {
		return filepath.Join(root, dir)
	}
	return dir
}
