package config

import (
	"errors"
	"io/fs"
	"os"

	"github.com/caarlos0/env/v11"
)

// RealEnvironment is the source of a value that comes from no file.
const RealEnvironment = "the environment"

// Sources says where the value of each variable that is set comes from: the path of a .env file, or RealEnvironment.
// It returns no value.
func Sources() (map[string]string, error) {
	layers, err := layers()
	if err != nil {
		return nil, err
	}
	sources := map[string]string{}
	for _, layer := range layers {
		for name := range layer.values {
			sources[name] = layer.source
		}
	}
	return sources, nil
}

// layer is one source of settings.
type layer struct {
	source string
	values map[string]string
}

// layers are the sources of settings; a later one wins over an earlier one.
func layers() ([]layer, error) {
	var found []layer
	for _, path := range []string{UserFile(), rootFile()} {
		file, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, layer{path, file})
	}
	return append(found, layer{RealEnvironment, env.ToMap(os.Environ())}), nil
}
